"""Scores with their provenance, one patient or a batch."""
