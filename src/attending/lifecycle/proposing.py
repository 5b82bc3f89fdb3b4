"""An update is proposed from what the home keeps: the specs of the run, and the signed policy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from attending.errors import Refused
from attending.lifecycle import calendar
from attending.lifecycle.kept_project import kept_project
from attending.lifecycle.plans import signed_plan
from attending.lifecycle.scoring import deployed_of
from attending.lifecycle.updating import propose_update
from attending.records.run import Run

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.recalibration import RecalibrationProposal


def propose_from_home(desk: Desk, model: str) -> RecalibrationProposal:
    """Return which update the matured outcomes of a model's version ask for, kept to be signed.

    It is `propose_update` for who has no folder of specs: the run's own specs are asked, under
    the plan and the policy of change that were signed.

    Raises:
        Refused: as `propose_update`; or no policy of change is signed, or the model was built
            by others.
    """
    stands = deployed_of(desk, model)
    policy = calendar.signed_policy(desk, model)
    if policy is None:
        raise Refused(
            "no policy of change is signed for this model",
            code="change.unsigned_policy",
            hint="Let a clinical lead sign `retraining`: `attending release propose`, then `sign`.",
        )
    if desk.home.catalog.content(stands.run)["kind"] != Run.kind:
        raise Refused(
            "this model was built by others, who alone can update it",
            code="change.adopted",
            hint="Tell them what was found; adopt their next version.",
        )
    run = desk.home.catalog.get(stands.run, Run)
    project = kept_project(desk, run, plan=signed_plan(desk, stands).spec)
    asked = replace(project, said={**project.said, "monitoring": policy})
    return propose_update(desk, asked, version=stands.version)
