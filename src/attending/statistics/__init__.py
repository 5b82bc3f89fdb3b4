"""Measures, one a file: value, unit, range, direction, reference."""
