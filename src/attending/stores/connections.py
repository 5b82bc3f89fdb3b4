"""Connections to a store's database, and the promises that it must keep on a power cut."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError

from attending.errors import DependencyDown
from attending.stores.addresses import file_of, parsed
from attending.stores.refusals import translated

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

BUSY_SECONDS = 10
#: Seconds after which a writer of SQLite looks again whether another one is ready. SQLite's own
#: waits grow to a tenth of a second, and the lock is free for most of it.
_LOOK_AGAIN_SECONDS = 0.001
#: An execution option: this transaction will write.
WRITES = "attending_writes"
#: Pages of the log that is written ahead until they are put in their places: a commit writes some
#: fifteen, and whose commit reaches the number waits for all of them.
_LOG_PAGES = 8_000
_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "wal_autocheckpoint": _LOG_PAGES,
}
#: What PostgreSQL must be set to, so that what was committed is on the disk.
_PROMISES = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


def connect(address: str) -> Engine:
    """Return an engine for a store's database.

    Raises:
        BadInput: not an address.
        DependencyDown: the driver of this kind of database is not installed.
    """
    if file_of(address) is None:
        return _postgresql(address)
    return _sqlite(address)


def _sqlite(address: str | URL) -> Engine:
    engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def own_writing(engine: Engine) -> Engine:
    """Return the engine for transactions that write to a store that stays open.

    SQLite's has connections of its own: one that alone writes finds the pages that it needs where
    it left them. The caller disposes of it too.
    """
    if engine.dialect.name == "postgresql":
        return writing(engine)
    found = _sqlite(engine.url)
    event.listen(found, "connect", _wait_ourselves)
    return writing(found)


def writing(engine: Engine) -> Engine:
    """Return the engine for transactions that write: one at a time, each on the last state."""
    options: dict[str, Any] = {WRITES: True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "READ COMMITTED"
    return engine.execution_options(**options)


def reading(engine: Engine) -> Engine:
    """Return the engine for transactions that read one state of the store throughout."""
    if engine.dialect.name != "postgresql":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def check_promises(engine: Engine) -> None:
    """Refuse a database that does not keep what it was told through a power cut.

    Raises:
        DependencyDown: a setting is not the one that makes a commit durable.
    """
    sqlite = engine.dialect.name == "sqlite"
    ask, wanted = ("PRAGMA", _PRAGMAS) if sqlite else ("SHOW", _PROMISES)
    with engine.connect() as connection:
        for name, value in wanted.items():
            got = connection.exec_driver_sql(f"{ask} {name}").scalar_one()
            if got != value:
                raise DependencyDown(
                    f"the store has {name} {got}, expected {value}",
                    code="store.not_durable",
                    hint="Put the home on a local disk that supports write-ahead logging."
                    if sqlite
                    else f"Set {name} to {value} on the server.",
                )


def probe(address: str) -> None:
    """Refuse an address where no database answers, or one that does not keep its promises.

    Raises:
        DependencyDown: it cannot be reached, or a setting is not durable.
    """
    with translated():
        engine = connect(address)
        try:
            check_promises(engine)
        finally:
            engine.dispose()


def _postgresql(address: str) -> Engine:
    wait = f"-c lock_timeout={BUSY_SECONDS}s -c synchronous_commit=on"
    try:
        return create_engine(
            parsed(address),
            pool_pre_ping=True,
            pool_timeout=BUSY_SECONDS,
            connect_args={"options": wait, "connect_timeout": BUSY_SECONDS},
        )
    except ModuleNotFoundError:
        raise DependencyDown(
            "the driver of this kind of database is not installed",
            code="store.driver",
            hint="Install attending with its extra `postgres`.",
        ) from None


def _on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    # The driver's own BEGIN is late and deferred; ours comes at once (see `_on_begin`).
    connection.isolation_level = None
    for name, value in _PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}").close()


def _on_begin(connection: Connection) -> None:
    # A writer takes the lock first: two that read and then write would both fail later.
    if not connection.get_execution_options().get(WRITES):
        connection.exec_driver_sql("BEGIN")
        return
    cursor, until = connection.connection.cursor(), time.monotonic() + BUSY_SECONDS
    try:
        while not _is_begun(cursor, until=until):
            time.sleep(_LOOK_AGAIN_SECONDS)
    except sqlite3.Error as error:
        raise DBAPIError("BEGIN IMMEDIATE", None, error) from error
    finally:
        cursor.close()


def _is_begun(cursor: Any, *, until: float) -> bool:  # noqa: ANN401 - a DBAPI cursor
    """Return whether the lock was free.

    Raises:
        sqlite3.OperationalError: it was not, and the time to wait is over; or the store is down.
    """
    try:
        cursor.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
        if not busy or time.monotonic() >= until:
            raise
        return False
    return True


def _wait_ourselves(connection: Any, _record: object) -> None:  # noqa: ANN401 - as above
    # Last of all: what comes before it may still wait as SQLite does.
    connection.execute("PRAGMA busy_timeout = 0").close()
