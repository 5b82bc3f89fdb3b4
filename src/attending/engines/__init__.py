"""How per-patient work is mapped over shards, and the feature kernel."""
