"""The papers of who deploys: drawn from deployer.yaml and records, kept in editions, signed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from attending.documents.deployer_paper import LastList, downtime_pack, paper_document, paper_title
from attending.documents.in_print import printed_score
from attending.documents.times import when
from attending.errors import BadInput, NotFound, Refused, did_you_mean
from attending.govern.deployer import Told, draw
from attending.lifecycle import policies
from attending.lifecycle.desk import keep, note
from attending.lifecycle.examples import shipped_deployer
from attending.lifecycle.incidents import incidents
from attending.lifecycle.papers import keep_page
from attending.lifecycle.people import printed_names
from attending.lifecycle.plans import signed_plan
from attending.lifecycle.scoring import deployed, predictions_of
from attending.records.decisions import AccessReview, RollbackDrill, ThresholdDecision
from attending.records.deployer import DeployerPaper, TrainingCompletion
from attending.records.explanation import StabilityReport
from attending.records.features import ParityReport
from attending.records.ledger import Subject
from attending.records.monitoring import Reference, SimulationReport, Verdict, standing
from attending.records.silent import SilentReport
from attending.records.validation import ValidationReport
from attending.units import printed_risk

if TYPE_CHECKING:
    from typing import Any

    import pyarrow as pa

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.base import Record
    from attending.records.deployer import PaperName
    from attending.records.release import Deployment
    from attending.records.run import Run
    from attending.types import Instant

#: Answers under which readers are shown the model's own scores everywhere.
_SHOWN = frozenset({"continue", "watch", "freeze"})
_BY_RUN: dict[str, type[Record]] = {
    "validation": ValidationReport,
    "stability": StabilityReport,
    "rollback_drill": RollbackDrill,
    "monitor_reference": Reference,
    "silent_report": SilentReport,
    "threshold": ThresholdDecision,
}


def write_papers(desk: Desk, project: Project, run: Run) -> tuple[DeployerPaper, ...]:
    """Return every paper of a run in its present edition, kept, with its readable document.

    A paper whose content is what it was keeps its edition and its signatures.
    """
    return tuple(_kept(desk, run, paper=paper) for paper in drawn_papers(desk, project, run))


def drawn_papers(desk: Desk, project: Project, run: Run) -> tuple[DeployerPaper, ...]:
    """Return every paper as specs and records say it now; nothing is kept."""
    spec = project.deployer
    told = _told(desk, project, run)
    version = _version(desk, run)
    return tuple(
        DeployerPaper(
            paper=name,
            model=run.model,
            version=version,
            edition=0,
            spec=spec.digest,
            synthetic=desk.home.synthetic,
            sections=found.sections,
            missing=found.missing,
        )
        for name, found in draw(spec, told).items()
    )


def _kept(desk: Desk, run: Run, *, paper: DeployerPaper) -> DeployerPaper:
    newest = _newest(desk, run.model, paper.paper)
    if newest is not None and _same(newest, paper):
        return newest
    edition = newest.edition + 1 if newest else 1
    made = paper.model_copy(update={"edition": edition})
    keys = {"model": run.model, "run": run.digest, "paper": paper.paper}
    keep(desk, made, action="paper.write", keys=keys, details={"edition": edition})
    page = paper_document(made, printed_names(desk))
    keep_page(desk, page, of=made.digest, title=paper_title(made.paper))
    return made


def _same(one: DeployerPaper, other: DeployerPaper) -> bool:
    """Return whether two editions say the same; a mark in another paper's part does not count."""
    aside = {"edition": 0, "spec": ""}
    return one.model_copy(update=aside) == other.model_copy(update=aside)


def _newest(desk: Desk, model: str, paper: str) -> DeployerPaper | None:
    return desk.home.catalog.latest(DeployerPaper, model=model, paper=paper)


def present_paper(
    desk: Desk, project: Project, run: Run, *, name: PaperName
) -> DeployerPaper | None:
    """Return the newest edition of a paper when it still says what specs and records say."""
    newest = _newest(desk, run.model, name)
    now = next(one for one in drawn_papers(desk, project, run) if one.paper == name)
    return newest if newest is not None and _same(newest, now) else None


def _version(desk: Desk, run: Run) -> str:
    stands = [one for one in desk.home.deployments.history(run.model) if one.run == run.digest]
    return stands[-1].version if stands else ""


def _told(desk: Desk, project: Project, run: Run) -> Told:
    had = incidents(desk, model=run.model)
    return Told(
        release=project.release,
        monitoring=project.monitoring,
        evidence=_evidence(desk, run),
        incidents=Counter(str(one.incident.type) for one in had if not one.incident.drill),
        open_incidents=sum(not one.closed for one in had),
        persons=frozenset(one.person_id for one in desk.home.users.list() if one.active),
        template=shipped_deployer() if policies.in_use(desk).production else {},
        thresholds=_thresholds(desk, run),
    )


def _thresholds(desk: Desk, run: Run) -> tuple[ThresholdDecision, ...]:
    """Return of each place the newest threshold that was decided, in order of their names."""
    decided = desk.home.catalog.all(ThresholdDecision, run=run.digest)
    newest = {one.place: one for one in decided}
    return tuple(newest[place] for place in sorted(newest))


def _evidence(desk: Desk, run: Run) -> dict[str, str]:
    """Return by name the newest record that shows a control, of those that there are."""
    catalog = desk.home.catalog
    version = _version(desk, run)
    found: dict[str, Record | None] = {
        name: catalog.latest(kind, run=run.digest) for name, kind in _BY_RUN.items()
    }
    found["parity"] = catalog.latest(ParityReport, features=run.feature_set)
    found["access_review"] = catalog.latest(AccessReview)
    found["monitor_simulation"] = catalog.latest(SimulationReport, model=run.model, version=version)
    return {name: one.digest for name, one in found.items() if one is not None}


def record_training(
    desk: Desk, project: Project, *, user: str, role: str, completed_at: Instant
) -> TrainingCompletion:
    """Return that a user completed the training material as the release plan names it, kept.

    Raises:
        NotFound: a role that the plan does not require.
        BadInput: no user, or an instant that has not come yet.
    """
    material = project.release.training_material
    if role not in material.required_roles:
        raise NotFound(
            f"got role '{role}', which release.yaml does not require to be trained",
            code="training.role",
            hint=did_you_mean(role, material.required_roles),
        )
    if not user.strip() or completed_at > desk.at:
        raise BadInput(
            "expected a user, and a training that is over",
            code="training.user",
            hint="Name the user as the hospital names staff.",
        )
    made = TrainingCompletion(
        model=project.name,
        material=material.material,
        material_version=material.version,
        user=user.strip(),
        role=role,
        completed_at=completed_at,
        recorded_by=desk.actor,
    )
    keep(desk, made, action="training.complete", keys={"model": project.name, "role": role})
    return made


def trained(desk: Desk, project: Project) -> tuple[TrainingCompletion, ...]:
    """Return who completed the material in the version that the release plan names."""
    material = project.release.training_material
    return tuple(
        one
        for one in desk.home.catalog.all(TrainingCompletion, model=project.name)
        if (one.material, one.material_version) == (material.material, material.version)
    )


def print_pack(desk: Desk, project: Project, *, unit: str) -> tuple[LastList, bytes]:
    """Return the pack that a unit prints for downtime: the procedure, the last list, its age.

    Args:
        desk: where, when and who prints.
        project: whose model.
        unit: a site of the release plan.

    Raises:
        NotFound: nobody of that unit was scored, or the procedure was not written.
        Refused: the stage, or today's verdict, shows no score of the model there.
    """
    stands = deployed(desk, project)
    _require_shown(desk, stands, unit=unit)
    paper = _newest(desk, project.name, "downtime")
    if paper is None:
        raise NotFound(
            "the downtime procedure was not written",
            code="downtime.missing",
            hint="Run `attending document write` first.",
        )
    rows = _last_rows(predictions_of(desk, project, stands.version), unit)
    held = LastList(
        model=project.name,
        version=stands.version,
        unit=unit,
        made_at=_instant(rows[0]),
        printed_at=desk.at,
        counts_for=timedelta(microseconds=project.deployer.downtime.after),
        rows=tuple(_row(one, fallback=project.release.fallback.score or "") for one in rows),
    )
    page = downtime_pack(paper, held, printed_names(desk))
    with desk.home.database.transaction() as unit_of_work:
        note(
            desk,
            unit_of_work,
            action="downtime.print",
            subject=Subject(kind="deployment", digest=stands.digest),
            details={"unit": unit, "patients": len(rows), "old": held.old},
        )
    return held, page


def _require_shown(desk: Desk, stands: Deployment, *, unit: str) -> None:
    plan = signed_plan(desk, stands).spec
    verdict = desk.home.catalog.latest(Verdict, model=stands.model, version=stands.version)
    answer = standing(verdict, desk.at, risk_level=plan.risk_level)
    here = verdict is not None and unit in verdict.sites
    covered = next((one.sites for one in plan.stages if one.stage == stands.stage), ())
    shown = answer in _SHOWN or (answer == "restrict" and here)
    outside = bool(covered) and unit not in covered
    if stands.stage == "silent" or stands.serves != "version" or outside or not shown:
        raise Refused(
            f"no score of {stands.model}@{stands.version} is shown at {unit}: "
            f"stage {stands.stage}, answer {answer}",
            code="downtime.not_shown",
            hint="Use the fallback of the release plan; see `attending today`.",
        )


def _last_rows(made: pa.Table, unit: str) -> list[dict[str, Any]]:
    """Return the rows of the last day on which a unit was scored, newest first."""
    mine = made.filter(pc.equal(made["site"], unit)).sort_by([("prediction_time", "descending")])
    rows: list[dict[str, Any]] = mine.to_pylist()
    if not rows:
        known = sorted({str(one) for one in made["site"].unique().to_pylist() if one})
        raise NotFound(
            f"nobody of unit '{unit}' was scored",
            code="downtime.unit",
            hint=did_you_mean(unit, known),
        )
    day = rows[0]["prediction_time"] - timedelta(days=1)
    return [one for one in rows if one["prediction_time"] > day]


def _instant(row: dict[str, Any]) -> Instant:
    found: Instant = row["prediction_time"].replace(tzinfo=UTC)
    return found


def _row(row: dict[str, Any], *, fallback: str) -> tuple[str, ...]:
    flagged = "yes" if row["flagged"] else "no"
    return (str(row["subject_id"]), when(_instant(row)), _score(row, fallback), flagged)


def _score(row: dict[str, Any], fallback: str) -> str:
    """Return a risk as the bedside reads it, the points of the fallback, or that there is none."""
    if row["score"] is None:
        return "no score"
    if row["kind"] == "fallback":
        return f"{row['score']:g} points of {printed_score(fallback)}"
    return printed_risk(row["score"])
