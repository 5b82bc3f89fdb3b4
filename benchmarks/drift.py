"""Univariate drift of sixty features: ours, Evidently and NannyML on the same two files.

Ours makes PSI, Jensen-Shannon, KS, Wasserstein, missingness and decile ratios of every feature in
one reading. Evidently takes one measure a run, so four runs; NannyML makes three, and missing
values. Times leave out reading the files.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import sides
from benchmarks.drift_rows import FEATURES, write
from benchmarks.table import Line

if TYPE_CHECKING:
    from benchmarks.sides import Side

#: How far figures may lie apart: both normalise alike; NannyML's KS looks at quantiles only.
_SAME, _NEAR = 1e-6, 2e-3


def compare(rows: int) -> list[Line]:
    """Return what all three took for the same rows; the figures must agree where they mean one."""
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), rows)
        mine = sides.ours("benchmarks.drift_ours", name)
        evidently = sides.named("evidently", "peer_evidently.py", name)
        nannyml = sides.named("nannyml", "peer_nannyml.py", name)
    _agree(mine, evidently, nannyml)
    each = ", ".join(f"{name} {took:.1f} s" for name, took in evidently.said["took"].items())
    processors = ", ".join(
        f"{name} {side.said['cpu_seconds']:.1f} s"
        for name, side in (("ours", mine), ("Evidently", evidently), ("NannyML", nannyml))
    )
    print(f"  Evidently by measure: {each}\n  of processors: {processors}")
    told = (("Evidently, four measures", evidently, 40.0), ("NannyML", nannyml, 4.0))
    return [
        Line(
            work=f"drift of {FEATURES} features, all univariate measures",
            rows=rows,
            seconds=mine.said["seconds"],
            peak_mib=mine.peak_mib,
            peer=peer,
            peer_seconds=side.said["seconds"],
            peer_peak_mib=side.peak_mib,
            bar=bar,
            seconds_bar=5.0,
            peak_mib_bar=4 * 1024.0,
        )
        for peer, side, bar in told
    ]


def _agree(mine: Side, evidently: Side, nannyml: Side) -> None:
    """Stop where a figure that means the same differs.

    Raises:
        SystemExit: naming the measure and the feature.
    """
    ours = list(mine.said["figures"].values())
    pairs = (
        ("wasserstein", evidently.said["figures"]["wasserstein"], _SAME),
        ("ks", nannyml.said["figures"]["kolmogorov_smirnov"], _NEAR),
    )
    for name, theirs, within in pairs:
        for at, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            if abs(one[name] - other) > within:
                raise SystemExit(f"{name} of feature {at}: ours {one[name]}, theirs {other}")
