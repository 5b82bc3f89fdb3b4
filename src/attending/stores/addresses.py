"""Where a home's database is: a file of the home, or an address that stands in a private file.

An address holds a password, so it is read from a file that only its owner can read, and no
refusal repeats it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from attending.errors import BadInput, DependencyDown
from attending.stores.private import check_private

if TYPE_CHECKING:
    from sqlalchemy import URL

STORE_FILE = "store.db"
POSTGRESQL = "postgresql+psycopg"


def database_address(root: Path, database_file: str | None) -> str:
    """Return the address of a home's database.

    Args:
        root: the folder of the home.
        database_file: the file that holds the address, from the home's folder on; `store.db` of
            the home is meant when there is none.

    Raises:
        BadInput: others can read the file, or it holds no address of PostgreSQL.
    """
    if database_file is None:
        return f"sqlite:///{(root / STORE_FILE).resolve()}"
    path = root / database_file
    check_private(path)
    try:
        lines = path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        lines = []
    if len(lines) != 1 or parsed(lines[0]).drivername != POSTGRESQL:
        raise BadInput(
            "the file holds no address of a database for a home",
            code="store.address",
            hint=f"Write one line: {POSTGRESQL}://USER:SECRET@HOST/NAME",
            where=str(path),
        )
    return lines[0]


def parsed(address: str) -> URL:
    """Return an address in its parts.

    Raises:
        BadInput: it is none.

    >>> parsed("sqlite:////home/store.db").database
    '/home/store.db'
    """
    try:
        return make_url(address)
    except ArgumentError:
        raise BadInput(
            "this is no address of a database",
            code="store.address",
            hint=f"Write {POSTGRESQL}://USER:SECRET@HOST/NAME or sqlite:////path/{STORE_FILE}",
        ) from None


def file_of(address: str) -> Path | None:
    """Return the file of an SQLite address, None for another kind of database.

    Raises:
        BadInput: a database in memory, which keeps nothing.

    >>> file_of("sqlite:////home/store.db").name
    'store.db'
    """
    url = parsed(address)
    if url.get_backend_name() != "sqlite":
        return None
    if not url.database or url.database == ":memory:":
        raise BadInput(
            "a store needs a file", code="store.address", hint=f"sqlite:////path/{STORE_FILE}"
        )
    return Path(url.database)


def make_private_file(path: Path) -> None:
    """Make an empty file for a database that only its owner can read.

    Raises:
        BadInput: there is one.
        DependencyDown: the folder cannot be written.
    """
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise BadInput(
            "there is a database already", code="store.exists", where=str(path)
        ) from None
    except OSError:
        raise DependencyDown(
            "the folder of the store cannot be written", code="storage.missing", where=str(path)
        ) from None
