"""The check that every row of the store is the one that a ledger entry bound."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from attending.digests import digest_bytes
from attending.records.ledger import Finding
from attending.stores.bindings import row_hash, rows_digest
from attending.stores.tables import BOUND, LEDGER, RECORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

    from attending.stores.database import Database

_BATCH_ROWS = 10_000
NOTHING = (0, rows_digest([]))
#: Stands for what is no number of an entry, in a file that SQLite still reads.
_NO_ENTRY = -1


def check_rows(
    database: Database, *, erased: Mapping[int, Sequence[bytes]] | None = None
) -> tuple[Finding, ...]:
    """Return what is wrong with the rows of the store: edited, deleted, or put in unseen.

    Run the audit of the ledger first: rows are compared with what its entries say.

    Args:
        database: the store.
        erased: the hashes of rows that were erased, by the entry that bound them.
    """
    with database.reading() as connection:
        bound: dict[int, list[bytes]] = defaultdict(list)
        tables: dict[int, set[str]] = defaultdict(set)
        for name in sorted(BOUND):
            for row in _rows(connection, name):
                seq = _whole(row["seq"])
                bound[seq].append(row_hash(name, row))
                tables[seq].add(name)
        for seq, hashes in (erased or {}).items():
            bound[seq] += hashes
        said = dict(_said(connection))
        misnamed = tuple(_misnamed(connection))
    findings = [
        _finding(seq, said.get(seq), found=len(bound.get(seq, [])), tables=tables.get(seq, set()))
        for seq in sorted(said.keys() | bound.keys())
        if said.get(seq, NOTHING) != _answer(bound.get(seq, []))
    ]
    return (*findings, *misnamed)


def check_rows_of(
    database: Database, seq: int, *, erased: Sequence[bytes] = ()
) -> tuple[Finding, ...]:
    """Return what is wrong with the rows that one ledger entry bound.

    Args:
        database: where the rows are.
        seq: of the entry.
        erased: the hashes of rows of that entry that were erased since.
    """
    with database.reading() as connection:
        held = [
            (name, row_hash(name, dict(row)))
            for name in sorted(BOUND)
            for row in connection.execute(
                select(BOUND[name]).where(BOUND[name].c.seq == seq)
            ).mappings()
        ]
        said = dict(_said(connection, LEDGER.c.seq == seq)).get(seq)
    if (said or NOTHING) == _answer([*(one for _, one in held), *erased]):
        return ()
    return (_finding(seq, said, found=len(held), tables={name for name, _ in held}),)


def _answer(hashes: list[bytes]) -> tuple[int, str]:
    return len(hashes), rows_digest(hashes)


def _rows(connection: Connection, name: str) -> Iterator[dict[str, Any]]:
    result = connection.execution_options(yield_per=_BATCH_ROWS).execute(select(BOUND[name]))
    for row in result.mappings():
        yield dict(row)


def _said(
    connection: Connection, *where: ColumnElement[bool]
) -> Iterator[tuple[int, tuple[int, str]]]:
    """Iterate over the entries that bind rows: how many, and their hash."""
    statement = select(LEDGER.c.seq, LEDGER.c.content).where(*where)
    result = connection.execution_options(yield_per=_BATCH_ROWS).execute(statement)
    for row in result:
        details = _details(row.content)
        if "rows_digest" in details:
            yield _whole(row.seq), (details.get("rows", 0), details["rows_digest"])


def _whole(seq: object) -> int:
    return seq if isinstance(seq, int) else _NO_ENTRY


def _details(content: bytes) -> dict[str, Any]:
    """Return what an entry says of its rows; nothing when it cannot be read: the audit names it."""
    try:
        details = json.loads(content)["details"]
    except (ValueError, KeyError, TypeError):
        return {}
    return details if isinstance(details, dict) else {}


def _misnamed(connection: Connection) -> Iterator[Finding]:
    statement = select(RECORDS.c.digest, RECORDS.c.content, RECORDS.c.seq)
    for row in connection.execution_options(yield_per=_BATCH_ROWS).execute(statement):
        if digest_bytes(row.content) != row.digest:
            yield Finding(
                code="record.changed", message="a record is not what its digest says", seq=row.seq
            )


def _finding(seq: int, said: tuple[int, str] | None, *, found: int, tables: set[str]) -> Finding:
    where = f" in {', '.join(sorted(tables))}" if tables else ""
    wanted = said[0] if said else 0
    if wanted == found:
        message = f"a row that entry {seq} bound was changed{where}"
    else:
        message = f"entry {seq} bound {wanted} rows, there are {found}{where}"
    return Finding(code="store.rows", message=message, seq=seq)
