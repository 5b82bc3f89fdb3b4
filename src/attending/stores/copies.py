"""A copy of a whole store's database in another place, of the same or the other kind.

Backups, restores and moves from SQLite to PostgreSQL are this one deed. Tables of an older
version are copied as they are.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import MetaData, func, select

from attending.errors import BadInput, DependencyDown, IntegrityBroken
from attending.stores.addresses import file_of, make_private_file
from attending.stores.connections import connect, reading, writing
from attending.stores.database import inspected, schema_of
from attending.stores.files import io_refused, sync_file
from attending.stores.refusals import translated
from attending.stores.revisions import upgrade
from attending.stores.tables import META, REVISION

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Table

_BATCH_ROWS = 5_000


def back_up_store(source: str, path: Path) -> Literal["online", "logical"]:
    """Return how a store was copied into one private SQLite file, in one state throughout.

    An SQLite store is copied by the database's own online backup, page by page; a PostgreSQL store
    row by row in one transaction. The second needs no program of the server's version and can be
    brought back on either kind of database.

    Args:
        source: the address of a store; others may write to it meanwhile.
        path: where no file is.

    Raises:
        BadInput: there is a file.
        IntegrityBroken: the copy is not sound, or has not as many rows as the source.
        NotFound: there is no store at the source.
        DependencyDown: the store cannot be reached, or there is no space.
    """
    if file_of(source) is None:
        copy_store(source, f"sqlite:///{path.resolve()}")
        _one_file(path)
        return "logical"
    engine, _ = inspected(source)
    make_private_file(path)
    try:
        with translated(), closing(engine.raw_connection()) as giving:
            _pages(giving.driver_connection, path)
    finally:
        engine.dispose()
    return "online"


def counted(engine: Engine) -> dict[str, int]:
    """Return how many rows each table of a store has."""
    tables = MetaData()
    with translated(), reading(engine).connect() as connection:
        tables.reflect(connection)
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in sorted(tables.tables.items())
            if name != REVISION.name
        }


def _pages(giving: Any, path: Path) -> None:  # noqa: ANN401 - a DBAPI connection
    try:
        with closing(sqlite3.connect(path)) as taking:
            giving.backup(taking)
    except sqlite3.Error as error:
        raise DependencyDown(
            "the online backup failed", code="backup.copy", hint=str(error), where=str(path)
        ) from None
    _one_file(path)


def _one_file(path: Path) -> None:
    """Fold the write-ahead log into the file, check the file, and make it durable."""
    with closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA journal_mode = delete").close()
        found = store.execute("PRAGMA integrity_check").fetchone()
    if found != ("ok",):
        raise IntegrityBroken(
            "the copy of the database is not sound",
            code="store.copy",
            hint="Run `attending fsck`; the database itself may be damaged.",
        )
    with io_refused():
        sync_file(path)


def copy_store(source: str, target: str) -> dict[str, int]:
    """Return the number of rows of each table, now also at the target.

    Args:
        source: the address of a store; others may write to it meanwhile.
        target: an address where no store is; an SQLite file is made.

    Raises:
        BadInput: there is a store at the target.
        IntegrityBroken: the copy has not as many rows as the source.
        NotFound: there is no store at the source.
        DependencyDown: one of the two cannot be reached, or has no space.
    """
    engine, meta = inspected(source)
    path = file_of(target)
    if path is not None:
        make_private_file(path)
    made = connect(target)
    try:
        with (
            translated(),
            reading(engine).connect() as giving,
            writing(made).begin() as taking,
        ):
            if taking.dialect.has_table(taking, META.name):
                raise BadInput("there is a store at the target", code="store.exists")
            upgrade(taking, to=schema_of(meta))
            return _copy_tables(giving, taking)
    finally:
        made.dispose()
        engine.dispose()


def _copy_tables(giving: Connection, taking: Connection) -> dict[str, int]:
    here, there = MetaData(), MetaData()
    here.reflect(giving)
    there.reflect(taking)
    names = sorted(there.tables.keys() - {REVISION.name})
    return {name: _copy(giving, taking, here.tables[name], to=there.tables[name]) for name in names}


def _copy(giving: Connection, taking: Connection, table: Table, *, to: Table) -> int:
    """Return how many rows were copied, and found at the target afterwards."""
    columns = [table.c[column.name] for column in to.columns]
    result = giving.execution_options(yield_per=_BATCH_ROWS).execute(select(*columns))
    copied = 0
    for some in result.mappings().partitions():
        taking.execute(to.insert(), [dict(row) for row in some])
        copied += len(some)
    found = taking.execute(select(func.count()).select_from(to)).scalar_one()
    if found != copied:
        raise IntegrityBroken(
            f"{copied} rows of {table.name} were copied, there are {found}", code="store.copy"
        )
    return copied
