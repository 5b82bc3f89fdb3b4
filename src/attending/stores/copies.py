"""A copy of a whole store's database in another place, of the same or the other kind.

Backups, restores and moves from SQLite to PostgreSQL are this one deed. Tables of an older
version are copied as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import MetaData, func, select

from attending.errors import BadInput, IntegrityBroken
from attending.stores.addresses import file_of, make_private_file
from attending.stores.connections import connect, reading, writing
from attending.stores.database import inspected, schema_of
from attending.stores.refusals import translated
from attending.stores.revisions import upgrade
from attending.stores.tables import META, REVISION

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table

_BATCH_ROWS = 5_000


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
