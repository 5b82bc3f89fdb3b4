"""Name the cause of what was found: moved scores follow from moved inputs, or nothing explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.records.monitoring import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from attending.records.monitoring import Finding
    from attending.specs.monitoring import MonitoringSpec

#: Findings about inputs, which explain findings about scores and alerts.
INPUTS = frozenset(
    {
        "psi",
        "inputs_moved",
        "missing_rate",
        "feed_missing",
        "unit_switch",
        "scale_shift",
        "mixed_units",
        "new_codes",
        "dead_codes",
    }
)
#: Findings that follow from others when others are there.
CONSEQUENCES = frozenset({"score_psi", "alert_rate", "trust"})
#: What alerts that help look like, and what follows from it.
HELPED = "outcomes_after_alerts"
OUTCOMES = frozenset({"auroc", "trust"})


def explain(spec: MonitoringSpec, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with consequences put down to what caused them.

    A moved score follows from moved inputs; one that no moved input explains stays `unknown`: the
    code, the model file or a definition may have changed, and nobody knows what a score means
    then. A fall of AUROC follows from alerts that prevent events.

    Args:
        spec: the policy, whose ladder names action and owner anew.
        findings: what was found.
    """
    found = tuple(findings)
    inputs = [one for one in found if one.drift == "data" and one.name in INPUTS]
    if inputs:
        cause = max(inputs, key=_weight)
        found = tuple(
            _because(spec, one, cause)
            if one.drift == "unknown" and one.name in CONSEQUENCES
            else one
            for one in found
        )
    helped = next((one for one in found if one.name == HELPED), None)
    if helped is None:
        return found
    return tuple(
        _because(spec, one, helped) if one.drift == "concept" and one.name in OUTCOMES else one
        for one in found
    )


def _weight(one: Finding) -> tuple[int, str, str]:
    return (SEVERITIES.index(one.severity), one.name, one.subject)


def _because(spec: MonitoringSpec, one: Finding, cause: Finding) -> Finding:
    """Return a finding put down to its cause."""
    rung = spec.rung(cause.drift, one.severity)
    return one.model_copy(
        update={
            "drift": cause.drift,
            "meaning": f"{one.meaning} The likely cause is {cause.name} of {cause.subject}.",
            "action": rung.action,
            "owner": rung.owner,
        }
    )
