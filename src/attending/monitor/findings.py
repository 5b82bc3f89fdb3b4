"""Make findings by the policy's ladder, and group those that have one cause."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from attending.records.monitoring import SEVERITIES, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from attending.records.monitoring import Drift, Severity
    from attending.specs.monitoring import MonitoringSpec


def make(
    spec: MonitoringSpec,
    kind: tuple[Drift, Severity],
    name: str,
    *,
    subject: str,
    meaning: str,
    figure: tuple[float, float] | None = None,
) -> Finding:
    """Return a finding with the action and the owner that the ladder names.

    Args:
        spec: the policy.
        kind: the drift type and the severity.
        name: what was found, one word such as `psi`.
        subject: the feature, feed or measure.
        meaning: one sentence on what it means in the clinic.
        figure: the figure and the bound that it passed.
    """
    rung = spec.rung(*kind)
    return Finding(
        drift=kind[0],
        severity=kind[1],
        name=name,
        subject=subject,
        figure=figure[0] if figure else None,
        bound=figure[1] if figure else None,
        meaning=meaning,
        action=rung.action,
        owner=rung.owner,
    )


def strongest(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return one finding for each name, subject and site: the most severe."""
    best: dict[tuple[str, str, str], Finding] = {}
    for one in findings:
        key = (one.name, one.subject, one.site)
        if key not in best or _level(one) > _level(best[key]):
            best[key] = one
    return tuple(sorted(best.values(), key=_order))


def group(
    findings: Iterable[Finding], sources: dict[str, str], *, at_least: int
) -> tuple[Finding, ...]:
    """Return findings with missing features of one feed put together as one finding.

    Args:
        findings: what was found.
        sources: feature to feed; features without a feed stay alone.
        at_least: how many features of one feed make it the feed's finding.
    """
    together: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    rest: list[Finding] = []
    for one in findings:
        source = sources.get(one.subject, "")
        if one.name == "missing_rate" and source:
            together[source, one.site].append(one)
        else:
            rest.append(one)
    for (source, _), some in sorted(together.items()):
        rest += some if len(some) < at_least else [_feed(source, some)]
    return tuple(sorted(rest, key=_order))


def _feed(source: str, some: list[Finding]) -> Finding:
    """Return one finding for a feed, with all its features."""
    worst = max(some, key=lambda one: (_level(one), one.figure or 0.0, one.subject))
    names = tuple(sorted(one.subject for one in some))
    return worst.model_copy(
        update={
            "name": "feed_missing",
            "subject": source,
            "also": names,
            "meaning": f"{len(names)} features that come from {source} are missing together, "
            "so the feed is the likely cause and not the patients.",
        }
    )


def _level(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity)


def _order(finding: Finding) -> tuple[int, str, str, str, str]:
    return (-_level(finding), finding.drift, finding.name, finding.subject, finding.site)
