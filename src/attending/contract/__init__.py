"""Checks of a snapshot against its data contract, and the leakage gates."""
