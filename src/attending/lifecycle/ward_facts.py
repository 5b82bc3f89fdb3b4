"""What must be true of the work on the wards before people see a score, and while they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.govern.gates import Fact
from attending.govern.roles import ROLES
from attending.lifecycle import calendar
from attending.lifecycle.signing import spec_document
from attending.lifecycle.standing import standing_on
from attending.specs.change_control import calendar_gaps

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.run import Run


def reviews_planned(_desk: Desk, project: Project, _run: Run) -> Fact:
    """Return whether each topic of the checklist has a review that is often enough and owned."""
    open_topics = calendar_gaps(project.monitoring.reviews)
    if open_topics:
        return Fact("missing", note=f"no review covers {', '.join(open_topics)}")
    owners = {one.owner for one in project.monitoring.reviews}
    nobody = sorted(one for one in owners if not _has_owner(project, one))
    return Fact("failed", note=f"nobody is {', '.join(nobody)}") if nobody else Fact("met")


def _has_owner(project: Project, words: str) -> bool:
    named = calendar.owner_of(project.release.owners, words)
    return bool(named) or words.lower().replace(" ", "_") in ROLES


def change_agreed(desk: Desk, project: Project, _run: Run) -> Fact:
    """Return whether the policy of monitoring and change has no gap and a clinical lead signed."""
    digest = spec_document(desk, project, "retraining")
    if left := project.monitoring.retraining.gaps:
        return Fact("missing", digest, "; ".join(left))
    signed = standing_on(desk, digest) if digest else ()
    if not any(one.role == "clinical_lead" and one.meaning == "approval" for one in signed):
        return Fact("missing", digest, "monitoring.yaml as it stands is not signed")
    return Fact("met", digest)


def reviews_current(desk: Desk, project: Project, run: Run) -> Fact:
    """Return whether no task of the review calendar is overdue."""
    stands = desk.home.deployments.current(run.model)
    late = calendar.overdue(desk, stands, asked=project.monitoring) if stands else ()
    return Fact("failed", note=f"overdue: {', '.join(late)}") if late else Fact("met")
