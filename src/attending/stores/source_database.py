"""Read a hospital's database, and never write to it: queries in one read-only transaction.

SQLite files are opened read-only; PostgreSQL gets one REPEATABLE READ, READ ONLY transaction, so
all tables are of one instant. Rows are streamed, so that memory does not grow with the answer.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa
from sqlalchemy import column, create_engine, func, literal_column, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from attending.errors import BadInput, DependencyDown, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Connection, Engine, FromClause, Select

ROWS_AT_ONCE = 50_000
_READ_ONLY = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class SourceDatabase:
    """One read-only transaction in a source's database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def without_watermark(self, query: str, *, watermark: str) -> int:
        """Return how many rows of a query have no watermark."""
        asked, mark = _asked(query, watermark)
        with _told(watermark):
            wanted = select(func.count()).select_from(asked).where(mark.is_(None))
            return int(self._connection.execute(wanted).scalar_one())

    def rows(self, query: str, *, watermark: str, since: Any = None) -> Iterator[pa.Table]:  # noqa: ANN401 - int, text or instant
        """Iterate over the rows of a query as text, in the order of the watermark.

        Args:
            query: one SELECT.
            watermark: its column that only grows; given as the last column once more, typed.
            since: rows with this watermark or a later one; all rows when None.

        Raises:
            DependencyDown: the database cannot answer.
            BadInput: it does not know what is asked.
        """
        asked, mark = _asked(query, watermark)
        wanted: Select[Any] = select(literal_column("*")).select_from(asked).order_by(mark)
        if since is not None:
            wanted = wanted.where(mark >= since)
        with _told(watermark):
            options = {"stream_results": True, "yield_per": ROWS_AT_ONCE}
            answer = self._connection.execute(wanted, execution_options=options)
            with closing(answer):
                names = list(answer.keys())
                yield _table(names, [])
                for some in answer.partitions():
                    yield _table(names, some)

    def last(self, query: str, *, watermark: str) -> Any:  # noqa: ANN401 - int, text or instant
        """Return the greatest watermark, None when there are no rows."""
        asked, mark = _asked(query, watermark)
        with _told(watermark):
            wanted: Select[Any] = select(func.max(mark)).select_from(asked)
            return self._connection.execute(wanted).scalar_one()


@contextmanager
def open_source(address: str) -> Iterator[SourceDatabase]:
    """Give a read-only transaction in the database at an address, and end it afterwards.

    Raises:
        BadInput: the address is none, or of a kind of database that is not supported.
        NotFound: there is no such SQLite file.
        DependencyDown: the database or its driver is not there.
    """
    engine = _engine(address)
    try:
        with _told(), engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA query_only = ON")
            yield SourceDatabase(connection)
            connection.rollback()
    finally:
        engine.dispose()


def _engine(address: str) -> Engine:
    try:
        url = make_url(address.strip())
        if url.get_backend_name() == "sqlite":
            return _sqlite(url.database or "")
        if url.get_backend_name() == "postgresql":
            return create_engine(url, execution_options=_READ_ONLY)
    except (ArgumentError, NoSuchModuleError):
        pass
    except ModuleNotFoundError:
        raise DependencyDown(
            "the driver of this kind of database is not installed",
            code="source.driver",
            hint="Install psycopg, and write the address as postgresql+psycopg://...",
        ) from None
    raise BadInput(
        "the file holds no address of a database that can be read",
        code="source.address",
        hint="Write one line: postgresql+psycopg://USER:SECRET@HOST/NAME or sqlite:////PATH.",
    )


def _sqlite(path: str) -> Engine:
    # A plain open would make an empty file where there is none.
    engine = create_engine(f"sqlite:///file:{quote(path)}?mode=ro&uri=true")
    try:
        with engine.connect():
            return engine
    except DBAPIError:
        raise NotFound("there is no database file at the address", code="source.missing") from None


def _asked(query: str, watermark: str) -> tuple[FromClause, ColumnElement[Any]]:
    """Return a query as what rows are taken from, and the column of it that only grows.

    The column stands as `asked."name"`: without its table, SQLite takes a quoted name that is no
    column for a text of these letters.
    """
    # A colon in a query is never the name of a parameter.
    escaped = query.replace(":", "\\:")
    asked = text(escaped).columns(column(watermark)).subquery("asked")
    return asked, asked.c[watermark]


@contextmanager
def _told(where: str = "") -> Iterator[None]:
    """Turn what the driver raises into a refusal that repeats no value and no address."""
    try:
        yield
    except DBAPIError as error:
        word = type(error.orig).__name__
        if error.connection_invalidated or "connect" in str(error.orig).lower():
            raise DependencyDown(
                f"the source's database cannot be reached ({word})",
                code="source.down",
                hint="Nothing was taken; try again when it answers.",
            ) from None
        raise BadInput(
            f"the source's database refuses the query ({word})",
            code="source.query",
            hint="Try the query with the same user: table and column names, and the right to read.",
            where=where,
        ) from None
    except SQLAlchemyError as error:
        raise DependencyDown(
            f"the source's database failed ({type(error).__name__})", code="source.down"
        ) from None


def _table(names: list[str], rows: Any) -> pa.Table:  # noqa: ANN401 - rows of any columns
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = [pa.array([_as_text(cell) for cell in cells], type=pa.string()) for cells in columns]
    return pa.Table.from_arrays(arrays, names=names)


def _as_text(cell: Any) -> str | None:  # noqa: ANN401 - a database value
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, (datetime, date, time)):
        return cell.isoformat()
    if isinstance(cell, (bool, int, float, Decimal)):
        return str(cell)
    raise BadInput(
        f"a column holds values of the type {type(cell).__name__}, expected text, numbers or times",
        code="source.type",
        hint="Cast the column in the query, or leave it out.",
    )
