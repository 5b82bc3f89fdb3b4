"""What a day's pictures show: inputs beside the reference, outcomes by month, work by week."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.monitor.current import first_matured, first_of_each_stay, micros, refused, scores
from attending.monitor.figures import ratio
from attending.monitor.reference import count
from attending.records.watch_picture import (
    InputShares,
    MonthOfOutcomes,
    WatchPicture,
    WeekOfWork,
)
from attending.statistics.psi import psi_of_shares
from attending.times import to_micros

if TYPE_CHECKING:
    from attending.monitor.current import Current
    from attending.records.monitoring import MonitorReport, Reference
    from attending.specs.monitoring import MonitoringSpec
    from attending.types import Instant

#: How far back weeks and months are drawn.
MOST_WEEKS, MOST_MONTHS = 26, 24
_WEEK = np.timedelta64(7, "D")
#: 1970-01-05 was a Monday.
_MONDAY = np.datetime64("1970-01-05", "us")


def drawn(
    spec: MonitoringSpec, held: Reference, current: Current, *, of: MonitorReport, work: pa.Table
) -> WatchPicture:
    """Return the figures of the pictures that go with a report.

    Args:
        spec: the policy.
        held: the frozen reference of this version.
        current: what the version did.
        of: the report of the same day.
        work: what the version was asked in the weeks that are drawn.
    """
    n, inputs = _inputs(spec, held, current, at=of.at)
    return WatchPicture(
        model=of.model,
        version=of.version,
        at=of.at,
        report=of.digest,
        reference=held.digest,
        n=n,
        inputs=inputs,
        months=_months(current, at=of.at),
        weeks=_weeks(work, at=of.at),
    )


def _inputs(
    spec: MonitoringSpec, held: Reference, current: Current, *, at: Instant
) -> tuple[int, tuple[InputShares, ...]]:
    """Return how many rows the window has, and each input then and now, the most moved first.

    No input is drawn from fewer rows than the policy asks for: a few patients look like drift.
    """
    now = np.datetime64(to_micros(at), "us")
    times = micros(current.predictions, "prediction_time")
    window = (times <= now) & (times > now - np.timedelta64(spec.data.window, "us"))
    picked = pa.array(np.flatnonzero(window & ~refused(current.predictions)))
    seen = count(held, current.features.take(picked), scores(current.predictions.take(picked)))
    if seen.n < spec.data.minimum_rows:
        return seen.n, ()
    found = []
    for one, counts in zip(held.features, seen.bins, strict=True):
        share = counts / seen.n
        found.append(
            InputShares(
                name=one.name,
                label=one.clinical_label,
                edges=one.edges,
                then=one.shares,
                now=tuple(share.tolist()),
                psi=psi_of_shares(np.array(one.shares), share),
                weight=one.weight,
            )
        )
    return seen.n, tuple(sorted(found, key=lambda one: (-one.psi, one.name)))


def _months(current: Current, *, at: Instant) -> tuple[MonthOfOutcomes, ...]:
    """Return the months of scores with what became of them, oldest first."""
    if current.outcomes is None or not current.outcomes.num_rows:
        return ()
    now = np.datetime64(to_micros(at), "us")
    live = current.outcomes.filter(pc.equal(current.outcomes.column("kind"), "live"))
    made = Counter(_month(first_of_each_stay(live)).tolist())
    mature = first_matured(current.outcomes, now)
    month = _month(mature)
    outcome = mature.column("label").to_numpy(zero_copy_only=False).astype(np.int8)
    risk = mature.column("score").to_numpy(zero_copy_only=False).astype(np.float64)
    found = []
    for name in sorted(made)[-MOST_MONTHS:]:
        here = month == name
        events, expected = int(outcome[here].sum()), float(risk[here].sum())
        seen = ratio(outcome[here], risk[here]) if events else None
        found.append(
            MonthOfOutcomes(
                month=name,
                scored=made[name],
                matured=int(here.sum()),
                events=events,
                expected=expected,
                ratio=seen.value if seen else None,
                low=seen.low if seen else None,
                high=seen.high if seen else None,
            )
        )
    return tuple(found)


def _month(table: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return micros(table, "prediction_time").astype("datetime64[M]").astype(np.str_)


def _weeks(predictions: pa.Table, *, at: Instant) -> tuple[WeekOfWork, ...]:
    """Return the weeks up to an instant, oldest first, none left out between."""
    now = np.datetime64(to_micros(at), "us")
    times = micros(predictions, "prediction_time")
    week = (times - _MONDAY) // _WEEK
    last = int((now - _MONDAY) // _WEEK)
    past = week[times <= now]
    if not len(past):
        return ()
    first = max(int(past.min()), last - MOST_WEEKS + 1)
    scored = ~np.isnan(scores(predictions))
    flagged = predictions.column("flagged").fill_null(fill_value=False)
    alert = flagged.to_numpy(zero_copy_only=False).astype(np.bool_) & scored
    bare = pc.equal(predictions.column("kind"), "no_score").to_numpy(zero_copy_only=False)
    found = []
    for number in range(first, last + 1):
        here = (week == number) & (times <= now)
        found.append(
            WeekOfWork(
                begins=str((_MONDAY + number * _WEEK).astype("datetime64[D]")),
                predictions=int(here.sum()),
                alerts=int((here & alert).sum()),
                without_score=int((here & bare).sum()),
            )
        )
    return tuple(found)
