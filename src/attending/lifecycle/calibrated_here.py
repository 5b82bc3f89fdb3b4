"""Whether a carried model is calibrated here, by what this hospital's own validation plan asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.govern.gates import Fact
from attending.lifecycle.carried import CALIBRATION_GATES, carried_of, failed_here, open_choice
from attending.records.validation import ValidationReport

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.run import Run

_MEND = "recalibrate it here: `attending run recalibrate`"


def calibrated_here(desk: Desk, project: Project, run: Run) -> Fact:
    """Return whether a model from another hospital is calibrated here, as it is or recalibrated.

    Its own validation plan must ask it: a plan without gates of calibration shows nothing.
    """
    came = carried_of(desk, run.digest) is not None
    if not came and not _recalibrates_carried(desk, project, run):
        return Fact("met", note="it did not come from another hospital")
    report = desk.home.catalog.latest(ValidationReport, run=run.digest)
    if report is None:
        return Fact("missing", note="not validated here yet")
    if failed := failed_here(report):
        return Fact("failed", report.digest, f"failed here: {', '.join(failed)}; {_MEND}")
    if open_gates := unshown(report):
        return Fact("not_shown", report.digest, f"not shown here: {', '.join(open_gates)}")
    if why := open_choice(desk, run.digest, report.digest):
        return Fact("missing", report.digest, why)
    return Fact("met", report.digest)


def _recalibrates_carried(desk: Desk, project: Project, run: Run) -> bool:
    """Return whether a run is a carried model that was recalibrated here."""
    asked = project.model.recalibration if project.model.digest == run.model_spec else None
    return asked is not None and carried_of(desk, asked.of) is not None


def unshown(report: ValidationReport) -> tuple[str, ...]:
    """Return the gates of calibration that are not shown, or that the plan does not ask."""
    asked = {one.gate: one for one in report.gates if one.gate in CALIBRATION_GATES}
    unshown = [one.named for one in asked.values() if one.outcome == "not_shown"]
    absent = [name for name in CALIBRATION_GATES if name not in asked]
    return (*unshown, *(f"{name}, which the plan does not ask" for name in absent))
