"""Estimators behind one protocol: fit, predict, contributions, write, read."""
