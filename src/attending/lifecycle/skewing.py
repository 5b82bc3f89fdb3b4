"""Training-serving skew: what was served online, computed again from the newest snapshot."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.errors import NotFound, Refused
from attending.features.online import for_patient
from attending.lifecycle.cohorts import project_snapshot
from attending.lifecycle.current import events_of
from attending.lifecycle.desk import keep
from attending.lifecycle.engines import engine_over
from attending.lifecycle.scoring import served_version
from attending.monitor.skew import Compared, differences, skewed
from attending.records.skew import SkewReport
from attending.times import parse_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.serve.served import Served
    from attending.types import Floats, Instant


def check_skew(
    desk: Desk,
    project: Project,
    *,
    version: str = "",
    since: Instant | None = None,
    until: Instant | None = None,
) -> SkewReport:
    """Return how what was served online differs from the snapshot's inputs, kept whatever it is.

    Args:
        desk: where and when.
        project: whose predictions are computed again.
        version: such as `v1`; the newest that scores when empty.
        since: the first prediction time.
        until: the end of prediction times, not included.

    Raises:
        Refused: no version stands in silent or later.
        NotFound: nothing was served online.
    """
    served = served_version(desk, project, version=version)
    made = [
        found
        for data in desk.home.predictions.contents(served.model, since=since, until=until)
        if (found := json.loads(data)).get("inputs") and found["version"] == served.version
    ]
    if not made:
        raise NotFound(
            "nothing was served online yet",
            code="skew.nothing",
            hint="A batch is scored by the engine that it is checked with; see features parity.",
        )
    source = project_snapshot(desk, project)
    engine = engine_over(desk, source)
    held = [(one, engine.rows(int(one["subject_id"]))) for one in made]
    there = [(one, rows) for one, rows in held if rows.num_rows]
    compared = _compared(desk, served, there)
    differ = differences(compared).any(axis=1)
    report = SkewReport(
        model=served.model,
        version=served.version,
        snapshot=source.digest,
        predictions=len(made),
        compared=len(there),
        unknown=len(made) - len(there),
        differ=int(differ.sum()),
        flags_change=_flags(served, compared, [one for one, _ in there]),
        features=skewed(compared),
    )
    keys = {"model": served.model, "version": served.version, "snapshot": source.digest}
    details = {"compared": report.compared, "differ": report.differ}
    keep(desk, report, action="monitor.skew", keys=keys, details=details)
    return report


def newest_skew(desk: Desk, project: Project, version: str) -> SkewReport | None:
    """Return the newest comparison of a version within the policy's window; None without one."""
    lines = desk.home.catalog.list(SkewReport.kind, model=project.name, version=version)
    since = desk.at - timedelta(microseconds=project.monitoring.data.window)
    kept = [line for line in lines if since < line.made_at <= desk.at]
    return desk.home.catalog.get(kept[-1].digest, SkewReport) if kept else None


def require_same(report: SkewReport) -> None:
    """Refuse inputs that were served otherwise than they are computed offline.

    Raises:
        Refused: naming the features that differ, and how.
    """
    if report.differ:
        named = ", ".join(f"{one.feature} ({one.cause})" for one in report.features[:8])
        raise Refused(
            f"inputs were served otherwise than they are computed offline: {named}",
            code="skew.found",
            hint="Look at the feed of each; until it is mended open an incident or fall back.",
        )


def _compared(desk: Desk, served: Served, there: list[tuple[dict[str, Any], pa.Table]]) -> Compared:
    names = tuple(served.features.features[column].name for column in served.columns)
    shape = (len(there), len(names))
    was, now, late = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, np.bool_)
    for place, (one, rows) in enumerate(there):
        told = {item["feature"]: item["value"] for item in one["inputs"]}
        was[place] = [np.nan if told.get(name) is None else told[name] for name in names]
        now[place] = _again(served, one, rows)
        if one.get("events_from") == "store":
            late[place] = _late(desk, served, one, was=was[place])
    sites = tuple(one["site"] or "" for one, _ in there)
    return Compared(names, was, now, late, sites)


def _again(served: Served, one: dict[str, Any], rows: pa.Table) -> Floats:
    """Return the model's inputs of a prediction, made from other rows."""
    encounter = one["encounter_id"]
    vector = for_patient(
        served.plan,
        rows,
        subject_id=int(one["subject_id"]),
        encounter_id=None if encounter is None else int(encounter),
        prediction_time=parse_instant(one["prediction_time"]),
        index_start=parse_instant(one["index_start"]),
        zone=served.zones.of(one["site"]),
    )
    found: Floats = vector.row()[served.columns]
    return found


def _late(desk: Desk, served: Served, one: dict[str, Any], *, was: Floats) -> Any:  # noqa: ANN401 - a mask
    """Return which inputs the event store would give otherwise now than when it was asked."""
    subject = int(one["subject_id"])
    whole = _again(served, one, events_of(desk.home, subject))
    same = (whole == was) | (np.isnan(whole) & np.isnan(was))
    return ~same


def _flags(served: Served, compared: Compared, made: Sequence[dict[str, Any]]) -> int:
    """Return in how many predictions the alert would be another one with the offline inputs.

    Args:
        served: the version.
        compared: its inputs, served and offline.
        made: the predictions themselves, in the same order; each is held against the threshold of
            its unit or site.
    """
    found = [served.threshold_at(unit=one.get("unit"), site=one["site"])[0] for one in made]
    if not any(one is not None for one in found):
        return 0
    # Nothing reaches a threshold that is not there.
    threshold = np.array([np.inf if one is None else one for one in found], np.float64)
    risks = (
        served.bundle.risk(np.ascontiguousarray(x)) for x in (compared.served, compared.offline)
    )
    one, other = (risk >= threshold for risk in risks)
    return int((one != other).sum())
