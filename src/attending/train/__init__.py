"""Splits, fitting, calibration and the run record."""
