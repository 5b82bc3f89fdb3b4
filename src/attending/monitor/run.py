"""Run all monitors over what a model did lately, and leave one report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.monitor.causes import INPUTS
from attending.monitor.code_use import look_at_codes
from attending.monitor.concept import judge, lately, proven_by
from attending.monitor.current import matured_until, micros, refused, scores, usage
from attending.monitor.data import Week, compare, expected, volume
from attending.monitor.effect import with_effect
from attending.monitor.estimated import estimate
from attending.monitor.multivariate import together_moved
from attending.monitor.reference import column, count
from attending.monitor.served_inputs import look_at_skew
from attending.monitor.timeliness import look_at_lateness
from attending.monitor.together import at_site, together
from attending.monitor.workflow import look
from attending.records.monitoring import MonitorReport
from attending.times import to_micros

if TYPE_CHECKING:
    from attending.monitor.current import Current
    from attending.monitor.reference import Counts, Times
    from attending.monitor.together import Seen
    from attending.records.monitoring import Finding, Reference
    from attending.specs.monitoring import MonitoringSpec
    from attending.types import Instant, Ints, Mask

_WEEK = np.timedelta64(7, "D")
#: Stages in which people see the score, so that it can change what happens.
SHOWN = ("limited", "live")


def run(spec: MonitoringSpec, held: Reference, current: Current, *, at: Instant) -> MonitorReport:
    """Return the report of one day.

    Args:
        spec: the policy.
        held: the frozen reference of this version.
        current: what the version did.
        at: the instant of the report; later rows are not looked at.
    """
    now = np.datetime64(to_micros(at), "us")
    times = micros(current.predictions, "prediction_time")
    window = (times <= now) & (times > now - np.timedelta64(spec.data.window, "us"))
    matured = matured_until(current.outcomes, now)
    used = usage(current.predictions.filter(pa.array(window)))
    parts = [
        _inputs(spec, held, current, rows=np.flatnonzero(window)),
        volume(spec, held, last_week=_last_week(times, now, current.entered)),
        judge(
            spec,
            held,
            matured,
            at=now,
            shown=current.stage in SHOWN,
            by_site=current.by_site,
        ),
        look(spec, held, used, responses=current.responses),
        estimate(
            spec,
            held,
            scores(current.predictions)[window],
            recent=lately(spec, matured, now),
            proven=proven_by(spec.concept, matured, tuple(sorted(current.by_site))),
        ),
        _multivariate(spec, held, current, rows=np.flatnonzero(window)),
        look_at_codes(spec, current.codes),
        look_at_skew(spec, current.skew),
        look_at_lateness(spec, current.lateness),
        *_sites(spec, current, window, now=now),
    ]
    findings, measures, asked = together(spec, held, parts, overdue=current.overdue)
    return MonitorReport(
        model=current.model,
        version=current.version,
        stage=current.stage,
        at=at,
        reference=held.digest,
        spec=spec.digest,
        predictions=current.predictions_digest,
        outcomes=current.outcomes_digest,
        n_predictions=int(window.sum()),
        n_matured=len(matured),
        n_events=int(matured.outcome.sum()),
        findings=tuple(_with_effect(spec, held, current, one=f, window=window) for f in findings),
        measures=measures,
        conditions=asked,
        overdue=current.overdue,
    )


def _inputs(spec: MonitoringSpec, held: Reference, current: Current, *, rows: Ints) -> Seen:
    """Return what the whole window and its newest rows show; measures are of the window."""
    usable, newest = _usable(spec, current, rows)
    known = expected(spec, held, places=1 + len(current.by_site))
    slow, measures = compare(spec, known, _counted(held, current, usable))
    fast, _ = compare(spec, known, _counted(held, current, newest))
    return (*slow, *fast), measures


def _multivariate(spec: MonitoringSpec, held: Reference, current: Current, *, rows: Ints) -> Seen:
    """Return what the inputs of the window show together."""
    usable, _ = _usable(spec, current, rows)
    picked = current.features.take(pa.array(usable))
    names = [one.name for one in held.features]
    x = np.column_stack([column(picked, name) for name in names]) if names else np.empty((0, 0))
    return together_moved(spec, held, then=current.then, now=x)


def _usable(spec: MonitoringSpec, current: Current, rows: Ints) -> tuple[Ints, Ints]:
    """Return the rows that scope did not refuse, and the newest of them."""
    # A row without a score for missing inputs stays in: without it a dead feed would be hidden.
    usable = rows[~refused(current.predictions)[rows]]
    times = micros(current.predictions, "prediction_time")[usable]
    return usable, usable[np.argsort(times, kind="stable")[-spec.data.minimum_rows :]]


def _with_effect(
    spec: MonitoringSpec, held: Reference, current: Current, *, one: Finding, window: Mask
) -> Finding:
    """Return a finding; one about inputs with what it does to the score of the newest rows."""
    if current.risk_of is None or one.name not in INPUTS:
        return one
    site = current.predictions.column("site").to_numpy(zero_copy_only=False)
    here = window & (site == one.site) if one.site else window
    _, newest = _usable(spec, current, np.flatnonzero(here))
    known = current.by_site.get(one.site, held)
    rows = current.features.take(pa.array(newest))
    x = np.column_stack([column(rows, item.name) for item in known.features])
    return with_effect(one, known, x, risk_of=current.risk_of)


def _counted(held: Reference, current: Current, rows: Ints) -> Counts:
    picked = pa.array(rows)
    return count(held, current.features.take(picked), scores(current.predictions.take(picked)))


def _sites(
    spec: MonitoringSpec, current: Current, window: Mask, *, now: np.datetime64
) -> list[Seen]:
    """Return what each site shows against its own reference."""
    site = current.predictions.column("site").to_numpy(zero_copy_only=False)
    times = micros(current.predictions, "prediction_time")
    parts: list[Seen] = []
    for name, held in sorted(current.by_site.items()):
        here = site == name
        found, measures = _inputs(spec, held, current, rows=np.flatnonzero(window & here))
        used = usage(current.predictions.filter(pa.array(window & here)))
        week = _last_week(times[here], now, current.entered)
        parts += [
            at_site(name, (found, measures)),
            at_site(name, volume(spec, held, last_week=week)),
            at_site(name, look(spec, held, used, responses=current.site_responses.get(name))),
        ]
    return parts


def _last_week(times: Times, now: np.datetime64, entered: np.datetime64 | None) -> Week:
    """Return the predictions of seven days; scores of before a model came in are not its own."""
    start = now - _WEEK
    if entered is None or entered <= start:
        return Week(int(((times <= now) & (times > start)).sum()))
    days = float((now - entered) / np.timedelta64(1, "D"))
    since = str(entered.astype("datetime64[D]"))
    return Week(int(((times <= now) & (times >= entered)).sum()), days=days, since=since)
