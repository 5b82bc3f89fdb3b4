"""A small real home for the tests of pages: a model at the clinical sign-off, and one prediction.

Its records are those of `tests.documents.example_records`, kept as a project's steps would.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from attending.documents.validation_report import validation_report
from attending.lifecycle import papers, run_specs, signing, simulating
from attending.lifecycle.desk import create_home, keep, note, open_desk
from attending.lifecycle.projects import open_project
from attending.records.explanation import StabilityReport
from attending.records.governance import Condition, GateDecision
from attending.records.ledger import Subject
from attending.records.prediction import Factor, Input, Prediction
from attending.records.release import Deployment
from attending.stores.predictions import Scored
from attending.times import parse_instant
from attending.web.front_desk import FrontDesk
from tests.documents import example_records
from tests.lifecycle.wide_example import copy_wide

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.desk import Desk

MODEL = "readmission-30d"
AT = parse_instant("2025-10-01T08:00:00Z")
REQUEST = "ab" * 16
SUBJECT = "4886448066181632"


@dataclass(frozen=True)
class ExampleHome:
    """Where it is, the passphrases of its persons, and the digests of its records."""

    root: Path
    secrets: dict[str, str]
    run: str
    report: str
    page: str
    card: str
    plan: str

    def desk(self, actor="clara"):
        return open_desk(self.root, at=AT, actor=actor)

    def house(self):
        return FrontDesk.open(self.root, clock=lambda: AT)

    def entries(self, action):
        with self.desk() as desk:
            return desk.home.ledger.search(action=action)


def make_example_home(folder):
    """Return a home with a run, its report, its card, its plan, a gate that waits, a prediction."""
    place = copy_wide(folder / "project")
    project = open_project(place)
    first = create_home(folder / "home", at=parse_instant("2025-06-01T08:00:00Z"), seed=7)
    secrets = simulating.add_persons(first)
    desk = replace(first, at=parse_instant("2025-09-30T08:00:00Z"), actor="dana")
    run_specs.keep_specs(desk, project)
    run = example_records.run(model=MODEL, specs=run_specs.spec_digests(project))
    digest = keep(desk, run, action="run.fit", keys={"model": MODEL, "snapshot": run.snapshot})
    keys = {"model": MODEL, "run": digest}
    report = example_records.report()
    report = report.model_copy(update={"model": report.model.model_copy(update={"run": digest})})
    keep(desk, report, action="validate.model", keys=keys)
    page = papers.keep_page(
        desk,
        validation_report(report, None, run, synthetic=True),
        of=report.digest,
        title="Validation report",
    )
    card = keep(desk, example_records.card(), action="card.build", keys=keys)
    keep(desk, steady(), action="explain.stability", keys=keys)
    plan = signing.propose_specs(desk, project)["release"]
    put_into(desk, digest, "prototype", version="")
    put_into(desk, digest, "trained")
    keep(
        desk,
        decision(digest, report=report.digest, card=card),
        action="gate.decide",
        keys={**keys, "to": "validated"},
        details={"allowed": False, "open": 3},
    )
    _predict(desk, digest)
    desk.home.close()
    return ExampleHome(folder / "home", secrets, digest, report.digest, page, card, plan)


def steady():
    return StabilityReport(
        patients=50, draws=20, top=5, seed=1, relative_error=0.1, mean_jaccard=0.9,
        low_jaccard=0.8, same_first=0.95, mean_risk_change=0.01, threshold=0.7, steady=True,
        outcome="met",
    )  # fmt: skip


def decision(run, *, report, card):
    def signed(kind, digest):
        return Condition(
            name=f"signed.{kind}.clinical_lead", status="missing", whose="clinical_lead",
            evidence=digest, note="a clinical lead has not signed",
        )  # fmt: skip

    return GateDecision(
        gate="clinical sign-off", model=MODEL, run=run, from_stage="trained",
        to_stage="validated", as_of=parse_instant("2025-09-30T09:00:00Z"),
        documents={"card": card, "validation_report": report},
        conditions=(
            Condition(name="card.complete", status="met", whose="data_scientist"),
            Condition(name="threshold.agreed", status="missing", whose="clinical_lead",
                      note="no threshold was decided for all"),
            signed("validation_report", report),
            signed("card", card),
        ),
        allowed=False, policy="five-roles", risk_level="medium", compensation="",
    )  # fmt: skip


def put_into(desk: Desk, run: str, stage: Any, *, version: str = "v1", model: str = MODEL) -> None:
    """Let a run stand in a stage, as an act would have."""
    stands = Deployment(
        model=model, version=version, stage=stage, run=run, act="advance" if version else "begin",
        artifacts={}, effective_at=desk.at,
        by="dana",
    )  # fmt: skip
    with desk.home.database.transaction() as unit:
        digest = desk.home.deployments.enter(unit, stands)
        note(
            desk,
            unit,
            action="release.advance",
            subject=Subject(kind="deployment", digest=digest),
            details={"stage": stage, "version": version},
        )


def _predict(desk: Desk, run: str) -> None:
    made = Prediction(
        model=MODEL, version="v1", stage="silent", run=run, artifact="5" * 64,
        feature_set="2" * 64, answer="continue", subject_id=SUBJECT, site="NORTH",
        prediction_time=parse_instant("2025-09-29T16:00:00Z"),
        index_start=parse_instant("2025-09-25T10:00:00Z"), outcome="live",
        scored_by=f"{MODEL} v1", score=0.31, threshold=0.25, flagged=True,
        inputs=(
            Input(feature="creatinine_last", value=2.4,
                  time=parse_instant("2025-09-29T06:00:00Z"),
                  known_at=parse_instant("2025-09-29T07:10:00Z")),
            Input(feature="age", value=71.0),
            Input(feature="albumin_last", missing="no row in the window"),
        ),
        factors=(Factor(feature="creatinine_last", contribution=0.42, words="2.4 mg/dL"),),
        rationale="Risk 31 %. Raised by creatinine. Consider a call within 3 days.",
        band_words="Of validated patients with this risk, 27 to 35 of 100 had the event.",
        unlike_training=True, outside=("creatinine_last",),
    )  # fmt: skip
    stored = Scored(
        request_id=REQUEST, model=MODEL, version="v1", stage="silent", subject_id=int(SUBJECT),
        encounter_id=None, prediction_time=made.prediction_time, score=made.score,
        content=made.as_bytes(),
    )  # fmt: skip
    with desk.home.database.transaction() as unit:
        desk.home.predictions.add(unit, [stored])
        note(
            desk,
            unit,
            action="score.one",
            subject=Subject(kind="prediction", digest=REQUEST),
            details={"model": MODEL},
        )
