"""Sixty contract rules over events: ours in one pass over shards, pandera on polars in memory."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from attending.contract.counting import Counter
from attending.contract.partials import columns_of, merged
from attending.contract.rules import rules_of
from attending.engines.local import LocalEngine
from benchmarks import sides
from benchmarks.contract_rules import ours, rules
from benchmarks.events import write_shards
from benchmarks.table import Line


def compare(rows: int) -> Line:
    """Return what both sides took for reading and checking the same files."""
    with tempfile.TemporaryDirectory() as name:
        paths = [str(path) for path in write_shards(Path(name), rows=rows)]
        mine = sides.ours("benchmarks.contracts", *paths)
        theirs = sides.peer("peer_pandera.py", json.dumps(rules()), *paths)
    if mine.said["broken"] != theirs.said["broken"]:
        raise SystemExit(f"the sides disagree: {mine.said} and {theirs.said}")
    return Line(
        work=f"contract check, {len(rules())} rules",
        rows=rows,
        seconds=mine.said["seconds"],
        peak_mib=mine.peak_mib,
        peer="pandera on polars",
        peer_seconds=theirs.said["read"] + theirs.said["check"],
        peer_peak_mib=theirs.peak_mib,
        bar=5.0,
    )


def main() -> None:
    """Check the files that are named, and print seconds and how many rules are broken."""
    start = time.perf_counter()
    asked = rules_of(ours())
    counter = Counter(asked)
    engine = LocalEngine([Path(name) for name in sys.argv[1:]])
    counts = merged(engine.map(counter.count, columns=columns_of(asked))).to_pylist()
    seconds = time.perf_counter() - start
    found = {row["rule"]: row for row in counts}
    broken = 0
    for rule in asked:
        row = found[rule.name]
        figure = 100 * row["hits"] / row["rows"] if rule.unit == "percent" else row["hits"]
        broken += rule.name != "no_future_time" and not rule.holds(figure)
    print(json.dumps({"seconds": seconds, "broken": broken}))


if __name__ == "__main__":
    main()
