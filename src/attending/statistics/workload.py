"""Workload: how many alerts a threshold makes, and which threshold a capacity allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.statistics.threshold_metrics import check_capacity

if TYPE_CHECKING:
    import numpy.typing as npt

    from attending.statistics.inputs import Column
    from attending.types import Ints


class Burden(NamedTuple):
    """Alerts of a threshold: how many, per day, on a busy day, and over patients."""

    alerts: int
    per_day: float | None
    busy_day: float | None
    per_100_patients: float
    patients_alerted_per_100: float


def threshold_for_capacity(risk: Column, *, days: float, per_day: float) -> float:
    """Return the lowest risk at which alerts do not exceed a capacity.

    Take it on the silent period and freeze it. Equal risks are flagged together, so the alerts
    may be fewer than the capacity. Where even the highest risk alone is too many, the answer
    lies just above it, and nothing is flagged.

    Args:
        risk: shape (n,), risks of all predictions of the period.
        days: length of the period in days.
        per_day: alerts that the team can act on in a day.

    Raises:
        BadInput: no risks, or days or capacity not above 0.

    >>> threshold_for_capacity([0.1, 0.2, 0.3, 0.4], days=2, per_day=1)
    0.3
    """
    p = np.sort(np.asarray(risk, dtype=np.float64))[::-1]
    if p.size == 0 or not days > 0:
        raise BadInput("got no risks or no days, expected both", code="statistics.capacity")
    allowed = int(days * check_capacity(per_day) + 1e-9)
    if allowed >= p.size:
        return float(p[-1])
    kept = p[:allowed][p[:allowed] > p[allowed]]
    return float(kept[-1]) if kept.size else float(np.nextafter(p[0], np.inf))


def alerts_per_100_patient_days(alerts: int, *, patient_days: float) -> float:
    """Return alerts over the days that patients were at risk, times 100.

    Raises:
        BadInput: no patient-days.

    >>> alerts_per_100_patient_days(3, patient_days=60)
    5.0
    """
    if not patient_days > 0:
        raise BadInput("got no patient-days, expected more than 0", code="statistics.capacity")
    return 100.0 * alerts / patient_days


def calendar_days(prediction_time: npt.NDArray[np.datetime64]) -> Ints:
    """Return the day of each prediction in UTC, counted from the first one.

    >>> times = np.array(["2026-01-01T23:00", "2026-01-03T01:00"], "datetime64[us]")
    >>> calendar_days(times).tolist()
    [0, 2]
    """
    days = prediction_time.astype("datetime64[D]").astype(np.int64)
    return np.asarray(days - days.min(), dtype=np.int64)


def burden(
    risk: Column,
    patient: Ints,
    *,
    threshold: float,
    day: Ints | None = None,
    days: int | None = None,
) -> Burden:
    """Return the alerts that a threshold makes.

    Args:
        risk: shape (n,), risks of all predictions of the period.
        patient: shape (n,), the patient of each.
        threshold: flag when the risk is at least this.
        day: shape (n,), the day of each, from 0; without real days, the daily figures are None.
            Days without predictions count as days. A busy day is the 90th percentile.
        days: how many days the period has; up to the last prediction when absent.

    >>> found = burden([0.9, 0.9, 0.1], np.array([1, 1, 2]), threshold=0.5, day=np.array([0, 0, 1]))
    >>> found.alerts, found.per_day, found.busy_day
    (2, 1.0, 1.8)
    """
    flag = np.asarray(risk, dtype=np.float64) >= threshold
    alerts = int(np.count_nonzero(flag))
    patients = int(np.unique(patient).size)
    per_day = busy = None
    if day is not None:
        daily = np.bincount(day[flag], minlength=max(days or 0, int(day.max()) + 1))
        per_day, busy = float(daily.mean()), float(np.quantile(daily, 0.9))
    alerted = int(np.unique(patient[flag]).size)
    return Burden(alerts, per_day, busy, 100.0 * alerts / patients, 100.0 * alerted / patients)
