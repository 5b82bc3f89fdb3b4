"""Thresholds, decision curve, curves and histogram, with small counts left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.records.range import Range
from attending.records.validation import Curves, DecisionRow, HistogramBar, RocPoint, ThresholdRow
from attending.statistics.net_benefit import decision_thresholds, odds_of
from attending.statistics.roc import roc_points
from attending.statistics.suppression import is_small, suppress, tells_small
from attending.statistics.threshold_metrics import counts_of_flags
from attending.statistics.workload import alerts_per_100_patient_days, burden
from attending.validate.cuts import ACTED
from attending.validate.data import MODEL
from attending.validate.estimates import drawn
from attending.validate.evidence import ALL

if TYPE_CHECKING:
    from attending.statistics.threshold_metrics import Counts
    from attending.types import Floats, Mask
    from attending.validate.evidence import Evidence

_BARS = 50
_FEW_BARS = 10
#: Events and non-events from which narrow bars hold more than a few of each.
_MANY = 500


def small_cell(found: Counts, smallest: int) -> bool:
    """Return whether shares at a threshold would tell a small count.

    >>> from attending.statistics.threshold_metrics import Counts
    >>> small_cell(Counts(40, 60, 5, 100), 10), small_cell(Counts(40, 60, 50, 100), 10)
    (True, False)
    """
    return any(is_small(count, smallest=smallest) for count in found)


def threshold_rows(evidence: Evidence) -> tuple[ThresholdRow, ...]:
    """Return what each threshold does with each model that has one."""
    rows = []
    for name in evidence.risks:
        known = ~np.isnan(evidence.risks[name])
        if not evidence.enough(known):
            continue
        for at, cut in enumerate(evidence.cuts[name]):
            if cut is not None:
                rows.append(_threshold_row(evidence, name, at=at, cut=cut, known=known))
    return tuple(rows)


def _threshold_row(
    evidence: Evidence, name: str, *, at: int, cut: float, known: Mask
) -> ThresholdRow:
    asked = evidence.spec.thresholds[at]
    risk, outcome = evidence.risks[name][known], evidence.data.outcome[known]
    found = counts_of_flags(outcome, risk >= cut)
    hidden = small_cell(found, evidence.small)
    few = tells_small(found.flagged, found.rows, smallest=evidence.small)
    day = None if evidence.day is None else evidence.day[known]
    load = burden(risk, evidence.patient[known], threshold=cut, day=day)

    def shown(measure: str) -> Range:
        return drawn(evidence.draws, measure, name, group=ALL, threshold=cut)

    shares = {
        measure: Range() if hidden else shown(measure)
        for measure in ("sensitivity", "specificity", "ppv", "npv", "net_benefit")
    }
    days = evidence.data.patient_days
    per_days = None if days is None else alerts_per_100_patient_days(load.alerts, patient_days=days)
    return ThresholdRow(
        model=name,
        rule=asked.rule,
        asked=asked.asked,
        threshold=cut,
        **shares,
        nne=None if hidden or found.tp == 0 else found.flagged / found.tp,
        alert_rate=Range() if few else shown("alert_rate"),
        alerts_per_day=None if few else load.per_day,
        busy_day=None if few else load.busy_day,
        alerts_per_100_patients=None if few else load.per_100_patients,
        patients_alerted_per_100=None if few else load.patients_alerted_per_100,
        alerts_per_100_patient_days=None if few else per_days,
    )


def decision_rows(evidence: Evidence) -> tuple[DecisionRow, ...]:
    """Return net benefit over the range asked for: model, baselines, candidates, all and none."""
    asked = evidence.spec.decision_curve
    rows = []
    for threshold in decision_thresholds(asked.low, asked.high, step=asked.step):
        found = counts_of_flags(evidence.data.outcome, evidence.data.risk >= threshold)
        hidden = small_cell(found, evidence.small)
        model = drawn(evidence.draws, "net_benefit", MODEL, group=ALL, threshold=threshold)
        treat_all = evidence.draws.point("net_benefit_treat_all", MODEL, threshold=threshold)
        avoided = None
        if model.value is not None and treat_all is not None:
            avoided = 100.0 * (model.value - treat_all) / odds_of(threshold)
        rows.append(
            DecisionRow(
                threshold=threshold,
                model=Range() if hidden else model,
                treat_all=treat_all,
                baselines=_net_benefits(evidence, list(evidence.data.baselines), threshold),
                others=_net_benefits(evidence, list(evidence.data.others), threshold),
                avoided_per_100=None if hidden else avoided,
            )
        )
    return tuple(rows)


def _net_benefits(
    evidence: Evidence, names: list[str], threshold: float
) -> dict[str, float | None]:
    made: dict[str, float | None] = {}
    for name in names:
        known = ~np.isnan(evidence.risks[name])
        decides = evidence.decides(name)
        if not (decides or evidence.has_probability(name)) or not evidence.enough(known):
            continue
        mark = ACTED if decides else threshold
        flag = evidence.risks[name][known] >= mark
        found = counts_of_flags(evidence.data.outcome[known], flag)
        hidden = small_cell(found, evidence.small)
        value = evidence.draws.values("net_benefit", name, threshold=mark, weighed_at=threshold)
        made[name] = None if hidden or np.isnan(value[0]) else float(value[0])
    return made


def curves(evidence: Evidence) -> tuple[Curves, ...]:
    """Return thinned ROC and precision-recall points of every model, small counts left out."""
    made = []
    for name, risk in evidence.risks.items():
        known = ~np.isnan(risk)
        if evidence.enough(known):
            held = _held(evidence, name, known=known)
            made.append(Curves(model=name, points=_points(evidence, risk, known=known, held=held)))
    return tuple(made)


def _held(evidence: Evidence, name: str, *, known: Mask) -> list[tuple[int, int]]:
    """Return flagged events and non-events at the thresholds whose figures are shown."""
    outcome, risk = evidence.data.outcome[known], evidence.risks[name][known]
    cuts = [cut for cut in evidence.cuts[name] if cut is not None]
    counts = [counts_of_flags(outcome, risk >= cut) for cut in cuts]
    return [(c.tp, c.fp) for c in counts if not small_cell(c, evidence.small)]


def _points(
    evidence: Evidence, risk: Floats, *, known: Mask, held: list[tuple[int, int]]
) -> tuple[RocPoint, ...]:
    """Return points far enough from each other: their differences are counts, too."""
    outcome = evidence.data.outcome[known]
    events = int(outcome.sum())
    others = outcome.size - events
    points = []
    for found in roc_points(outcome, risk[known]):
        cells = (found.tp, found.fp, events - found.tp, others - found.fp)
        apart = [abs(a - b) for one in held for a, b in zip((found.tp, found.fp), one, strict=True)]
        if not any(is_small(count, smallest=evidence.small) for count in (*cells, *apart)):
            held.append((found.tp, found.fp))
            points.append(
                RocPoint(
                    threshold=found.threshold,
                    sensitivity=found.tp / events,
                    specificity=1.0 - found.fp / others,
                    precision=found.tp / (found.tp + found.fp),
                )
            )
    return tuple(points)


def histogram(evidence: Evidence) -> tuple[HistogramBar, ...]:
    """Return rows by outcome in 50 bars of risk, small counts and what tells them left out.

    With fewer than 500 events or non-events there are 10 bars, so that most can be shown.
    """
    total, found = evidence.counts(evidence.masks[ALL])
    bars = _BARS if min(found, total - found) >= _MANY else _FEW_BARS
    edges = np.arange(bars + 1) / bars
    at = np.minimum((evidence.data.risk * bars).astype(np.int64), bars - 1)
    sizes = np.bincount(at, minlength=bars)
    events = np.bincount(at, evidence.data.outcome, minlength=bars).astype(np.int64)
    columns = []
    for counts in (events.tolist(), (sizes - events).tolist()):
        hide = suppress(counts, smallest=evidence.small)
        columns.append([None if h else int(c) for h, c in zip(hide, counts, strict=True)])
    return tuple(
        HistogramBar(
            low=float(edges[k]),
            high=float(edges[k + 1]),
            events=columns[0][k],
            non_events=columns[1][k],
        )
        for k in range(bars)
    )
