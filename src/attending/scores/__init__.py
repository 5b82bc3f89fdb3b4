"""Bedside scores, one a file, used as baselines and fallbacks."""
