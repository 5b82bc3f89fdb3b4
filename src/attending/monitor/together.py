"""Put what the monitors saw together: trust conditions, one finding a cause, causes named."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from attending.monitor.causes import explain
from attending.monitor.findings import group, make, strongest
from attending.monitor.trust import conditions
from attending.records.monitoring import Condition, Finding, Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.records.monitoring import Reference
    from attending.specs.monitoring import MonitoringSpec

#: What one monitor gives.
Seen: TypeAlias = tuple[tuple[Finding, ...], tuple[Measure, ...]]


def together(
    spec: MonitoringSpec, held: Reference, parts: Sequence[Seen], *, overdue: tuple[str, ...] = ()
) -> tuple[tuple[Finding, ...], tuple[Measure, ...], tuple[Condition, ...]]:
    """Return all findings, each with its cause, all measures, and the trust conditions.

    Args:
        spec: the policy.
        held: the reference, which names the feed of each feature.
        parts: what each monitor gave.
        overdue: names of reviews that are overdue.
    """
    measures = tuple(one for _, some in parts for one in some)
    asked, broken = conditions(spec, measures)
    found = [one for some, _ in parts for one in some]
    found += [*broken, *(_overdue(spec, name) for name in overdue)]
    sources = {one.name: one.source for one in held.features if one.source}
    grouped = group(_switched(strongest(found)), sources, at_least=spec.data.group_at)
    told = tuple(
        one.model_copy(update={"remedies": spec.remedies(one.drift, one.severity)})
        for one in explain(spec, grouped)
    )
    return told, measures, asked


def _switched(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return findings without mixed units where newer values have all switched: one cause."""
    whole = {(one.subject, one.site) for one in found if one.name == "unit_switch"}
    return tuple(
        one for one in found if one.name != "mixed_units" or (one.subject, one.site) not in whole
    )


def at_site(site: str, seen: Seen) -> Seen:
    """Return what a monitor saw, said of one site."""
    found, measures = seen
    return (
        tuple(one.model_copy(update={"site": site}) for one in found),
        tuple(one.model_copy(update={"subject": site}) for one in measures),
    )


def _overdue(spec: MonitoringSpec, name: str) -> Finding:
    """Return the finding that a review is overdue; it is its owner's."""
    found = make(
        spec,
        ("workflow", "watch"),
        "review_overdue",
        subject=name,
        meaning=f"The review '{name}' is overdue, so nobody has looked as was agreed.",
    )
    owners = [one.owner for one in spec.reviews if one.name == name]
    said = {"action": f"Do the review '{name}' and record it: `attending review record`."}
    return found.model_copy(update={**said, "owner": owners[0] if owners else found.owner})
