"""A model that came from another hospital: what counts here is what was shown here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import NotFound, Refused
from attending.lifecycle.desk import keep
from attending.lifecycle.standing import standing_on
from attending.records.carried import Calibrated, CarriedModel, LocalChoice
from attending.records.snapshot import Snapshot
from attending.records.validation import ValidationReport

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.run import Run

__all__ = [
    "Calibrated", "carried_of", "choose", "cohort_of", "failed_here", "local_report",
    "open_choice", "snapshot_of",
]  # fmt: skip

#: Gates of a validation plan that speak of calibration in all patients.
CALIBRATION_GATES = ("calibration_slope", "observed_expected")


def carried_of(desk: Desk, run: str) -> CarriedModel | None:
    """Return how a run came here, None for one that was fitted here."""
    return desk.home.catalog.latest(CarriedModel, run=run)


def cohort_of(desk: Desk, run: Run) -> str:
    """Return the digest of the cohort by which a run is judged here.

    Raises:
        NotFound: it was carried here, and was not validated here yet.
    """
    return (
        run.cohort if carried_of(desk, run.digest) is None else local_report(desk, run).model.cohort
    )


def snapshot_of(desk: Desk, run: Run) -> Snapshot:
    """Return the snapshot by which a run is judged here.

    Raises:
        NotFound: it was carried here, and was not validated here yet.
    """
    here = carried_of(desk, run.digest) is None
    return desk.home.catalog.get(
        run.snapshot if here else local_report(desk, run).model.snapshot, Snapshot
    )


def local_report(desk: Desk, run: Run) -> ValidationReport:
    """Return the newest validation of a carried run on patients of this hospital.

    Raises:
        NotFound: there is none.
    """
    found = desk.home.catalog.latest(ValidationReport, run=run.digest)
    if found is None:
        raise NotFound(
            "the model came from another hospital and was not validated here",
            code="carried.not_validated",
            hint="Run `attending validate later` on a snapshot of this hospital.",
        )
    return found


def choose(desk: Desk, run: Run, choice: Calibrated, *, reason: str) -> LocalChoice:
    """Return the choice of calibration for this site, kept, for a clinical lead to sign.

    Raises:
        NotFound: it was not validated here yet.
        Refused: the run was fitted here, or it is to be used as it is and its calibration failed.
    """
    if carried_of(desk, run.digest) is None:
        raise Refused("the run was fitted here, so there is nothing to choose", code="carried.own")
    report = local_report(desk, run)
    if choice == "as_it_is" and (failed := failed_here(report)):
        raise Refused(
            f"its calibration failed here: {', '.join(failed)}",
            code="carried.calibration",
            hint="Recalibrate it on patients of this hospital: `attending run recalibrate`.",
        )
    ratio, slope = report.estimate("observed_expected"), report.estimate("calibration_slope")
    made = LocalChoice(
        model=run.model,
        run=run.digest,
        report=report.digest,
        choice=choice,
        observed_expected=ratio.value if ratio else None,
        calibration_slope=slope.value if slope else None,
        reason=reason,
        authors=(desk.actor,),
    )
    keys = {"model": run.model, "run": run.digest}
    keep(desk, made, action="carried.choose", keys=keys, details={"choice": choice})
    return made


def failed_here(report: ValidationReport) -> tuple[str, ...]:
    """Return the gates of calibration that a local validation failed."""
    asked = (one for one in report.gates if one.gate in CALIBRATION_GATES)
    return tuple(one.named for one in asked if one.outcome == "failed")


def open_choice(desk: Desk, run: str, report: str) -> str:
    """Return why the calibration of a carried run is not settled here; empty when it is."""
    if carried_of(desk, run) is None:
        return ""
    made = desk.home.catalog.latest(LocalChoice, run=run)
    if made is None or made.report != report:
        return "whether its calibration holds here was not chosen on this report"
    signed = ((one.role, one.meaning) for one in standing_on(desk, made.digest))
    if ("clinical_lead", "approval") not in signed:
        return "the choice of calibration is not signed by a clinical lead"
    if made.choice == "not_as_it_is":
        return "its calibration does not hold here: fit or recalibrate it here"
    return ""


def judged_snapshot(desk: Desk, run: Run) -> Snapshot | None:
    """Return the snapshot that a run is judged by; None of a carried one not yet judged here."""
    judged = desk.home.catalog.latest(ValidationReport, run=run.digest)
    if carried_of(desk, run.digest) is not None and judged is None:
        return None
    return snapshot_of(desk, run)
