"""Where the threshold decisions of a run stand: place by place, with what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import Refused
from attending.lifecycle.decided_thresholds import ALL
from attending.lifecycle.deciding import places_to_decide, standing_decision
from attending.lifecycle.kept_project import kept_project
from attending.lifecycle.standing import standing_on
from attending.records.run import Run

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.decisions import ThresholdDecision
    from attending.records.governance import Approval


@dataclass(frozen=True)
class PlaceDecision:
    """One place: its newest decision, why that does not count, and who signed it.

    Attributes:
        why: empty when the decision stands.
    """

    place: str
    decision: ThresholdDecision | None
    why: str
    signed: tuple[Approval, ...] = ()


@dataclass(frozen=True)
class ThresholdStanding:
    """The decisions of a run, and the threshold of the plan that was proposed last.

    Attributes:
        planned: the plan's threshold; None where the plan takes that of the report.
        chooses: whether another threshold may be chosen here: for `all`, of a report of risks.
        refusal: why nothing can be decided here; empty where it can.
    """

    places: tuple[PlaceDecision, ...]
    planned: float | None = None
    chooses: bool = False
    refusal: str = ""


def threshold_standing(desk: Desk, run_digest: str) -> ThresholdStanding:
    """Return where the decisions of a run stand, judged by the plan that was proposed last.

    Args:
        desk: where.
        run_digest: of the run that the report is of.
    """
    runs = {line.digest for line in desk.home.catalog.list(Run.kind)}
    if run_digest not in runs:
        return ThresholdStanding((), refusal="This report is of no run that was fitted here.")
    run = desk.home.catalog.get(run_digest, Run)
    try:
        project = kept_project(desk, run)
    except Refused as error:
        return ThresholdStanding((), refusal=f"{error.message}. {error.hint}")
    found = []
    for place in places_to_decide(project):
        decision, why = standing_decision(desk, project, run, place=place)
        signed = standing_on(desk, decision.digest) if decision else ()
        found.append(PlaceDecision(place, decision, why, signed))
    return ThresholdStanding(
        tuple(found),
        planned=project.release.threshold.value,
        chooses=any(one.place == ALL for one in found),
    )
