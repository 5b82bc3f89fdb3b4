"""What a request is answered by now: a version in service, the agreed fallback, or a newer one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.lifecycle.scoring import deployed
from attending.records.release import Deployment
from attending.release import advance as steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project


def answers_readers(desk: Desk, project: Project) -> Deployment:
    """Return the deployment by which a request is answered.

    A version in *limited* or *live* comes before a newer one in silent. Where the last one was
    taken back and its plan names a fallback score, that score answers, under the stage that the
    version had.

    Raises:
        Refused: no version stands in silent or later, and no fallback answers.
    """
    history = desk.home.deployments.history(project.name)
    now = steps.answering(history)
    if now is not None:
        return now
    if steps.readers_get(history) == "fallback":
        return _taken_back(history)
    return deployed(desk, project)


def _taken_back(history: Sequence[Deployment]) -> Deployment:
    """Return the version that was taken back last, as it stands in for its fallback."""
    down = next(one for one in reversed(history) if one.act in {"rollback", "disable"})
    before = next(one for one in history if one.digest == down.previous)
    return Deployment.model_validate({**down.model_dump(), "stage": before.stage})
