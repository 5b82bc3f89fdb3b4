"""Statements compiled once for a kind of database, for those that every unit or answer runs.

SQLAlchemy prepares a statement anew at each run (about 80 microseconds); the disk needs 200.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from attending.stores.tables import (
    DEPLOYMENTS,
    LEDGER,
    LEDGER_STATE,
    PERSONS,
    PREDICTIONS,
    RECORD_KEYS,
    RECORDS,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ClauseElement, Connection, Dialect

#: What is read of a person who asks.
PERSON = ("person_id", "printed_name", "roles", "active", "service")
_END = ("size", "head", "peaks")
_STATEMENTS: dict[str, ClauseElement] = {
    "read_end": select(*(LEDGER_STATE.c[name] for name in _END)),
    "read_end_held": select(*(LEDGER_STATE.c[name] for name in _END)).with_for_update(),
    "read_prediction": select(PREDICTIONS.c.content).where(
        PREDICTIONS.c.request_id == bindparam("request_id")
    ),
    "read_last_act": select(*(DEPLOYMENTS.c[name] for name in ("digest", "version", "stage")))
    .where(DEPLOYMENTS.c.model == bindparam("model"))
    .order_by(DEPLOYMENTS.c.seq.desc(), DEPLOYMENTS.c.nth.desc()),
    "read_carrying": select(RECORDS.c.seq)
    .join(RECORD_KEYS, RECORD_KEYS.c.digest == RECORDS.c.digest)
    .where(
        RECORDS.c.kind == bindparam("kind"),
        RECORD_KEYS.c.key == bindparam("key"),
        RECORD_KEYS.c.value == bindparam("value"),
    ),
    "read_person": select(*(PERSONS.c[name] for name in PERSON))
    .where(PERSONS.c.person_id == bindparam("person_id"))
    .order_by(PERSONS.c.revision.desc()),
    "move_end": LEDGER_STATE.update().values({name: bindparam(name) for name in _END}),
    **{
        f"add_{table.name}": table.insert().values(
            {column.name: bindparam(column.name) for column in table.c}
        )
        for table in (LEDGER, PREDICTIONS)
    },
}
#: Tables of which a row is added by a prepared statement: their values go to a driver as they are.
ADDED = frozenset({LEDGER.name, PREDICTIONS.name})


@cache
def _compiled(name: str, dialect: Dialect) -> tuple[str, tuple[str, ...] | None]:
    compiled: Any = _STATEMENTS[name].compile(dialect=dialect)
    places = compiled.positiontup
    return str(compiled), tuple(places) if places is not None else None


def run(
    connection: Connection, name: str, rows: Sequence[Mapping[str, Any]] = ()
) -> tuple[Any, ...] | None:
    """Return the first row of a prepared statement's result, None when it has none.

    Args:
        connection: in the transaction that the statement belongs to.
        name: of the statement.
        rows: its values; the statement is run once for each.

    Raises:
        IntegrityError: a row breaks a rule of its table.
        DBAPIError: the database refuses otherwise.
    """
    text, places = _compiled(name, connection.dialect)
    values: list[Any] = [
        dict(row) if places is None else tuple(row[key] for key in places) for row in rows
    ]
    cursor = connection.connection.cursor()
    try:
        if len(values) > 1:
            cursor.executemany(text, values)
        else:
            cursor.execute(text, *values)
        return cursor.fetchone() if name.startswith("read") else None
    except connection.dialect.loaded_dbapi.IntegrityError as error:
        raise IntegrityError(name, None, error) from error
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(name, None, error) from error
    finally:
        cursor.close()
