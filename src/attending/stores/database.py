"""The database: SQLite in WAL mode with full synchronisation, or PostgreSQL by its address.

Every write goes through `transaction()`, which commits rows and ledger entries together.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, make_url, select

from attending.errors import BadInput, DependencyDown, IntegrityBroken, NotFound
from attending.records.ledger import GENESIS
from attending.stores.refusals import translated
from attending.stores.tables import LEDGER_STATE, META, METADATA, SCHEMA_VERSION
from attending.stores.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Engine, Row, Select

BUSY_SECONDS = 10
_WRITES = "attending_writes"
_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


class Database:
    """One store's database, open."""

    def __init__(self, engine: Engine, meta: dict[str, str]) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{_WRITES: True})
        self._meta = meta
        self.ledger_id = meta["ledger_id"]

    @classmethod
    def create(cls, url: str, *, ledger_id: str, marks: dict[str, str] | None = None) -> Database:
        """Return a new, empty database.

        Args:
            url: `sqlite:////path/store.db`, or `postgresql+psycopg://...`.
            ledger_id: stands in every ledger entry, so that no other ledger can be joined on.
            marks: further words that the database keeps about itself for ever.

        Raises:
            BadInput: there is a database already.
        """
        path = _path(url)
        if path is not None:
            _make_private(path)
        with translated():
            engine = _engine(url)
            with _writing(engine.execution_options(**{_WRITES: True})) as connection:
                METADATA.create_all(connection)
                if connection.execute(select(META)).first() is not None:
                    raise BadInput("there is a database already", code="store.exists")
                words = {**(marks or {}), "ledger_id": ledger_id, "schema": str(SCHEMA_VERSION)}
                rows = [{"key": key, "value": words[key]} for key in sorted(words)]
                connection.execute(META.insert(), rows)
                state = {"id": 1, "size": 0, "head": GENESIS, "peaks": b""}
                connection.execute(LEDGER_STATE.insert(), state)
            engine.dispose()
        return cls.open(url)

    @classmethod
    def open(cls, url: str) -> Database:
        """Return an existing database.

        Raises:
            NotFound: there is no database file.
            IntegrityBroken: it does not say what it is.
            DependencyDown: it was written by a newer version, or does not keep what it is told.
        """
        path = _path(url)
        if path is not None and not path.is_file():
            raise NotFound("there is no store here", code="store.missing", where=str(path))
        with translated():
            engine = _engine(url)
            _check_pragmas(engine)
            with engine.connect() as connection:
                meta = {row.key: row.value for row in connection.execute(select(META))}
        _check_schema(meta)
        return cls(engine, meta)

    @property
    def marks(self) -> dict[str, str]:
        """Return what the database keeps about itself."""
        return dict(self._meta)

    @contextmanager
    def transaction(self) -> Iterator[Unit]:
        """Give a unit of work; commit it whole at the end of the block, or nothing of it.

        Raises:
            IntegrityBroken: rows were written and no ledger entry.
            Refused: a row of that name is there already.
            DependencyDown: the store is busy, full, read-only or down.
        """
        with translated(), _writing(self._writer) as connection:
            unit = Unit(connection, self.ledger_id)
            yield unit
            unit.finish()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the store throughout."""
        with translated(), self._engine.connect() as connection:
            yield connection

    def rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        """Return all that a query finds."""
        with self.reading() as connection:
            return connection.execute(statement).all()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


def _path(url: str) -> Path | None:
    """Return the file of an SQLite address, None for another database."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return None
    if not address.database or address.database == ":memory:":
        raise BadInput(
            "a store needs a file", code="store.address", hint="sqlite:////path/store.db"
        )
    return Path(address.database)


def _make_private(path: Path) -> None:
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


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, isolation_level="READ COMMITTED", pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    # The driver's own BEGIN is late and deferred; ours comes at once (see `_on_begin`).
    connection.isolation_level = None
    for name, value in _PRAGMAS.items():
        connection.execute(f"PRAGMA {name} = {value}").close()


def _on_begin(connection: Connection) -> None:
    # A writer takes the lock first: two that read and then write would both fail later.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _check_pragmas(engine: Engine) -> None:
    """Refuse a database that does not keep its promises on a power cut."""
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        for name, wanted in _PRAGMAS.items():
            got = connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            if got != wanted:
                raise DependencyDown(
                    f"the store has {name} {got}, expected {wanted}",
                    code="store.not_durable",
                    hint="Put the home on a local disk that supports write-ahead logging.",
                )


def _check_schema(meta: dict[str, str]) -> None:
    if "ledger_id" not in meta or not meta.get("schema", "").isdigit():
        raise IntegrityBroken("the store does not say what it is", code="store.corrupt")
    found = int(meta["schema"])
    if found != SCHEMA_VERSION:
        raise DependencyDown(
            f"the store has tables of version {found}, this program knows {SCHEMA_VERSION}",
            code="store.schema",
            hint="Use the program that made it, or migrate a copy first.",
        )
