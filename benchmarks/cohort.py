"""A cohort with labels: ours over all rows within its bars, and beside ACES on the same rows."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from attending.cohort.build import build
from attending.engines.local import LocalEngine
from attending.specs.cohort import CohortSpec
from benchmarks import sides
from benchmarks.stays import write_stays
from benchmarks.table import Line

#: Seconds and MiB at 100 million rows.
_SECONDS_MOST, _MIB_MOST = 15.0, 2_000.0
#: ACES holds the tables of a shard whole; this many rows it can do.
_ROWS_OF_ACES = 40_000_000
_AS_OF = datetime(2100, 1, 1, tzinfo=UTC)
_TASKS = ("mortality", "readmission")
_SAME = {
    "version": "1",
    "construct": {"meaning": "a benchmark", "proxy": False},
    "observation_window": "365d",
}
TASKS = {
    "mortality": {
        **_SAME,
        "name": "mortality",
        "index": {"event": "landmark", "after": "24h"},
        "exclusions": [{"rule": "alive_at_index"}],
        "label": {"kind": "death_in_stay"},
    },
    "readmission": {
        **_SAME,
        "name": "readmission",
        "index": {"event": "discharge"},
        "exclusions": [{"rule": "alive_at_discharge"}],
        "label": {
            "kind": "readmission",
            "horizon": "30d",
            "readmission": {"planned": {"as": "counted"}},
            "competing": {"death": "no_event"},
        },
    },
}


def compare(rows: int) -> Line:
    """Return what both sides took for two tasks on the same rows; the labels must be equal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _hold_bars(folder / "all", rows)
        few = min(rows, _ROWS_OF_ACES)
        mine, theirs = folder / "ours", folder / "meds"
        mine.mkdir()
        theirs.mkdir()
        ours = [str(path) for path in write_stays(mine, rows=few)]
        meds = [str(path) for path in write_stays(theirs, rows=few, meds=True)]
        left = [sides.ours("benchmarks.cohort", task, *ours) for task in _TASKS]
        right = [sides.aces(_config(task), *meds) for task in _TASKS]
        for task, one, other in zip(_TASKS, left, right, strict=True):
            _refuse_unequal(task, one.said["labels"], other.said["labels"])
    return Line(
        work="cohorts with labels: in-hospital mortality and 30-day readmission",
        rows=few,
        seconds=sum(side.said["seconds"] for side in left),
        peak_mib=max(side.peak_mib for side in left),
        peer="ACES",
        peer_seconds=sum(side.said["seconds"] for side in right),
        peer_peak_mib=max(side.peak_mib for side in right),
        bar=30.0,
    )


def _hold_bars(folder: Path, rows: int) -> None:
    """Print what the readmission cohort takes over all rows, and stop where a bar is missed."""
    folder.mkdir()
    paths = [str(path) for path in write_stays(folder, rows=rows)]
    side = sides.ours("benchmarks.cohort", "readmission", *paths)
    print(
        f"cohort with labels, {rows:,} rows: {side.said['seconds']:.1f} s, "
        f"{side.peak_mib:,.0f} MiB; bars {_SECONDS_MOST:.0f} s and {_MIB_MOST:,.0f} MiB",
        flush=True,
    )
    if side.said["seconds"] > _SECONDS_MOST or side.peak_mib > _MIB_MOST:
        raise SystemExit("a bar of the cohort is missed")


def _config(task: str) -> str:
    return str(Path(__file__).with_name(f"aces_{task}.yaml"))


def _refuse_unequal(task: str, ours: str, theirs: str) -> None:
    left, right = (json.loads(Path(path).read_text()) for path in (ours, theirs))
    if left != right:
        raise SystemExit(f"{task}: the sides disagree on {len(left)} and {len(right)} labels")


def main() -> None:
    """Build one task over the files that are named; print seconds and where the labels are."""
    task, *paths = sys.argv[1:]
    start = time.perf_counter()
    spec = CohortSpec.model_validate(TASKS[task])
    _, table = build(spec, LocalEngine([Path(path) for path in paths], threads=2), as_of=_AS_OF)
    seconds = time.perf_counter() - start
    out = Path(paths[0]).with_name(f"{task}.json")
    rows = zip(
        *(table[name].to_pylist() for name in ("subject_id", "prediction_time", "label")),
        strict=True,
    )
    found = sorted((who, f"{at:%Y-%m-%dT%H:%M:%S.%f}", label) for who, at, label in rows)
    out.write_text(json.dumps(found))
    print(json.dumps({"seconds": seconds, "rows": len(found), "labels": str(out)}))


if __name__ == "__main__":
    main()
