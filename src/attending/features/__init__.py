"""Feature tables and single feature vectors, through the one kernel."""
