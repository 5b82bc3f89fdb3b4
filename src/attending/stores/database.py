"""The database: SQLite in WAL mode with full synchronisation, or PostgreSQL by its address.

Every write goes through `transaction()`, which commits rows and ledger entries together.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, select

from attending.errors import BadInput, DependencyDown, IntegrityBroken, NotFound
from attending.records.ledger import GENESIS
from attending.stores.addresses import file_of, make_private_file
from attending.stores.connections import (
    check_promises,
    connect,
    own_writing,
    reading,
    writing,
)
from attending.stores.files import probe_folder
from attending.stores.prepared import run
from attending.stores.refusals import translated
from attending.stores.tables import (
    LEDGER_STATE,
    META,
    METADATA,
    REVISION,
    SCHEMA_VERSION,
    revision_of,
)
from attending.stores.unit import Unit, hold_chain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Row, Select


class Database:
    """One store's database, open."""

    def __init__(self, engine: Engine, meta: dict[str, str]) -> None:
        self._engine = engine
        self._writer = own_writing(engine)
        self._reader = reading(engine)
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
            DependencyDown: the database cannot be reached, or a driver is not installed.
        """
        path = file_of(url)
        if path is not None:
            make_private_file(path)
        engine = connect(url)
        with translated(), given_back_on_refusal(engine):
            with writing(engine).begin() as connection:
                METADATA.create_all(connection)
                if connection.execute(select(META)).first() is not None:
                    raise BadInput("there is a database already", code="store.exists")
                _describe(connection, {**(marks or {}), "ledger_id": ledger_id})
            engine.dispose()
        return cls.open(url)

    @classmethod
    def open(cls, url: str) -> Database:
        """Return an existing database.

        Raises:
            NotFound: there is no store.
            IntegrityBroken: it does not say what it is.
            DependencyDown: its tables are of another version, or it does not keep what it is told.
        """
        engine, meta = inspected(url)
        with given_back_on_refusal(engine):
            _check_schema(meta)
            return cls(engine, meta)

    @property
    def marks(self) -> dict[str, str]:
        """Return what the database keeps about itself."""
        return dict(self._meta)

    @property
    def kind(self) -> str:
        """Return the kind of database: `sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @property
    def address(self) -> str:
        """Return the address, with its password: never to be shown."""
        return self._engine.url.render_as_string(hide_password=False)

    @contextmanager
    def transaction(self) -> Iterator[Unit]:
        """Give a unit of work; commit it whole at the end of the block, or nothing of it.

        It holds the row of the ledger's end from its start on, so that what it reads is still so
        when it writes, whichever the database.

        Raises:
            IntegrityBroken: rows were written and no ledger entry.
            Refused: a row of that name is there already.
            DependencyDown: the store is busy, full, read-only or down.
        """
        with translated(), self._writer.begin() as connection:
            unit = Unit(connection, hold_chain(connection, self.ledger_id))
            yield unit
            unit.finish()

    def sweep(self) -> None:
        """Let go of what erased rows left behind in logs and free space of the files.

        Raises:
            DependencyDown: another connection holds the log, or the store is down.
        """
        with translated():
            if self.kind == "sqlite":
                with closing(self._engine.raw_connection()) as raw:
                    raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
                return
            engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.exec_driver_sql("VACUUM")

    @contextmanager
    def forgetful(self) -> Iterator[Connection]:
        """Give a connection for what the ledger does not bind, since it is forgotten again.

        Raises:
            Refused: a row of that name is there already.
            DependencyDown: the store is busy, full, read-only or down.
        """
        with translated(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the store throughout."""
        with translated(), self._reader.connect() as connection:
            yield connection

    def rows(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        """Return all that a query finds."""
        with self.reading() as connection:
            return connection.execute(statement).all()

    def first(self, name: str, **values: str) -> tuple[Any, ...] | None:
        """Return the first row that a prepared statement finds."""
        with self.reading() as connection:
            return run(connection, name, [values])

    def close(self) -> None:
        """Close all connections."""
        self._writer.dispose()
        self._engine.dispose()


def inspected(url: str) -> tuple[Engine, dict[str, str]]:
    """Return an engine and what the database says of itself, whatever its version.

    Raises:
        NotFound: there is no store.
        DependencyDown: it cannot be reached, or does not keep what it is told.
    """
    path = file_of(url)
    if path is not None and not path.is_file():
        raise NotFound("there is no store here", code="store.missing", where=str(path))
    engine = connect(url)
    with _named_by_folder(path), translated(), given_back_on_refusal(engine):
        check_promises(engine)
        if path is None and not inspect(engine).has_table(META.name):
            raise NotFound("the database at the address holds no store", code="store.missing")
        with engine.connect() as connection:
            meta = {row.key: row.value for row in connection.execute(select(META))}
    return engine, meta


@contextmanager
def _named_by_folder(path: Path | None) -> Iterator[None]:
    """Name why a file cannot be opened: SQLite says the same for no space, no right, no folder.

    Raises:
        DependencyDown: as the block does, or as the folder answers when a file is made in it.
    """
    try:
        yield
    except DependencyDown as refused:
        if path is None or refused.code != "storage.missing":
            raise
        probe_folder(path.parent)
        raise


@contextmanager
def given_back_on_refusal(engine: Engine) -> Iterator[None]:
    """Close an engine's connections when the block does not end well."""
    try:
        yield
    except BaseException:
        engine.dispose()
        raise


def schema_of(meta: dict[str, str]) -> int:
    """Return the version of a store's tables.

    Raises:
        IntegrityBroken: it does not say what it is.
    """
    if "ledger_id" not in meta or not meta.get("schema", "").isdigit():
        raise IntegrityBroken("the store does not say what it is", code="store.corrupt")
    return int(meta["schema"])


def _describe(connection: Connection, words: dict[str, str]) -> None:
    """Write what a new store says of itself, and the end of its empty ledger."""
    words = {**words, "schema": str(SCHEMA_VERSION)}
    rows = [{"key": key, "value": words[key]} for key in sorted(words)]
    connection.execute(META.insert(), rows)
    connection.execute(REVISION.insert(), {"version_num": revision_of(SCHEMA_VERSION)})
    state = {"id": 1, "size": 0, "head": GENESIS, "peaks": b""}
    connection.execute(LEDGER_STATE.insert(), state)


def _check_schema(meta: dict[str, str]) -> None:
    found = schema_of(meta)
    if found == SCHEMA_VERSION:
        return
    older = found < SCHEMA_VERSION
    raise DependencyDown(
        f"the store has tables of version {found}, this program knows {SCHEMA_VERSION}",
        code="store.schema_older" if older else "store.schema",
        hint="Run `attending home migrate`; it makes a backup first."
        if older
        else "Use the program that wrote it; this one is older than the store.",
    )
