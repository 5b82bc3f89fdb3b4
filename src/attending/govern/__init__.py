"""Roles, signatures, gates and the audit of the ledger."""
