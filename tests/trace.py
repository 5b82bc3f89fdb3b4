"""Run the tests that name requirement rows or faults, and say which of them are shown.

`python -m tests.trace requirements` writes docs/traceability.md and ends with
`requirements shown N/138`; `python -m tests.trace faults [ID]` ends with `faults survived N/143`.
A row counts when at least one test that names it passed and none that names it failed;
a skipped test shows nothing.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.rows import FAULTS, REQUIREMENTS

MOST_ROWS_A_TEST = 2


class Collector:
    """Follows the tests that carry one marker and what became of them."""

    def __init__(self, marker: str, known: list[str], *, only: str = "") -> None:
        self.marker = marker
        self.known = known
        self.only = only
        self.rows_of: dict[str, list[str]] = {}
        self.outcome: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        kept = []
        for item in items:
            rows = [row for mark in item.iter_markers(self.marker) for row in mark.args]
            for row in rows:
                if row not in self.known:
                    raise pytest.UsageError(f"{item.nodeid} names {row}, which does not exist")
            if self.marker == "requirement" and len(rows) > MOST_ROWS_A_TEST:
                raise pytest.UsageError(f"{item.nodeid} names {len(rows)} rows, at most 2 count")
            if rows and (not self.only or self.only in rows):
                self.rows_of[item.nodeid] = rows
                kept.append(item)
        items[:] = kept

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.outcome[report.nodeid] = "failed"
        elif report.skipped:
            self.outcome.setdefault(report.nodeid, "skipped")
        elif report.when == "call":
            self.outcome.setdefault(report.nodeid, "passed")

    def shown(self) -> dict[str, list[str]]:
        """Return the tests that show each row; a row with a failed test is not there."""
        passed: dict[str, list[str]] = defaultdict(list)
        broken: set[str] = set()
        for node, rows in self.rows_of.items():
            for row in rows:
                if self.outcome.get(node) == "passed":
                    passed[row].append(node)
                elif self.outcome.get(node) == "failed":
                    broken.add(row)
        return {row: nodes for row, nodes in passed.items() if row not in broken}


def run(marker: str, known: list[str], only: str = "") -> tuple[Collector, int]:
    """Run the marked tests and return what was followed, and pytest's exit code."""
    collector = Collector(marker, known, only=only)
    args = ["-q", "-p", "no:cacheprovider", "tests"]
    return collector, int(pytest.main(args, plugins=[collector]))


def collect(marker: str, known: list[str]) -> Collector:
    """Return what tests carry the marker, none of them run."""
    collector = Collector(marker, known)
    pytest.main(["-q", "--collect-only", "-p", "no:cacheprovider", "tests"], plugins=[collector])
    return collector


def write_page(shown: dict[str, list[str]]) -> None:
    """Write docs/traceability.md: each row, the tests that show it and how to run them."""
    lines = [
        "# Traceability",
        "",
        "Made by `make trace`. A row is shown when every test that names it passes; a skipped",
        "test shows nothing. Run one with `.venv/bin/python -m pytest 'TEST'`.",
        "",
        f"requirements shown {len(shown)}/{len(REQUIREMENTS)}",
        "",
        "| row | shown by |",
        "|---|---|",
    ]
    for row in REQUIREMENTS:
        tests = "<br>".join(f"`{node}`" for node in sorted(shown.get(row, [])))
        lines.append(f"| {row} | {tests or 'not shown yet'} |")
    Path("docs/traceability.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(argv: list[str]) -> int:
    """Run one of the two and print its last line."""
    what = argv[0] if argv else "requirements"
    only = argv[1] if len(argv) > 1 else ""
    if what == "requirements":
        collector, code = run("requirement", REQUIREMENTS, only)
        shown = collector.shown()
        for row in REQUIREMENTS:
            for node in shown.get(row, []):
                print(f"{row:4} {node}")
        if not only:
            write_page(shown)
        print(f"requirements shown {len(shown)}/{len(REQUIREMENTS)}")
    else:
        collector, code = run("fault", FAULTS, only)
        shown = collector.shown()
        for fault in FAULTS:
            for node in shown.get(fault, []):
                print(f"{fault} {node}")
        tried = {row for rows in collector.rows_of.values() for row in rows}
        if not only:
            from tests.soak.evidence import keep_faults  # it reads this module

            keep_faults(collector, ran=True)
        print(f"not yet tried: {' '.join(row for row in FAULTS if row not in tried)}")
        print(f"faults survived {len(shown)}/{len(FAULTS)}")
    return 0 if code in {0, 5} else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
