"""Faults of files: cut short, a page lost, and tables that no longer have the agreed columns.

A lost end leaves the control totals as they were. A changed table states its own: its source
believes in it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from attending.digests import canonical, digest_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from attending.hospital.delivery import Delivery

_FILE = "labs.csv"


def cut_short(made: Delivery) -> Delivery:
    """Cut the file of results in the middle of a row."""
    return _damaged(made, lambda data: data[: int(len(data) * 0.8) + 7], totals=False)


def last_page(made: Delivery) -> Delivery:
    """Leave out the last page of results, which the manifest still counts."""
    return _damaged(made, _without_end, totals=False)


def renamed(made: Delivery) -> Delivery:
    """Call the time of collection by another name."""
    return _headed(made, lambda line: line.replace(b"collected_at", b"specimen_taken"))


def reordered(made: Delivery) -> Delivery:
    """Write the last column first."""
    return _lined(made, lambda line: b",".join(_turned(line.split(b","))))


def extra_column(made: Delivery) -> Delivery:
    """Add a column that nobody agreed on."""
    made = _headed(made, lambda line: line + b",analyser")
    return _bodied(made, lambda line: line + b",A1")


def new_word(made: Delivery) -> Delivery:
    """Write a status that was not agreed on in a row of each ten."""
    return _bodied(made, lambda line: line.replace(b"final", b"verified", 1), every=10)


def other_number(made: Delivery) -> Delivery:
    """Write whole version numbers with a decimal point."""
    return _bodied(made, lambda line: line.replace(b",1,", b",1.0,", 1))


def other_letters(made: Delivery) -> Delivery:
    """Write the table in Latin-1, with a letter that UTF-8 has elsewhere."""
    return _bodied(made, lambda line: line.replace(b"mg/dL", b"m\xb5g/dL", 1), every=10)


def byte_order_mark(made: Delivery) -> Delivery:
    """Begin the file with a byte order mark."""
    return _damaged(made, lambda data: b"\xef\xbb\xbf" + data, totals=True)


def nul_bytes(made: Delivery) -> Delivery:
    """Write a NUL byte into the unit of a row of each ten."""
    return _bodied(made, lambda line: line.replace(b"mg/dL", b"mg\x00/dL", 1), every=10)


def _without_end(data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(lines[: -max(1, len(lines) // 20)])


def _turned(cells: list[bytes]) -> list[bytes]:
    return [cells[-1], *cells[:-1]]


def _lined(made: Delivery, change: Callable[[bytes], bytes]) -> Delivery:
    return _headed(_bodied(made, change), change)


def _headed(made: Delivery, change: Callable[[bytes], bytes]) -> Delivery:
    def whole(data: bytes) -> bytes:
        head, _, body = data.partition(b"\n")
        return change(head) + b"\n" + body

    return _damaged(made, whole, totals=True)


def _bodied(made: Delivery, change: Callable[[bytes], bytes], *, every: int = 1) -> Delivery:
    def whole(data: bytes) -> bytes:
        head, *rows = data.splitlines()
        turned = [change(row) if at % every == 0 else row for at, row in enumerate(rows)]
        return b"\n".join([head, *turned]) + b"\n"

    return _damaged(made, whole, totals=True)


def _damaged(made: Delivery, change: Callable[[bytes], bytes], *, totals: bool) -> Delivery:
    def damage(folder: Path) -> None:
        path = folder / _FILE
        path.write_bytes(change(path.read_bytes()))
        if totals:
            _state_again(folder)

    rows = made.tables["labs"].num_rows
    return replace(made, damage=(*made.damage, damage), planted=rows)


def _state_again(folder: Path) -> None:
    path = folder / "manifest.json"
    told = json.loads(path.read_bytes())
    told["files"][_FILE]["sha256"] = digest_file(folder / _FILE)
    path.write_bytes(canonical(told))
