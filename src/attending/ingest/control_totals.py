"""Hold a delivery against its control totals: how many rows of each file its source sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from attending.digests import digest_file
from attending.errors import BadInput
from attending.ingest.files import Truncated, require
from attending.ingest.tables import read_text_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from attending.specs.mapping import Totals

_COUNT = re.compile(r"\d{1,15}")


class Total(NamedTuple):
    """What a source says of one file: its rows, and the SHA-256 of its bytes where it says one."""

    rows: int
    digest: str | None = None


def read_totals(folder: Path, spec: Totals) -> dict[str, Total]:
    """Return what a source says of its files, by their names.

    Raises:
        NotFound: the file of totals is not there.
        BadInput: it has no such column, a count is no whole number, or a file stands twice.
    """
    columns = [name for name in (spec.name, spec.rows, spec.sha256) if name is not None]
    path = require(folder, spec.file, of="control totals")
    table, odd_lines = read_text_table(path, columns, name=spec.file)
    names, counts = (table[name].to_pylist() for name in (spec.name, spec.rows))
    digests = table[spec.sha256].to_pylist() if spec.sha256 else [None] * len(names)
    whole = all(_COUNT.fullmatch(one or "") for one in counts) and all(names)
    if odd_lines or not whole or len(set(names)) < len(names):
        raise BadInput(
            "expected one line a file with its name and a whole number of rows",
            code="ingest.control_totals",
            hint="Ask the source for the control totals again; without them no row is taken in.",
            where=spec.file,
        )
    return {
        name: Total(int(count), digest and digest.strip().lower())
        for name, count, digest in zip(names, counts, digests, strict=True)
    }


def check_bytes(totals: Mapping[str, Total], path: Path, *, name: str) -> str:
    """Return the digest of a file after comparing it with what its source says.

    Raises:
        Truncated: the totals do not name the file, or it has other bytes than the source's.
    """
    got = digest_file(path)
    if name not in totals:
        raise Truncated("the control totals do not name this file", where=name, code=_CODE)
    stated = totals[name].digest
    if stated is not None and got != stated:
        raise Truncated("the file has other bytes than its source sent", where=name, code=_CODE)
    return got


def check_rows(total: Total, rows: int, *, name: str) -> None:
    """Refuse a file that has another number of rows than its source sent.

    Raises:
        Truncated: it has.

    >>> check_rows(Total(2), 2, name="labs.csv")
    >>> check_rows(Total(3), 2, name="labs.csv")
    Traceback (most recent call last):
    ...
    attending.ingest.files.Truncated: labs.csv: the file has 2 rows, its source sent 3
    Fetch the whole extract again; nothing of it was taken in.
    """
    if rows != total.rows:
        raise Truncated(
            f"the file has {rows} rows, its source sent {total.rows}", where=name, code=_CODE
        )


_CODE = "ingest.control_total"
