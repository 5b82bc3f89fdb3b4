"""Changes of the store's tables, one file a version, run by Alembic in one transaction."""
