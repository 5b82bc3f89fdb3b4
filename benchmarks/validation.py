"""A whole clinical validation: ours, and what scikit-learn, fairlearn, dcurves, seismometer make.

Ours: fourteen measures of model and baseline, decision curve, calibration, ten groups, gates, and
500 paired draws of patients. Theirs: three measures overall and in ten groups, two at a threshold
in ten groups, one decision curve; a few draws are timed and scaled to 500, for each takes seconds.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import sides
from benchmarks.table import Line
from benchmarks.validation_rows import write

if TYPE_CHECKING:
    from benchmarks.sides import Side

DRAWS = 500
_PEER_DRAWS = 3


def compare(rows: int) -> Line:
    """Return what both sides took for the same rows; the figures must agree to 1e-9."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "predictions.parquet"
        write(path, rows)
        mine = sides.ours("benchmarks.validation_ours", str(path), str(DRAWS))
        theirs = sides.named("validation", "peer_validation.py", str(path), str(_PEER_DRAWS))
        other = sides.named("seismometer", "peer_seismometer.py", str(path))
    _agree(mine, theirs)
    a_draw = theirs.said["a_draw"]
    print(
        f"  of ours: {mine.said['seconds']:.1f} s by the clock, {mine.said['cpu_seconds']:.1f} s "
        f"of processors, {mine.said['groups']} groups\n"
        f"  a draw of theirs: {a_draw['draw']:.2f} s to take rows, {a_draw['sklearn']:.2f} s of "
        f"scikit-learn, {a_draw['fairlearn']:.2f} s of fairlearn; {_PEER_DRAWS} draws were timed "
        f"and scaled to {DRAWS}\n"
        f"  dcurves, one curve without draws: {theirs.said['dcurves']:.2f} s; seismometer, its "
        f"figures of model and ten groups without draws: {other.said['seconds']:.2f} s, AUROC "
        f"{other.said['auroc']:.4f} from 101 thresholds against {mine.said['auroc']:.4f}"
    )
    return Line(
        work=f"whole validation, {DRAWS} draws, {mine.said['groups']} groups, baseline paired",
        rows=rows,
        seconds=mine.said["seconds"],
        peak_mib=mine.peak_mib,
        peer=f"scikit-learn, fairlearn and dcurves, scaled from {_PEER_DRAWS} draws",
        peer_seconds=DRAWS * sum(a_draw.values()) + theirs.said["dcurves"],
        peer_peak_mib=theirs.peak_mib,
        bar=20.0,
        seconds_bar=30.0,
        peak_mib_bar=3 * 1024.0,
    )


def _agree(mine: Side, theirs: Side) -> None:
    """Stop where a figure of the two sides differs."""
    for name in ("auroc", "average_precision", "brier"):
        if not math.isclose(mine.said[name], theirs.said[name], abs_tol=1e-9):
            raise SystemExit(f"{name} differs: {mine.said[name]} and {theirs.said[name]}")
    for threshold, value in mine.said["net_benefit"].items():
        other = theirs.said["net_benefit"].get(threshold)
        if other is not None and not math.isclose(value, other, abs_tol=1e-9):
            raise SystemExit(f"net benefit at {threshold} differs: {value} and {other}")
