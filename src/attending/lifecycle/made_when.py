"""When predictions were made, and how many came after the action window of the signed plan."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from attending.lifecycle.plans import signed_plan
from attending.lifecycle.tables import table_from
from attending.monitor.run import SHOWN
from attending.monitor.timeliness import Lateness
from attending.records.prediction import PredictionBatch
from attending.times import parse_instant, to_micros

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.release import Deployment
    from attending.types import Instant

#: Patient, stay and prediction time in microseconds.
Key: TypeAlias = tuple[int, int | None, int]


def made_at(
    desk: Desk, model: str, version: str, *, since: Instant | None = None
) -> dict[Key, int]:
    """Return when each prediction of a version was made, in microseconds.

    One that was asked for says so itself; one of a batch was made with the first that holds it.

    Args:
        desk: where and when.
        model: by name.
        version: such as `v1`.
        since: first prediction time; a batch that was made before it holds none of later.
    """
    catalog = desk.home.catalog
    found: dict[Key, int] = {}
    for line in catalog.list(PredictionBatch.kind, model=model, version=version):
        if since is not None and line.made_at < since:
            continue
        table = table_from(desk.home.artifacts.read(catalog.keys(line.digest)["table"]))
        times = table["prediction_time"].cast("int64").to_pylist()
        keys = zip(table["subject_id"].to_pylist(), table["encounter_id"].to_pylist(), times,
                   strict=True)  # fmt: skip
        for key in keys:
            found[key] = min(found.get(key, to_micros(line.made_at)), to_micros(line.made_at))
    for data in desk.home.predictions.contents(model, since=since):
        content = json.loads(data)
        if content["version"] == version and "made_at" in content:
            at = to_micros(parse_instant(content["made_at"]))
            found[key_of(content)] = min(found.get(key_of(content), at), at)
    return found


def key_of(content: Mapping[str, Any]) -> Key:
    """Return whose, which stay's and of when a stored prediction is."""
    stay = content["encounter_id"]
    when = to_micros(parse_instant(content["prediction_time"]))
    return int(content["subject_id"]), None if stay is None else int(stay), when


def lateness_of(desk: Desk, project: Project, stands: Deployment) -> Lateness | None:
    """Return how many scores of the policy's window readers got too late; None when they got none.

    A score is late when it was made, or its alert listed, after the action window.

    Raises:
        Refused: the plan is not signed.
    """
    if stands.stage not in SHOWN:
        return None
    action = signed_plan(desk, stands).spec.action_window
    since = desk.at - timedelta(microseconds=project.monitoring.data.window)
    window = {"since": since, "until": desk.at + timedelta(microseconds=1)}
    shown = desk.home.predictions.in_stages(project.name, stands.version, stages=SHOWN, **window)
    made = made_at(desk, project.name, stands.version, since=since)
    steps = desk.home.deliveries.standing_of([one.request_id for one in shown])
    late = 0
    for one in shown:
        key = key_of(json.loads(one.content))
        listed = steps.get(one.request_id, {}).get("worklist", ())
        slow = made.get(key, key[2]) - key[2] > action
        late += slow or any(step.state == "late" for step in listed)
    return Lateness(len(shown), late, action)
