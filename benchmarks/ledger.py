"""The ledger: written one by one and in groups, verified whole, and proofs of single entries.

Beside each stands who does the same with less: the standalone verifier on an export of the same
ledger, SQLite alone with the same promise to the disk, and the standalone verifier's own proofs.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from attending.govern import standalone_verifier
from attending.records.ledger import Subject
from attending.stores.chain import Act
from attending.stores.home import Home
from attending.stores.merkle import inclusion_proof, leaf_hash, root_of, verify_inclusion
from attending.times import parse_instant
from benchmarks import sides
from benchmarks.table import Line

if TYPE_CHECKING:
    from collections.abc import Callable

AT = parse_instant("2026-03-02T06:00:00Z")
VERIFY_SECONDS = 8.0
SINGLES, GROUPS, GROUP = 3_000, 500, 100
_BATCH = 20_000
_PROOFS = 20_000


def compare(rows: int) -> list[Line]:
    """Return what each took: verify so many entries, singles, groups, proofs."""
    with tempfile.TemporaryDirectory(dir="build") as name:
        folder = Path(name)
        sides.ours("benchmarks.ledger", str(folder), "fill", str(rows))
        told = [
            _line(f"ledger: {part}", folder, part, bar=bar, within=within)
            for part, bar, within in (
                ("verify", 1.0, VERIFY_SECONDS),
                ("single durable entries", 0.5, float("inf")),
                ("groups of 100", 0.3, float("inf")),
                ("proofs", 1.0, float("inf")),
            )
        ]
    for line in told:
        print(f"{line.work}: {line.rows / line.seconds:,.0f} a second")
    return told


def _line(work: str, folder: Path, part: str, *, bar: float, within: float) -> Line:
    mine = sides.ours("benchmarks.ledger", str(folder), part, "ours")
    theirs = sides.ours("benchmarks.ledger", str(folder), part, "other")
    return Line(
        work=work,
        rows=mine.said["rows"],
        seconds=mine.said["seconds"],
        peak_mib=mine.said["peak_mib"],
        peer=theirs.said["what"],
        peer_seconds=theirs.said["seconds"],
        peer_peak_mib=theirs.said["peak_mib"],
        bar=bar,
        seconds_bar=within,
        peak_mib_bar=500.0 if within < float("inf") else float("inf"),
    )


def _act() -> Act:
    subject = Subject(kind="prediction", digest="ab" * 16)
    return Act(at=AT, actor="ann", action="score.one", subject=subject)


def _fill(folder: Path, rows: int) -> None:
    home = Home.create(folder / "home", at=AT)
    for start in range(1, rows, _BATCH):
        with home.database.transaction() as unit:
            for number in range(start, min(start + _BATCH, rows)):
                unit.append(_act(), {"version": "v3", "number": number})
    home.make_checkpoint(at=AT)
    home.ledger.export(folder / "export")


def _verify(folder: Path) -> int:
    report = Home.open(folder / "home").ledger.verify()
    report.require()
    return report.entries


def _verify_export(folder: Path) -> int:
    wrong, size, _ = standalone_verifier.verify(folder / "export")
    if wrong:
        raise SystemExit(wrong[0])
    return size


def _singles(folder: Path) -> int:
    home = Home.create(folder / "singles", at=AT)
    for number in range(SINGLES):
        with home.database.transaction() as unit:
            unit.append(_act(), {"number": number})
    return SINGLES


def _groups(folder: Path) -> int:
    home = Home.create(folder / "groups", at=AT)
    for _ in range(GROUPS):
        with home.database.transaction() as unit:
            for number in range(GROUP):
                unit.append(_act(), {"number": number})
    return GROUPS * GROUP


def _plain(path: Path, *, commits: int, rows: int) -> int:
    """Write rows of the same size with SQLite alone, as durably."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.execute("PRAGMA synchronous = FULL").fetchall()
    connection.execute("CREATE TABLE log (seq INTEGER PRIMARY KEY, content BLOB)")
    for start in range(0, commits * rows, rows):
        connection.execute("BEGIN IMMEDIATE")
        many = [(start + at, b"x" * 420) for at in range(rows)]
        connection.executemany("INSERT INTO log VALUES (?, ?)", many)
        connection.execute("COMMIT")
    return commits * rows


def _proofs(check: Callable[..., bool], *, path: str, top: str) -> int:
    leaves = [leaf_hash(b"%d" % at) for at in range(1 << 14)]
    root, at = root_of(leaves), 4_321
    said = {path: inclusion_proof(leaves, at), top: root, "size": len(leaves)}
    for _ in range(_PROOFS):
        assert check(leaves[at], at, **said)
    return _PROOFS


PARTS: dict[tuple[str, str], tuple[str, Callable[[Path], int]]] = {
    ("verify", "ours"): ("audit", _verify),
    ("verify", "other"): ("the standalone verifier, on an export", _verify_export),
    ("single durable entries", "ours"): ("ledger", _singles),
    ("single durable entries", "other"): (
        "SQLite alone",
        lambda folder: _plain(folder / "singles.db", commits=SINGLES, rows=1),
    ),
    ("groups of 100", "ours"): ("ledger", _groups),
    ("groups of 100", "other"): (
        "SQLite alone",
        lambda folder: _plain(folder / "groups.db", commits=GROUPS, rows=GROUP),
    ),
    ("proofs", "ours"): (
        "store",
        lambda _: _proofs(verify_inclusion, path="proof", top="root"),
    ),
    ("proofs", "other"): (
        "the standalone verifier",
        lambda _: _proofs(standalone_verifier.included, path="path", top="top"),
    ),
}


def main() -> None:
    """Do the part that is named second, in the folder that is named first, by us or the other."""
    if sys.argv[2] == "fill":
        _fill(Path(sys.argv[1]), int(sys.argv[3]))
        print("filled")
        return
    what, work = PARTS[sys.argv[2], sys.argv[3]]
    start = time.perf_counter()
    rows = work(Path(sys.argv[1]))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"what": what, "rows": rows, "seconds": seconds, "peak_mib": peak}))


if __name__ == "__main__":
    main()
