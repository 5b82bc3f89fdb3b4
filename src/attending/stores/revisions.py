"""Alembic, driven by us: make or change the tables of a store inside a transaction of ours.

Alembic is loaded here alone, and only when tables are changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attending.stores.tables import REVISION, revision_of

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

#: The first version whose tables Alembic knows.
OLDEST = 2
_FOLDER = Path(__file__).with_name("migrations")


def upgrade(connection: Connection, *, to: int) -> None:
    """Bring the tables to a version, from nothing or from an older one.

    Args:
        connection: in the transaction that is committed whole or not at all.
        to: the version.
    """
    from alembic import command  # noqa: PLC0415 - half a second, for this verb only

    command.upgrade(_config(connection), revision_of(to))


def mark(connection: Connection, *, version: int) -> None:
    """Write down the version of tables that were made without Alembic."""
    from alembic import command  # noqa: PLC0415 - half a second, for this verb only

    if not connection.dialect.has_table(connection, REVISION.name):
        command.stamp(_config(connection), revision_of(version))


def _config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - half a second, for this verb only

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
