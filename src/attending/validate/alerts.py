"""What the first threshold costs and gains, with and without a snooze between alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.records.range import Range
from attending.records.validation_parts import WorkloadRow
from attending.statistics.lead_time import lead_time
from attending.statistics.snooze import snoozed
from attending.statistics.suppression import is_small, tells_small
from attending.statistics.workload import alerts_per_100_patient_days
from attending.times import format_length
from attending.validate.data import MODEL

if TYPE_CHECKING:
    from typing import Literal

    from attending.types import Ints, Mask
    from attending.validate.evidence import Evidence

    DaysAre = Literal["given", "days with a prediction", "not known"]


def workload_rows(evidence: Evidence) -> tuple[WorkloadRow, ...]:
    """Return one row for each snooze of the plan; without prediction times only one of 0.

    An alert is true when the event lies in its own horizon.
    """
    cut = evidence.cuts[MODEL][0]
    if cut is None or not evidence.enough(evidence.masks["all"]):
        return ()
    flag = np.asarray(evidence.data.risk >= cut, np.bool_)
    time = evidence.data.prediction_time
    asked = evidence.spec.workload.snooze if time is not None else (0,)
    rows: list[WorkloadRow] = []
    for length in asked:
        row = _row(evidence, flag, snooze=length)
        few = _tells_small(row, rows, evidence.small)
        rows.append(_blank(length, row.patient_days_are) if few else row)
    return tuple(rows)


def _tells_small(row: WorkloadRow, before: list[WorkloadRow], smallest: int) -> bool:
    """Return whether a row beside an earlier one would tell how few alerts a snooze took."""
    return row.alerts is not None and any(
        other.alerts is not None and is_small(abs(other.alerts - row.alerts), smallest=smallest)
        for other in before
    )


def _blank(snooze: int, days_are: DaysAre) -> WorkloadRow:
    """Return a row without figures."""
    return WorkloadRow(
        snooze=format_length(snooze),
        alerts=None,
        alerts_per_day=None,
        per_clinician_shift=None,
        per_100_patient_days=None,
        patient_days_are=days_are,
        first_alert_rate=None,
        nne=None,
    )


def alerts_sent(evidence: Evidence, flag: Mask, *, snooze: int) -> Mask:
    """Return which flagged rows send an alert; a stay is snoozed, or the patient without stays."""
    time = evidence.data.prediction_time
    if time is None or snooze == 0:
        return flag
    stay = evidence.patient if evidence.data.stay is None else evidence.data.stay
    micros = time.astype("datetime64[us]").astype(np.int64)
    return snoozed(flag, stay, micros, snooze_us=snooze)


def per_clinician_shift(evidence: Evidence, alerts: int) -> float | None:
    """Return the alerts that one clinician gets in one shift; None without days or clinicians."""
    asked = evidence.spec.workload
    if evidence.days is None or asked.clinicians is None:
        return None
    return alerts / evidence.days / asked.shifts_a_day / asked.clinicians


def _row(evidence: Evidence, flag: Mask, *, snooze: int) -> WorkloadRow:
    data, small = evidence.data, evidence.small
    sent = alerts_sent(evidence, flag, snooze=snooze)
    alerts, hits = int(np.count_nonzero(sent)), int(np.count_nonzero(sent & (data.outcome == 1)))
    patients = int(evidence.patient.max()) + 1
    alerted = int(np.unique(evidence.patient[sent]).size)
    days, days_are = _patient_days(evidence)
    blank = _blank(snooze, days_are)
    if tells_small(alerts, data.outcome.size, smallest=small):
        return blank
    few = tells_small(alerted, patients, smallest=small)
    figures = {
        "alerts": alerts,
        "alerts_per_day": None if evidence.days is None else alerts / evidence.days,
        "per_clinician_shift": per_clinician_shift(evidence, alerts),
        "per_100_patient_days": (
            alerts_per_100_patient_days(alerts, patient_days=days) if days else None
        ),
        "first_alert_rate": None if few else alerted / patients,
        "nne": None if hits == 0 or tells_small(hits, alerts, smallest=small) else alerts / hits,
    }
    return blank.model_copy(update={**figures, **_lead(evidence, sent)})


def _patient_days(evidence: Evidence) -> tuple[float | None, DaysAre]:
    """Return patient-days as given, or the days on which each patient had a prediction."""
    data = evidence.data
    if data.patient_days is not None:
        return data.patient_days, "given"
    if data.prediction_time is None:
        return None, "not known"
    day = data.prediction_time.astype("datetime64[D]").astype(np.int64)
    pairs: Ints = evidence.patient.astype(np.int64) * (int(day.max() - day.min()) + 1)
    return float(np.unique(pairs + (day - day.min())).size), "days with a prediction"


def _lead(evidence: Evidence, sent: Mask) -> dict[str, object]:
    """Return how many events are alerted before, and how early; nothing without event times."""
    data = evidence.data
    if data.event_time is None or data.prediction_time is None:
        return {}
    known = ~np.isnat(data.event_time)
    found = lead_time(
        sent,
        np.where(known, data.outcome, 0).astype(np.int8),
        evidence.patient,
        time_us=data.prediction_time.astype("datetime64[us]").astype(np.int64),
        event_us=np.where(known, data.event_time.astype("datetime64[us]").astype(np.int64), 0),
    )
    if tells_small(found.alerted, found.events, smallest=evidence.small) or found.events == 0:
        return {}
    hours = Range(value=found.median_hours, low=found.quarter_hours, high=found.three_quarter_hours)
    return {"events_alerted": found.alerted / found.events, "lead_hours": hours}
