"""Re-live one stored prediction: the same rows, the same kernel, the same model, and why."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import NotFound
from attending.explain.prediction import Input, explain
from attending.explain.sentence import NO_ACTION
from attending.explain.trend import moves_of, trends
from attending.features.lineage import codes_read
from attending.features.online import for_patient
from attending.lifecycle.cohorts import project_snapshot, zones_of
from attending.lifecycle.desk import keep
from attending.lifecycle.engines import engine_over
from attending.lifecycle.training import bundle_of
from attending.records.run import Run
from attending.times import parse_instant

if TYPE_CHECKING:
    from attending.features.online import FeatureValue
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.explanation import Explanation


@dataclass(frozen=True)
class Relived:
    """A prediction made again, its explanation, and whether the score is the same.

    Attributes:
        inputs: every value that the model saw, with its two clocks.
        within: how far two scores may differ to be the same; 0 is to the bit.
        unknown: what nobody here knows of it, in words.
    """

    request: str
    explanation: Explanation
    same_score: bool
    inputs: tuple[FeatureValue, ...] = ()
    within: float = 0.0
    unknown: str = ""

    @property
    def words(self) -> str:
        """Return whether the score is the same, in words."""
        if not self.same_score:
            return "another score: look into it"
        return f"the same score to {self.within:g}" if self.within else "the same score to the bit"


def explain_request(desk: Desk, project: Project, request_id: str) -> Relived:
    """Return one stored prediction, made again from the newest snapshot, with its explanation.

    Args:
        desk: its actor's look at a patient's row leaves a ledger entry.
        project: whose features made it.
        request_id: of the prediction.

    Raises:
        NotFound: no such prediction, or it carries no score of the model.
    """
    stored = desk.home.predictions.get(request_id)
    made = json.loads(stored.content)
    if (made.get("kind") or made.get("outcome")) == "fallback":
        raise NotFound(
            "this prediction carries the fallback score, which no factor of the model explains",
            code="prediction.fallback",
            hint="Its reasons say why the model did not answer; the score counts its own points.",
        )
    if made["score"] is None:
        raise NotFound(
            f"this prediction carries no score: {made['reasons']}",
            code="prediction.no_score",
        )
    source = project_snapshot(desk, project)
    bundle = bundle_of(desk, desk.home.catalog.get(made["run"], Run))
    rows = engine_over(desk, source).rows(stored.subject_id, codes=codes_read(project.features))
    vector = for_patient(
        project.features,
        rows,
        subject_id=stored.subject_id,
        encounter_id=stored.encounter_id,
        prediction_time=stored.prediction_time,
        index_start=parse_instant(made["index_start"]),
        zone=zones_of(source.snapshot).of(made["site"]),
    )
    values = list(vector.inputs())
    moves = trends(moves_of(project.features), {item.name: item.value for item in values})
    inputs = [
        Input(
            name=item.name,
            label=project.features.feature(item.name).label,
            unit=project.features.feature(item.name).printed_unit,
            time=item.time,
            known_at=item.known_at,
            missing_reason=item.missing or "",
            trend=moves.get(item.name, ""),
        )
        for item in values
    ]
    x = vector.row()
    explanation = explain(
        bundle,
        x,
        inputs,
        at=stored.prediction_time,
        action=project.release.delivery[0].wording if made["flagged"] else NO_ACTION,
    )
    keep(desk, explanation, action="explain.prediction", keys={"model": stored.model})
    again = float(bundle.risk(x[None, :])[0])
    same = again == made["score"]
    return Relived(request_id, explanation, same_score=same, inputs=tuple(values))
