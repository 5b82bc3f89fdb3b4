"""What is asked of a hospital's database: one read-only query a table, and its watermark."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from attending.specs.base import Length, Spec


def _one_statement(query: str) -> str:
    if ";" in query:
        raise ValueError("got a semicolon, expected one SELECT without one")
    if not query.lstrip().lower().startswith(("select", "with")):
        raise ValueError("expected a query that begins with SELECT or WITH")
    return query.strip()


class Query(Spec):
    """One query; what it gives is written to `FILE.parquet`.

    Attributes:
        file: the name that the mapping calls the file by, without its ending.
        watermark: the column that only grows, such as when a row was stored or its number.
        overlap: how far to look back before the last watermark, for rows that came late into the
            database. What is read twice is taken in once.
    """

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
    query: Annotated[str, AfterValidator(_one_statement)]
    watermark: Annotated[str, Field(min_length=1, max_length=120)]
    overlap: Length = 0


class DatabaseSpec(Spec):
    """`database.yaml`: the queries of one source. The address stands in a file of its own."""

    tables: tuple[Query, ...] = Field(min_length=1)
