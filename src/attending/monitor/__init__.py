"""Findings of drift, and the daily verdict."""
