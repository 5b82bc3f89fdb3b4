"""What people did with the alerts that they were shown, counted from what they recorded."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.monitor.run import SHOWN
from attending.monitor.workflow import Responses

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project


def responses_of(desk: Desk, project: Project, *, version: str) -> dict[str, Responses]:
    """Return the responses of the policy's window by site, and of all sites under an empty name.

    It is empty when nobody recorded anything about a shown alert: that is not observed, which is
    not the same as nobody having looked. An alert that was overridden was also acknowledged.

    Args:
        desk: where and when.
        project: whose policy says how far back to look.
        version: such as `v1`.
    """
    since = desk.at - timedelta(microseconds=project.monitoring.data.window)
    window = {"since": since, "until": desk.at + timedelta(microseconds=1)}
    made = desk.home.predictions.in_stages(project.name, version, stages=SHOWN, **window)
    said = {
        one.request_id: one.answer
        for one in desk.home.predictions.answers_of_model(project.name, since=since)
    }
    shown: dict[str, list[str]] = defaultdict(list)
    for one in made:
        content = json.loads(one.content)
        if content["flagged"]:
            for place in {"", content["site"] or ""}:
                shown[place].append(said.get(one.request_id, ""))
    if not any(shown[""]):
        return {}
    return {
        place: Responses(
            shown=len(answers),
            acknowledged=sum(bool(one) for one in answers),
            overridden=answers.count("overridden"),
        )
        for place, answers in shown.items()
    }
