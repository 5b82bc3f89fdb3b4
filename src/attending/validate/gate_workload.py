"""The gate of alert burden: a good model that nobody can answer is not a good alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.records.validation import Check
from attending.statistics.suppression import tells_small
from attending.statistics.workload import burden
from attending.validate.alerts import alerts_sent, per_clinician_shift
from attending.validate.data import MODEL
from attending.validate.gates import GATES

if TYPE_CHECKING:
    from attending.specs.validation_gates import AlertBurden
    from attending.validate.evidence import Evidence


@GATES.named("alert_burden")
def alert_burden(gate: AlertBurden, evidence: Evidence) -> list[Check]:
    """Return whether alerts at the first threshold are within what the team can act on."""
    cut = evidence.cuts[MODEL][0]
    if gate.per_shift_at_most is not None:
        return [_per_shift(gate.per_shift_at_most, evidence, cut)]
    daily = gate.per_day_at_most is not None
    what = "alerts_per_day" if daily else "alerts_per_100"
    blank = Check(what=what, threshold=cut, outcome="not_shown")
    if cut is None or (daily and evidence.day is None):
        return [blank.model_copy(update={"reason": "no_calendar"})]
    data = evidence.data
    load = burden(data.risk, evidence.patient, threshold=cut, day=evidence.day)
    value = load.per_day if daily else 100.0 * load.alerts / data.risk.size
    most = gate.per_day_at_most if daily else gate.per_100_at_most
    within = value is not None and most is not None and value <= most
    hidden = tells_small(load.alerts, data.risk.size, smallest=evidence.small)
    return [
        blank.model_copy(
            update={
                "value": None if hidden else value,
                "outcome": "met" if within else "failed",
                "reason": "" if within else "above_capacity",
            }
        )
    ]


def _per_shift(most: float, evidence: Evidence, cut: float | None) -> Check:
    """Return whether one clinician gets no more alerts in a shift, after the first snooze."""
    blank = Check(what="alerts_per_clinician_shift", threshold=cut, outcome="not_shown")
    if cut is None or evidence.days is None:
        return blank.model_copy(update={"reason": "no_calendar"})
    flag = np.asarray(evidence.data.risk >= cut, np.bool_)
    sent = alerts_sent(evidence, flag, snooze=evidence.spec.workload.snooze[0])
    alerts = int(np.count_nonzero(sent))
    value = per_clinician_shift(evidence, alerts)
    within = value is not None and value <= most
    hidden = tells_small(alerts, flag.size, smallest=evidence.small)
    return blank.model_copy(
        update={
            "value": None if hidden else value,
            "outcome": "met" if within else "failed",
            "reason": "" if within else "above_capacity",
        }
    )
