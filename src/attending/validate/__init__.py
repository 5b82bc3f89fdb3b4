"""Validation against the clinical baseline, and its gates."""
