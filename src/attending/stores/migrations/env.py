"""What Alembic runs around the migrations: they work in the transaction that it is handed."""

from __future__ import annotations

from alembic import context

from attending.stores.tables import METADATA, REVISION

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=REVISION.name,
)
context.run_migrations()
