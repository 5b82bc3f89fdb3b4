"""Hold the measures of the day to the trust conditions that were fixed in advance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attending.monitor.findings import make
from attending.records.monitoring import Condition, Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.records.monitoring import Drift, Finding
    from attending.specs.monitoring import MonitoringSpec, TrustCondition

#: What a breach of a measure speaks of; the rest is unknown until an input explains it.
_DRIFT: dict[str, Drift] = {
    "oe": "concept",
    "oe_e_value": "concept",
    "auroc": "concept",
    "auroc_drop": "concept",
    "auroc_estimated": "data",
    "multivariate": "data",
    "calibration_in_the_large": "concept",
    "missing_share": "data",
    "volume_ratio": "data",
    "refused_share": "workflow",
    "no_score_share": "data",
    "acknowledged_share": "workflow",
    "override_share": "workflow",
}


def conditions(
    spec: MonitoringSpec, measures: Sequence[Measure]
) -> tuple[tuple[Condition, ...], tuple[Finding, ...]]:
    """Return how each trust condition stands, and a finding for each that is broken.

    A required condition whose measure is not shown is broken too: trust that cannot be shown is
    not trust.

    Args:
        spec: the policy.
        measures: the day's measures; those of a single site are passed over.
    """
    by_name = {one.name: one for one in measures if not one.subject}
    stands: list[Condition] = []
    broken: list[Finding] = []
    for asked in spec.trust:
        held = _held(asked, by_name.get(asked.measure))
        stands.append(held)
        gap = asked.required and held.state in {"not_shown", "not_observed"}
        if held.state == "failed" or gap:
            broken.append(_broken(spec, asked, held))
    return tuple(stands), tuple(broken)


def _held(asked: TrustCondition, measure: Measure | None) -> Condition:
    """Return how one condition stands."""
    seen = measure or Measure(name=asked.measure, state="not_shown", why="not computed")
    out = False
    if seen.value is not None:
        low = asked.at_least is not None and seen.value < asked.at_least
        out = low or (asked.at_most is not None and seen.value > asked.at_most)
    shown = seen.state == "shown" and seen.value is not None
    return Condition(
        name=asked.name,
        measure=asked.measure,
        state=("failed" if out else "met") if shown else _gap(seen),
        value=seen.value,
        at_least=asked.at_least,
        at_most=asked.at_most,
    )


def _gap(seen: Measure) -> Literal["not_shown", "not_observed"]:
    return "not_observed" if seen.state == "not_observed" else "not_shown"


def _broken(spec: MonitoringSpec, asked: TrustCondition, held: Condition) -> Finding:
    """Return the finding of a condition that is broken or required and not shown."""
    if held.state != "failed" or held.value is None:
        return make(
            spec,
            ("unknown", asked.severity),
            "trust_not_shown",
            subject=asked.name,
            meaning=f"The condition '{asked.name}' is required and there is no evidence for it.",
        )
    low = asked.at_least is not None and held.value < asked.at_least
    bound = asked.at_least if low else asked.at_most
    return make(
        spec,
        (_DRIFT.get(asked.measure, "unknown"), asked.severity),
        "trust",
        subject=asked.name,
        figure=(held.value, float(bound or 0.0)),
        meaning=f"The trust condition '{asked.name}', fixed in advance, no longer holds.",
    )
