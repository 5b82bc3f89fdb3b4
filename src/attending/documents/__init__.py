"""Records in, readable documents and pictures out; computes no figure."""
