"""Concept drift: do the same scores still mean the same risk? Mature outcomes only.

Too few events are "not shown", never "fine". A fall of events among alerted patients alone is
what a helpful alert looks like, so it is called workflow and never answered by retraining.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.monitor.alerts_help import alerts_help
from attending.monitor.causes import HELPED
from attending.monitor.figures import area, intercept, ratio
from attending.monitor.findings import make
from attending.monitor.sequence import Evidence, evidence
from attending.monitor.together import at_site
from attending.records.monitoring import Measure
from attending.statistics.special import ndtri

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from attending.monitor.reference import Times
    from attending.records.monitoring import Drift, Finding, Reference, Severity
    from attending.specs.monitoring import ConceptMonitor, MonitoringSpec
    from attending.types import Floats, Ints, Mask, Outcomes

#: Looks at a figure of outcomes that are as good as independent, in a year.
_WEEKS = 52
_NAMES = ("oe", "calibration_in_the_large", "auroc", "auroc_drop")


@dataclass(frozen=True)
class Matured:
    """Live scores whose outcomes are mature, one for each stay, since the deployment began.

    `site` names each one's site, shape (n,); empty where sites are not watched.
    """

    risk: Floats
    outcome: Outcomes
    flagged: Mask
    matured_at: Times
    site: NDArray[Any] = field(default_factory=lambda: np.empty(0, np.str_))  # str or object

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.risk)

    def where(self, keep: Mask) -> Matured:
        """Return some of them."""
        site = self.site[keep] if len(self.site) else self.site
        return Matured(
            self.risk[keep], self.outcome[keep], self.flagged[keep], self.matured_at[keep], site
        )

    def of(self, site: str) -> Matured:
        """Return those of one site; all of them when it is empty."""
        return self.where(self.site == site) if site else self


@dataclass(frozen=True)
class Proven:
    """The highest e-value so far, and the site whose bet won most of it; empty for all sites."""

    value: float
    site: str = ""


@dataclass(frozen=True)
class Looks:
    """When outcomes are looked at, whether people see the scores, and in how many places."""

    at: np.datetime64
    shown: bool
    places: int = 1


def judge(
    spec: MonitoringSpec,
    held: Reference,
    matured: Matured,
    *,
    at: np.datetime64,
    shown: bool,
    by_site: Mapping[str, Reference] | None = None,
) -> tuple[tuple[Finding, ...], tuple[Measure, ...]]:
    """Return what mature outcomes show of calibration and discrimination.

    Args:
        spec: the policy.
        held: the reference.
        matured: mature outcomes since the deployment began.
        at: the instant of the report, UTC.
        shown: whether people see the scores, so that alerts can change outcomes.
        by_site: the reference of each site that is also watched alone.
    """
    sites = by_site or {}
    value = proven_by(spec.concept, matured, tuple(sorted(sites)))
    seen = Looks(at, shown, 1 + len(sites))
    parts = [weigh(spec, held, matured, seen=seen, proven=value)]
    parts += [weigh_site(spec, sites[name], matured, seen=seen) for name in sorted(sites)]
    found = tuple(one for some, _ in parts for one in some)
    return found, tuple(one for _, some in parts for one in some)


def weigh(
    spec: MonitoringSpec,
    held: Reference,
    matured: Matured,
    *,
    seen: Looks,
    proven: Proven,
) -> tuple[tuple[Finding, ...], tuple[Measure, ...]]:
    """Return what `judge` does of all sites together, from an e-value that is already known.

    Args:
        spec: the policy.
        held: the reference.
        matured: mature outcomes since the deployment began.
        seen: when and how things are looked at.
        proven: the highest e-value so far.
    """
    recent = lately(spec, matured, seen.at)
    bound = 1 / spec.concept.alpha
    known = Measure(name="oe_e_value", value=proven.value, bound=bound, n=len(matured))
    moved = calibration(spec, matured, recent, proven=proven, shown=seen.shown)
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
        return moved, (known, *gaps)
    helped = seen.shown and alerts_help(recent.risk, recent.outcome, recent.flagged)
    ranks, found = discrimination(spec, held, recent, helped=helped, looks=seen.places)
    figures = (ratio(recent.outcome, recent.risk), intercept(recent.outcome, recent.risk))
    return (*moved, *found), (known, *figures, *ranks)


def weigh_site(
    spec: MonitoringSpec, held: Reference, matured: Matured, *, seen: Looks
) -> tuple[tuple[Finding, ...], tuple[Measure, ...]]:
    """Return observed over expected and discrimination of one site; its e-value is in the whole.

    Args:
        spec: the policy.
        held: the reference of the site.
        matured: mature outcomes of all sites.
        seen: when and how things are looked at.
    """
    everywhere = lately(spec, matured, seen.at)
    recent = everywhere.of(held.site)
    events = max(int(recent.outcome.sum()), float(recent.risk.sum()))
    if events < spec.concept.minimum_events:
        why = f"{events:.0f} events at the site, {spec.concept.minimum_events} are needed"
        names = ("oe", "auroc", "auroc_drop")
        gaps = [Measure(name=n, n=len(recent), state="not_shown", why=why) for n in names]
        return at_site(held.site, ((), tuple(gaps)))
    # What alerts do everywhere they do here, too, where fewer events may not show it.
    helped = seen.shown and any(
        alerts_help(some.risk, some.outcome, some.flagged) for some in (recent, everywhere)
    )
    ranks, found = discrimination(spec, held, recent, helped=helped, looks=seen.places)
    figures = (ratio(recent.outcome, recent.risk), *ranks)
    return at_site(held.site, (found, figures))


def lately(spec: MonitoringSpec, matured: Matured, at: np.datetime64) -> Matured:
    """Return what matured within the window of the policy."""
    start = at - np.timedelta64(spec.concept.window, "us")
    return matured.where((matured.matured_at <= at) & (matured.matured_at > start))


@dataclass(frozen=True)
class Proof:
    """The highest e-values so far, by day: of the policy's bet, and of each part of it.

    `places` has the bet on all patients under an empty name, and that on each site.
    """

    total: Floats
    places: dict[str, Floats]

    def on(self, day: int) -> Proven:
        """Return how things stand at the end of a day."""
        best = max(self.places, key=lambda name: (float(self.places[name][day]), name == ""))
        return Proven(float(self.total[day]), best)


def proof(
    monitor: ConceptMonitor,
    matured: Matured,
    *,
    day: Ints,
    days: int,
    sites: tuple[str, ...] = (),
) -> Proof:
    """Return the highest e-value so far against "calibrated within the tolerance", by day.

    It bets alike on all patients, on the alerted ones and on the others, because alerts that help
    change only those whom they reach; the mean of the three is a bet as well. Where sites are
    watched, half of the stake is on all patients and half is shared by the sites, so that looking
    at many sites costs no chance of a wrong alarm.

    Args:
        monitor: the policy.
        matured: mature outcomes.
        day: the day on which each matured, 0 and up.
        days: how many days to return.
        sites: those that are also watched alone.
    """
    bets = {"": _bet(monitor, matured, day, days=days)}
    for name in sites:
        here = matured.site == name
        bets[name] = _bet(monitor, matured.where(here), day[here], days=days)
    total = bets[""]
    if sites:
        total = (total + np.mean([bets[name] for name in sites], axis=0)) / 2
    peaks = {name: np.maximum.accumulate(bet) for name, bet in bets.items()}
    return Proof(np.maximum.accumulate(total), peaks)


def _bet(monitor: ConceptMonitor, matured: Matured, day: Ints, *, days: int) -> Floats:
    """Return the e-value of some patients, by day."""
    groups = (np.ones(len(matured), np.bool_), matured.flagged, ~matured.flagged)
    bets = [
        evidence(monitor, matured.risk[keep], matured.outcome[keep], day=day[keep], days=days).both
        for keep in groups
    ]
    mean: Floats = np.mean(bets, axis=0)
    return mean


def proven_by(monitor: ConceptMonitor, matured: Matured, sites: tuple[str, ...]) -> Proven:
    """Return the highest e-value so far; what was proven stays proven.

    Args:
        monitor: the policy.
        matured: mature outcomes since the deployment began.
        sites: those that are also watched alone.
    """
    if len(matured) == 0:
        return Proven(1.0)
    day = _days(matured)
    days = int(day.max()) + 1
    return proof(monitor, matured, day=day, days=days, sites=sites).on(-1)


def calibration(
    spec: MonitoringSpec, matured: Matured, recent: Matured, *, proven: Proven, shown: bool
) -> tuple[Finding, ...]:
    """Return the finding that the e-value gives, if any.

    Args:
        spec: the policy.
        matured: mature outcomes since the deployment began.
        recent: those of the policy's window.
        proven: the highest e-value so far, and where.
        shown: whether people see the scores.
    """
    monitor = spec.concept
    if proven.value < 1 / monitor.watch_alpha:
        return ()
    here, lately_here = matured.of(proven.site), recent.of(proven.site)
    kind, name, bound = _what(spec, here, lately_here, value=proven.value, shown=shown)
    observed, predicted = float(lately_here.outcome.sum()), float(lately_here.risk.sum())
    times = observed / predicted if predicted > 0 else 0.0
    meaning = f"Events now happen {times:.2f} times as often as the scores say."
    if kind[0] == "workflow":
        meaning = (
            "Fewer events than predicted among alerted patients only: the alerts may be working. "
            "Do not retrain on this."
        )
    figure = (proven.value, bound)
    found = make(spec, kind, name, subject="outcomes", figure=figure, meaning=meaning)
    return (found.model_copy(update={"site": proven.site}),)


def _what(
    spec: MonitoringSpec, matured: Matured, recent: Matured, *, value: float, shown: bool
) -> tuple[tuple[Drift, Severity], str, float]:
    """Return drift and severity, name and the bound that the e-value passed."""
    monitor = spec.concept
    if value < 1 / monitor.alpha:
        return ("concept", "watch"), "calibration", 1 / monitor.watch_alpha
    if shown and _only_after_alerts(monitor, matured, recent):
        return ("workflow", "act"), HELPED, 1 / monitor.alpha
    observed, predicted = float(recent.outcome.sum()), float(recent.risk.sum())
    far = not monitor.oe_low * predicted <= observed <= monitor.oe_high * predicted
    return ("concept", "stop" if far else "act"), "calibration", 1 / monitor.alpha


def _only_after_alerts(monitor: ConceptMonitor, matured: Matured, recent: Matured) -> bool:
    """Return whether events fell among alerted patients while the others stayed as predicted."""
    alerted = _evidence(monitor, matured.where(matured.flagged))
    others = _evidence(monitor, matured.where(~matured.flagged))
    enough = 1 / monitor.watch_alpha
    fell = alerted.fewer.max(initial=1.0) >= enough > alerted.more.max(initial=1.0)
    alone = others.both.max(initial=1.0) < enough
    return bool(fell and alone and alerts_help(recent.risk, recent.outcome, recent.flagged))


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
    spec: MonitoringSpec, held: Reference, recent: Matured, *, helped: bool, looks: int
) -> tuple[tuple[Measure, ...], tuple[Finding, ...]]:
    """Return AUROC and its drop against validation, and the finding when it surely fell.

    It fell when the drop is larger than the policy's floor, and larger than chance explains over
    all looks of a life: a look a week, in every place, for a year.

    Args:
        spec: the policy.
        held: the reference, with the validated AUROC.
        recent: mature outcomes of the policy's window.
        helped: whether alerts prevent events, which lowers AUROC too.
        looks: in how many places it is looked at.
    """
    now = area(recent.outcome, recent.risk)
    if now.value is None or held.auroc is None:
        why = now.why or "validation gave no AUROC"
        gap = Measure(name="auroc_drop", n=len(recent), state="not_shown", why=why)
        return (now, gap), ()
    drop = held.auroc - now.value
    limit = spec.concept.auroc_drop
    chance = -float(ndtri(spec.concept.alpha / (_WEEKS * looks))) * _error(held, now)
    why = _perhaps(drop, chance, limit=limit, events=int(recent.outcome.sum()))
    fell = Measure(name="auroc_drop", value=drop, bound=limit, n=len(recent), why=why)
    if drop < max(limit, chance):
        return (now, fell), ()
    meaning = f"The score sorts patients worse: AUROC {now.value:.2f}, validated {held.auroc:.2f}."
    if helped:
        meaning += (
            " Events are rarer than predicted among alerted patients only, so the alerts may be "
            "working. Do not retrain on this."
        )
    found = make(
        spec,
        ("workflow" if helped else "concept", "act"),
        "auroc",
        subject="outcomes",
        figure=(drop, limit),
        meaning=meaning,
    )
    return (now, fell), (found,)


def _perhaps(drop: float, chance: float, *, limit: float, events: int) -> str:
    """Return why a fall beyond its bound is no finding; empty where it is one, or is small."""
    if not limit <= drop < chance:
        return ""
    why = f"with {events} events a fall up to {chance:.2f} may be chance in a year of weekly looks"
    if not np.isfinite(chance):
        why = "one of the two AUROCs has no interval, so chance is not ruled out"
    return f"AUROC fell by {drop:.2f} (bound {limit:g}); no finding, because {why}"


def _error(held: Reference, now: Measure) -> float:
    """Return the standard error of the difference of two AUROCs; without an interval, no limit."""
    widths = ((held.auroc_low, held.auroc_high), (now.low, now.high))
    if any(low is None or high is None for low, high in widths):
        return float("inf")
    squares = [((high or 0.0) - (low or 0.0)) ** 2 for low, high in widths]
    return float(sum(squares) ** 0.5 / (2 * 1.959963984540054))
