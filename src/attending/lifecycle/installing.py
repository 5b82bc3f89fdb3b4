"""A home itself: made, described, and brought to the tables of this version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.stores.home import Home
from attending.stores.tables import SCHEMA_VERSION
from attending.times import format_instant

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.stores.migrate import Migrated
    from attending.types import Instant


def create(root: Path, *, at: Instant, database_file: Path | None = None) -> None:
    """Make a home, its rows in a file of its own or on a PostgreSQL server.

    Args:
        root: a folder that is not there yet, or is empty.
        at: when.
        database_file: a private file that holds the address of an empty PostgreSQL database.

    Raises:
        BadInput: there is something already, or the file is readable by others or no address.
        DependencyDown: the server cannot be reached, or does not keep what it is told.
    """
    Home.create(root, at=at, database_file=database_file).close()


def migrate(root: Path, *, at: Instant) -> Migrated | None:
    """Return what was done to bring a home's tables to this version; None when they are of it.

    Raises:
        NotFound: there is no home.
        DependencyDown: the store is newer than this program, or fails.
    """
    return Home.migrate(root, at=at)


def show(desk: Desk) -> dict[str, Any]:  # a JSON object
    """Return what a home is: where its rows rest, the version of its tables, its size."""
    settings = desk.home.settings
    return {
        "home_id": settings.home_id,
        "synthetic": settings.synthetic,
        "created": format_instant(settings.created),
        "database": desk.home.database.kind,
        "schema": SCHEMA_VERSION,
        "entries": desk.home.ledger.size,
    }
