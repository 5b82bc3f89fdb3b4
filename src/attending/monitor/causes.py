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
    {"psi", "inputs_moved", "missing_rate", "feed_missing", "unit_switch", "scale_shift"}
)
#: Findings that follow from others when others are there.
CONSEQUENCES = frozenset({"score_psi", "alert_rate", "trust"})


def explain(spec: MonitoringSpec, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings with consequences put down to the inputs when an input moved.

    A moved score that no moved input explains stays `unknown`: the code, the model file or a
    definition may have changed, and nobody knows what a score means then.

    Args:
        spec: the policy, whose ladder names action and owner anew.
        findings: what was found.
    """
    all_of_them = tuple(findings)
    inputs = [one for one in all_of_them if one.drift == "data" and one.name in INPUTS]
    if not inputs:
        return all_of_them
    cause = max(inputs, key=lambda one: (SEVERITIES.index(one.severity), one.name, one.subject))
    return tuple(_because(spec, one, cause) for one in all_of_them)


def _because(spec: MonitoringSpec, one: Finding, cause: Finding) -> Finding:
    """Return a finding, put down to its cause when it is a consequence without one."""
    if one.drift != "unknown" or one.name not in CONSEQUENCES:
        return one
    rung = spec.rung("data", one.severity)
    return one.model_copy(
        update={
            "drift": "data",
            "meaning": f"{one.meaning} The likely cause is {cause.name} of {cause.subject}.",
            "action": rung.action,
            "owner": rung.owner,
        }
    )
