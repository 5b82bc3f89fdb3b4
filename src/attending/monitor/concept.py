"""Concept drift: do the same scores still mean the same risk? Mature outcomes only.

Too few events are "not shown", never "fine". A fall of events among alerted patients alone is
what a helpful alert looks like, so it is called workflow and never answered by retraining.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.monitor.causes import HELPED
from attending.monitor.figures import area, intercept, ratio
from attending.monitor.findings import make
from attending.monitor.sequence import Evidence, evidence
from attending.records.monitoring import Measure

if TYPE_CHECKING:
    from attending.monitor.reference import Times
    from attending.records.monitoring import Drift, Finding, Reference, Severity
    from attending.specs.monitoring import ConceptMonitor, MonitoringSpec
    from attending.types import Floats, Ints, Mask, Outcomes

_NAMES = ("oe", "calibration_in_the_large", "auroc", "auroc_drop")


@dataclass(frozen=True)
class Matured:
    """Live scores whose outcomes are mature, one for each stay, since the deployment began."""

    risk: Floats
    outcome: Outcomes
    flagged: Mask
    matured_at: Times

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.risk)

    def where(self, keep: Mask) -> Matured:
        """Return some of them."""
        return Matured(
            self.risk[keep], self.outcome[keep], self.flagged[keep], self.matured_at[keep]
        )


def judge(
    spec: MonitoringSpec, held: Reference, matured: Matured, *, at: np.datetime64, shown: bool
) -> tuple[tuple[Finding, ...], tuple[Measure, ...]]:
    """Return what mature outcomes show of calibration and discrimination.

    Args:
        spec: the policy.
        held: the reference.
        matured: mature outcomes since the deployment began.
        at: the instant of the report, UTC.
        shown: whether people see the scores, so that alerts can change outcomes.
    """
    value = _e_value(spec.concept, matured)
    return weigh(spec, held, matured, at=at, shown=shown, value=value)


def weigh(
    spec: MonitoringSpec,
    held: Reference,
    matured: Matured,
    *,
    at: np.datetime64,
    shown: bool,
    value: float,
) -> tuple[tuple[Finding, ...], tuple[Measure, ...]]:
    """Return what `judge` does, from an e-value that is already known.

    Args:
        spec: the policy.
        held: the reference.
        matured: mature outcomes since the deployment began.
        at: the instant of the report, UTC.
        shown: whether people see the scores.
        value: the highest e-value so far.
    """
    recent = lately(spec, matured, at)
    known = Measure(name="oe_e_value", value=value, bound=1 / spec.concept.alpha, n=len(matured))
    proven = calibration(spec, matured, recent, value=value, shown=shown)
    observed, predicted = int(recent.outcome.sum()), float(recent.risk.sum())
    if max(observed, predicted) < spec.concept.minimum_events:
        # Expected events count too: none seen where sixty were expected is a finding, not a gap.
        why = (
            f"{observed} events among {len(recent)} mature outcomes, "
            f"{spec.concept.minimum_events} are needed"
        )
        gaps = tuple(
            Measure(name=name, n=len(recent), state="not_shown", why=why) for name in _NAMES
        )
        return proven, (known, *gaps)
    ranks, found = discrimination(spec, held, recent)
    figures = (ratio(recent.outcome, recent.risk), intercept(recent.outcome, recent.risk))
    return (*proven, *found), (known, *figures, *ranks)


def lately(spec: MonitoringSpec, matured: Matured, at: np.datetime64) -> Matured:
    """Return what matured within the window of the policy."""
    start = at - np.timedelta64(spec.concept.window, "us")
    return matured.where((matured.matured_at <= at) & (matured.matured_at > start))


def proof(monitor: ConceptMonitor, matured: Matured, *, day: Ints, days: int) -> Floats:
    """Return the highest e-value so far against "calibrated within the tolerance", by day.

    It bets alike on all patients, on the alerted ones and on the others, because alerts that help
    change only those whom they reach; the mean of the three is a bet as well.

    Args:
        monitor: the policy.
        matured: mature outcomes.
        day: the day on which each matured, 0 and up.
        days: how many days to return.
    """
    groups = (np.ones(len(matured), np.bool_), matured.flagged, ~matured.flagged)
    bets = [
        evidence(monitor, matured.risk[keep], matured.outcome[keep], day=day[keep], days=days).both
        for keep in groups
    ]
    peak: Floats = np.maximum.accumulate(np.mean(bets, axis=0))
    return peak


def _e_value(monitor: ConceptMonitor, matured: Matured) -> float:
    """Return the highest e-value so far; what was proven stays proven."""
    if len(matured) == 0:
        return 1.0
    day = _days(matured)
    return float(proof(monitor, matured, day=day, days=int(day.max()) + 1)[-1])


def calibration(
    spec: MonitoringSpec, matured: Matured, recent: Matured, *, value: float, shown: bool
) -> tuple[Finding, ...]:
    """Return the finding that the e-value gives, if any.

    Args:
        spec: the policy.
        matured: mature outcomes since the deployment began.
        recent: those of the policy's window.
        value: the highest e-value so far.
        shown: whether people see the scores.
    """
    monitor = spec.concept
    if value < 1 / monitor.watch_alpha:
        return ()
    kind, name, bound = _what(spec, matured, recent, value=value, shown=shown)
    observed, predicted = float(recent.outcome.sum()), float(recent.risk.sum())
    times = observed / predicted if predicted > 0 else 0.0
    meaning = f"Events now happen {times:.2f} times as often as the scores say."
    if kind[0] == "workflow":
        meaning = (
            "Fewer events than predicted among alerted patients only: the alerts may be working. "
            "Do not retrain on this."
        )
    return (make(spec, kind, name, subject="outcomes", figure=(value, bound), meaning=meaning),)


def _what(
    spec: MonitoringSpec, matured: Matured, recent: Matured, *, value: float, shown: bool
) -> tuple[tuple[Drift, Severity], str, float]:
    """Return drift and severity, name and the bound that the e-value passed."""
    monitor = spec.concept
    if value < 1 / monitor.alpha:
        return ("concept", "watch"), "calibration", 1 / monitor.watch_alpha
    if shown and _only_after_alerts(monitor, matured):
        return ("workflow", "act"), HELPED, 1 / monitor.alpha
    observed, predicted = float(recent.outcome.sum()), float(recent.risk.sum())
    far = not monitor.oe_low * predicted <= observed <= monitor.oe_high * predicted
    return ("concept", "stop" if far else "act"), "calibration", 1 / monitor.alpha


def _only_after_alerts(monitor: ConceptMonitor, matured: Matured) -> bool:
    """Return whether events fell among alerted patients while the others stayed as predicted."""
    alerted = _evidence(monitor, matured.where(matured.flagged))
    others = _evidence(monitor, matured.where(~matured.flagged))
    enough = 1 / monitor.watch_alpha
    fell = alerted.fewer.max(initial=1.0) >= enough > alerted.more.max(initial=1.0)
    return bool(fell and others.both.max(initial=1.0) < enough)


def _evidence(monitor: ConceptMonitor, some: Matured) -> Evidence:
    """Return the e-values of a part of the outcomes, by day since the first."""
    day = _days(some)
    days = int(day.max(initial=-1)) + 1
    return evidence(monitor, some.risk, some.outcome, day=day, days=days)


def _days(some: Matured) -> Ints:
    """Return the day on which each outcome matured, counted from the first."""
    if len(some) == 0:
        return np.empty(0, np.int64)
    since = some.matured_at - some.matured_at.min()
    days: Ints = (since // np.timedelta64(1, "D")).astype(np.int64)
    return days


def discrimination(
    spec: MonitoringSpec, held: Reference, recent: Matured
) -> tuple[tuple[Measure, ...], tuple[Finding, ...]]:
    """Return AUROC and its drop against validation, and the finding when it surely fell.

    Args:
        spec: the policy.
        held: the reference, with the validated AUROC.
        recent: mature outcomes of the policy's window.
    """
    now = area(recent.outcome, recent.risk)
    if now.value is None or held.auroc is None:
        why = now.why or "validation gave no AUROC"
        gap = Measure(name="auroc_drop", n=len(recent), state="not_shown", why=why)
        return (now, gap), ()
    drop = held.auroc - now.value
    limit = spec.concept.auroc_drop
    fell = Measure(name="auroc_drop", value=drop, bound=limit, n=len(recent))
    if now.high is None or now.high >= held.auroc - limit:
        return (now, fell), ()
    meaning = f"The score sorts patients worse: AUROC {now.value:.2f}, validated {held.auroc:.2f}."
    found = make(
        spec,
        ("concept", "act"),
        "auroc",
        subject="outcomes",
        figure=(drop, limit),
        meaning=meaning,
    )
    return (now, fell), (found,)
