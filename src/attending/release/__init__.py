"""Stages, versions, rollback and fallback."""
