"""Time the heavy paths against their peers in the same run; run by `make bench`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import (
    cohort,
    contracts,
    drift,
    features,
    ingest,
    latest,
    ledger,
    medstab,
    pages,
    serving,
    validation,
)
from benchmarks.table import Figure, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: What is timed, and at how many rows.
WORK: dict[str, tuple[Callable[[int], Figure | Sequence[Figure]], int]] = {
    "cohort": (cohort.compare, 100_000_000),
    "contracts": (contracts.compare, 50_000_000),
    "drift": (drift.compare, 1_000_000),
    "features": (features.compare, 100_000_000),
    "ingest": (ingest.compare, 50_000_000),
    "latest": (latest.compare, 2_000_000),
    "ledger": (ledger.compare, 1_000_000),
    "medstab": (medstab.compare, 250_000),
    "pages": (pages.compare, 1_000_000),
    "serving": (serving.compare, 1_000),
    "validation": (validation.compare, 1_000_000),
}


def main() -> None:
    """Run the benchmarks that are named, or all, and end with a failure where a bar is missed."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(WORK)}")
    parser.add_argument("--rows", type=int, help="fewer rows than the bar is stated for")
    asked = parser.parse_args()
    lines: list[Figure] = []
    for name in asked.names or WORK:
        compare, rows = WORK[name]
        found = compare(asked.rows or rows)
        new = list(found) if isinstance(found, list) else [found]
        lines += new
        print("\n".join(line.text for line in new), flush=True)
    write(lines, Path("build/bench.json"))
    raise SystemExit(not all(line.met for line in lines))


if __name__ == "__main__":
    main()
