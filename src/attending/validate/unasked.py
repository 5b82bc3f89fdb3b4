"""What recorded predictions are asked when nobody says: thresholds near the observed rate.

Nobody agreed on these before the figures were seen, and the report says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.specs.recorded import RecordedSpec
from attending.statistics.suppression import tells_small

if TYPE_CHECKING:
    from collections.abc import Sequence

UNASKED = (
    "Nobody agreed on thresholds, gates or groups before these figures were seen: they are the "
    "defaults of this program. A `validation.yaml` asks your own."
)
_STEPS = 40


def unasked(
    table: pa.Table, *, thresholds: Sequence[float] = (), draws: int = 500, seed: int = 20_260_101
) -> RecordedSpec:
    """Return the measures, groups and gates for a plain table.

    Args:
        table: columns as `validate_predictions` takes them.
        thresholds: risks at which the team would act; the observed rate when none.
        draws: of the bootstrap.
        seed: of its weights.

    >>> import pyarrow as pa
    >>> asked = unasked(pa.table({"outcome": [1, 0, 0, 0, 0] * 60, "group_sex": ["F"] * 300}))
    >>> asked.thresholds[0].risk, asked.decision_curve.low, asked.decision_curve.high
    (0.2, 0.05, 0.8)
    """
    names = table.column_names
    baselines = [name.removeprefix("baseline_") for name in names if _is_baseline(name)]
    rate = _rate(table)
    asked = tuple(thresholds) or (rate,)
    return RecordedSpec.model_validate(
        {
            "baselines": baselines,
            "subgroups": [n.removeprefix("group_") for n in names if n.startswith("group_")],
            "thresholds": list(asked),
            "decision_curve": _curve(asked),
            "bootstrap": {"draws": draws, "seed": seed},
            "gates": _gates(baselines, asked, decisions=_decisions(table, baselines)),
        }
    )


def _is_baseline(name: str) -> bool:
    return name.startswith("baseline_") and not name.endswith("_risk")


def _rate(table: pa.Table) -> float:
    """Return the observed rate to two figures; 0.2 where it would tell a small count."""
    outcome = table["outcome"].drop_null()
    events = int(pc.sum(outcome).as_py() or 0)
    if tells_small(events, len(outcome)) or events in {0, len(outcome)}:
        return 0.2
    rate = events / len(outcome)
    rounded = float(np.format_float_positional(rate, precision=2, fractional=False))
    return min(max(rounded, 0.001), 0.99)


def _curve(asked: Sequence[float]) -> dict[str, float]:
    """Return a range from a quarter of the lowest threshold to four times the highest."""
    low = max(round(min(asked) / 4, 3), 0.001)
    high = min(round(max(asked) * 4, 3), 0.95)
    step = max(round((high - low) / _STEPS, 3), 0.001)
    return {"low": low, "high": max(high, low + step), "step": step}


def _decisions(table: pa.Table, baselines: Sequence[str]) -> frozenset[str]:
    """Return the baselines that hold 0 and 1 alone: an AUROC of a yes or no is no fair match."""
    only = pa.array([0.0, 1.0])
    return frozenset(
        name
        for name in baselines
        if pc.all(pc.is_in(table[f"baseline_{name}"].cast("float64").drop_null(), only)).as_py()
    )


def _gates(
    baselines: Sequence[str], asked: Sequence[float], *, decisions: frozenset[str]
) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [
        {"gate": "minimum_events", "events": 100, "non_events": 100},
        {"gate": "calibration_slope", "low": 0.8, "high": 1.2},
        {"gate": "observed_expected", "low": 0.8, "high": 1.25},
    ]
    made += [
        {"gate": "net_benefit_not_worse", "baseline": other, "thresholds": list(asked)}
        for other in ("treat_all", "treat_none")
    ]
    return made + [
        {"gate": "better_or_adds" if name in decisions else "beats_baseline", "baseline": name}
        for name in baselines
    ]
