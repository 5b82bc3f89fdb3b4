"""Explanations of single predictions and of models."""
