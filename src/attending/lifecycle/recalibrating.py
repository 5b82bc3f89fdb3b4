"""The base of a recalibration: an earlier model, and the signed proposal that moves its log-odds.

Nothing is fitted again by itself: without the signature of the clinical owner on the very proposal
that model.yaml names, and with its own figures, no fit begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from attending.digests import short
from attending.errors import BadInput, Refused
from attending.lifecycle.plans import signed_plan
from attending.lifecycle.standing import standing_on
from attending.models.bundle import read_bundle
from attending.records.recalibration import RecalibrationProposal
from attending.records.run import Run
from attending.times import format_instant, to_micros

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.models.bundle import Bundle
    from attending.types import Ints

_WHERE = "model.yaml: recalibration"


@dataclass(frozen=True)
class Base:
    """An earlier model, and the proposal that says how its log-odds move."""

    bundle: Bundle
    proposal: RecalibrationProposal

    def require_later(self, table: pa.Table, test: Ints) -> None:
        """Refuse a test with rows on which the line was estimated.

        Raises:
            Refused: naming from when on the test may begin.
        """
        at = table["prediction_time"].cast(pa.int64()).to_numpy()[test]
        seen = int((at <= to_micros(self.proposal.until)).sum())
        if seen:
            raise Refused(
                f"{seen} test rows are among those that the recalibration was estimated on, "
                "or before them",
                code="recalibration.test_rows",
                hint=f"Write test_from after {format_instant(self.proposal.until)}.",
                where="model.yaml: split.test_from",
            )


def base_of(desk: Desk, project: Project) -> Base | None:
    """Return what model.yaml recalibrates, None where it recalibrates nothing.

    Raises:
        BadInput: the figures are not those of the proposal.
    """
    asked = project.model.recalibration
    if asked is None:
        return None
    proposal = desk.home.catalog.get(asked.proposal, RecalibrationProposal)
    said = (proposal.run, proposal.intercept, proposal.slope)
    moves = proposal.update in {"intercept", "slope_and_intercept"}
    if said != (asked.of, asked.intercept, asked.slope) or not moves:
        raise BadInput(
            "the recalibration is not the one that its proposal says",
            code="recalibration.figures",
            hint="Write the block that `attending run recalibrate` printed.",
            where=_WHERE,
        )
    return Base(bundle_in(desk, desk.home.catalog.get(asked.of, Run)), proposal)


def standing_base(desk: Desk, project: Project) -> Base | None:
    """Return what model.yaml recalibrates, once the clinical owner has signed its proposal.

    Raises:
        Refused: the clinical owner has not signed.
        BadInput: the figures are not those of the proposal.
    """
    base = base_of(desk, project)
    if base is not None:
        require_owner(desk, base.proposal)
    return base


def require_owner(desk: Desk, proposal: RecalibrationProposal) -> None:
    """Refuse a change that the clinical owner of the version has not signed.

    The owner is whom the signed release plan of the version names, whatever the folder says now;
    a carried version that has served nobody has no plan yet, and any clinical lead may sign.

    Raises:
        Refused: there is no such signature, or it does not stand.
    """
    history = desk.home.deployments.history(proposal.model, version=proposal.version)
    planned = [one for one in history if one.release_spec]
    owner = signed_plan(desk, planned[-1]).spec.owners.clinical if planned else ""
    signed = [
        one.signer
        for one in standing_on(desk, proposal.digest)
        if (one.role, one.meaning) == ("clinical_lead", "approval")
    ]
    if not signed or (owner and owner not in signed):
        raise Refused(
            f"the clinical owner, {owner}, has not signed this change"
            if owner
            else "no clinical lead has signed this change",
            code="change.owner",
            hint=f"It is signed by `attending sign {short(proposal.digest)} "
            f"--as {owner or 'CLINICAL_LEAD'}`.",
            where=_WHERE,
        )


def bundle_in(desk: Desk, run: Run) -> Bundle:
    """Return the model of a run, read from the artifacts that its record names."""
    return read_bundle(files_of(desk, run))


def files_of(desk: Desk, run: Run) -> dict[str, bytes]:
    """Return the files of the chosen model; those of other candidates stand in folders."""
    return {
        item.name: desk.home.artifacts.read(item.digest)
        for item in run.artifacts
        if "/" not in item.name
    }
