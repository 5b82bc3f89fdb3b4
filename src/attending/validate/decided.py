"""The model beside decisions that people took: at as many alerts, and at as many found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.records.range import Range
from attending.records.validation_parts import DecisionsRow
from attending.statistics.bootstrap_draws import spread
from attending.statistics.suppression import is_small
from attending.statistics.threshold_metrics import counts_of_flags
from attending.validate.cuts import ACTED
from attending.validate.data import MODEL
from attending.validate.tables import small_cell

if TYPE_CHECKING:
    from typing import Literal

    from attending.types import Floats
    from attending.validate.evidence import Evidence


def decision_rows_of(evidence: Evidence) -> tuple[DecisionsRow, ...]:
    """Return two rows a baseline of decisions, which are the two fair ways to compare with it."""
    rows = []
    for name, (alerts, found) in evidence.decided.items():
        rows.append(decided_row(evidence, name, at="equal_alerts", cut=alerts))
        rows.append(decided_row(evidence, name, at="equal_sensitivity", cut=found))
    return tuple(rows)


def decided_row(
    evidence: Evidence, name: str, *, at: Literal["equal_alerts", "equal_sensitivity"], cut: float
) -> DecisionsRow:
    """Return the model beside one baseline of decisions, in one of the two ways."""
    group = evidence.paired("all", name)
    mask = evidence.masks[group]
    n, _ = evidence.counts(mask)
    few = is_small(evidence.data.outcome.size - n, smallest=evidence.small)
    blank = DecisionsRow(baseline=name, at=at, rows=None if few else n)
    acted = counts_of_flags(
        evidence.data.outcome[mask], evidence.data.baselines[name].score[mask] > ACTED
    )
    mine = counts_of_flags(evidence.data.outcome[mask], evidence.data.risk[mask] >= cut)
    hidden = any(small_cell(found, evidence.small) for found in (acted, mine))
    if hidden or not evidence.enough(mask):
        return blank
    measure = "sensitivity" if at == "equal_alerts" else "alert_rate"
    first = evidence.draws.values(measure, MODEL, group=group, threshold=cut)
    second = evidence.draws.values(measure, name, group=group, threshold=ACTED)
    away = spread((first - second)[1:])
    return blank.model_copy(
        update={
            "threshold": cut,
            "model_value": float(first[0]),
            "decision_value": float(second[0]),
            "difference": Range(value=float(first[0] - second[0]), low=away.low, high=away.high),
            "verdict": _verdict((first - second) * (1.0 if at == "equal_alerts" else -1.0)),
        }
    )


def _verdict(better: Floats) -> Literal["better", "worse", "not_shown"]:
    found = spread(better[1:])
    if found.low is not None and found.low > 0.0:
        return "better"
    return "worse" if found.high is not None and found.high < 0.0 else "not_shown"
