"""Workflow drift: how the score is used. What nobody recorded is "not observed", never "fine"."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from attending.monitor.findings import make
from attending.records.monitoring import Measure

if TYPE_CHECKING:
    from attending.records.monitoring import Finding, Reference, Severity
    from attending.specs.monitoring import MonitoringSpec

_CHANCE_Z = 5.0


@dataclass(frozen=True)
class Usage:
    """Counts of one window: predictions asked for, refused by scope, unscored, scored, alerted."""

    asked: int
    refused: int
    unscored: int
    scored: int
    alerted: int


@dataclass(frozen=True)
class Responses:
    """What people did with the alerts that they were shown, as they recorded it."""

    shown: int
    acknowledged: int
    overridden: int


def look(
    spec: MonitoringSpec, held: Reference, usage: Usage, *, responses: Responses | None
) -> tuple[tuple[Finding, ...], tuple[Measure, ...]]:
    """Return what the window shows of alerts, refusals and responses.

    Args:
        spec: the policy.
        held: the reference, for the validated alert rate.
        usage: counts of the window.
        responses: what people recorded, or None when nothing was.
    """
    parts = (
        _alerts(spec, held, usage),
        _refusals(spec, usage),
        _responses(spec, responses),
    )
    found = tuple(one for some, _ in parts for one in some)
    return found, tuple(one for _, some in parts for one in some)


def _alerts(
    spec: MonitoringSpec, held: Reference, usage: Usage
) -> tuple[tuple[Finding, ...], tuple[Measure, ...]]:
    """Return the alert rate against the validated one; its cause is named by `run`."""
    if held.alert_rate is None or usage.scored < spec.data.minimum_rows:
        why = f"{usage.scored} scores in the window, {spec.data.minimum_rows} are needed"
        why = why if held.alert_rate is not None else "the reference has no threshold"
        names = ("alert_rate", "alert_rate_ratio")
        gaps = tuple(Measure(name=n, n=usage.scored, state="not_shown", why=why) for n in names)
        return (), gaps
    rate = usage.alerted / usage.scored
    least = max(held.alert_rate, 1 / held.n)
    times = rate / least
    limit = spec.workflow.alert_ratio_act
    measures = (
        Measure(name="alert_rate", value=rate, n=usage.scored),
        Measure(name="alert_rate_ratio", value=times, bound=limit, n=usage.scored),
    )
    spread = (least * (1 - least) * (1 / usage.scored + 1 / held.n)) ** 0.5
    apart = max(times, 1 / times if times > 0 else float("inf"))
    if apart < spec.workflow.alert_ratio_watch:
        return (), measures
    told = f"{rate:.1%} of scores alert where {held.alert_rate:.1%} did at validation"
    if abs(rate - held.alert_rate) <= _CHANCE_Z * spread:
        why = f"{told}; no finding, because {usage.scored} scores differ as much by chance"
        return (), (measures[0], measures[1].model_copy(update={"why": why}))
    severity: Severity = "act" if apart >= limit else "watch"
    bound = limit if severity == "act" else spec.workflow.alert_ratio_watch
    found = make(
        spec,
        ("unknown", severity),
        "alert_rate",
        subject="alerts",
        figure=(times, bound),
        meaning=f"{told}; the wards' workload is not what was agreed.",
    )
    return (found,), measures


def _refusals(
    spec: MonitoringSpec, usage: Usage
) -> tuple[tuple[Finding, ...], tuple[Measure, ...]]:
    """Return the share of requests that scope refused, and of those left without a score."""
    if usage.asked < spec.data.minimum_rows:
        why = f"{usage.asked} requests in the window, {spec.data.minimum_rows} are needed"
        names = ("refused_share", "no_score_share")
        return (), tuple(Measure(name=n, n=usage.asked, state="not_shown", why=why) for n in names)
    share = usage.refused / usage.asked
    limit = spec.workflow.refused_share
    measures = (
        Measure(name="refused_share", value=share, bound=limit, n=usage.asked),
        Measure(name="no_score_share", value=usage.unscored / usage.asked, n=usage.asked),
    )
    if share <= limit:
        return (), measures
    serious = share >= spec.workflow.refused_act
    found = make(
        spec,
        ("workflow", "act" if serious else "watch"),
        "scope_refusals",
        subject="requests",
        figure=(share, spec.workflow.refused_act if serious else limit),
        meaning=f"{share:.0%} of requests are for patients outside the intended use; the score "
        "is being asked for where it was not validated.",
    )
    return (found,), measures


def _responses(
    spec: MonitoringSpec, responses: Responses | None
) -> tuple[tuple[Finding, ...], tuple[Measure, ...]]:
    """Return the shares of alerts that were acknowledged and overridden."""
    names = ("acknowledged_share", "override_share")
    if responses is None:
        why = "no acknowledgements or overrides are recorded"
        return (), tuple(Measure(name=n, state="not_observed", why=why) for n in names)
    if responses.shown < spec.workflow.minimum_alerts:
        why = f"{responses.shown} alerts were shown, {spec.workflow.minimum_alerts} are needed"
        return (), tuple(
            Measure(name=n, n=responses.shown, state="not_shown", why=why) for n in names
        )
    seen = responses.acknowledged / responses.shown
    overridden = responses.overridden / responses.shown
    limits = (spec.workflow.acknowledged_share, spec.workflow.override_share)
    measures = tuple(
        Measure(name=name, value=value, bound=limit, n=responses.shown)
        for name, value, limit in zip(names, (seen, overridden), limits, strict=True)
    )
    ask = partial(make, spec, ("workflow", "act"), subject="alerts")
    found: list[Finding] = []
    if seen < limits[0]:
        words = f"Only {seen:.0%} of alerts are acknowledged; most are not read."
        found.append(ask("acknowledged", meaning=words, figure=(seen, limits[0])))
    if overridden > limits[1]:
        words = f"{overridden:.0%} of alerts are overridden; people no longer act on them."
        found.append(ask("overrides", meaning=words, figure=(overridden, limits[1])))
    return tuple(found), measures
