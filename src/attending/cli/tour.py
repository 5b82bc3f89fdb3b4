"""The tour: the demo goes on until a hospital stands there that is worth looking at.

Three models in three stages. One is used on a ward and has a problem to solve, one runs silently,
one waits for a clinician to agree its threshold. All of it is made by the functions that the verbs
call, and signed by persons who give their passphrase.
"""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.cli.desks import open_desk
from attending.cli.face import (
    table,
)
from attending.cli.story import Teller, refused, say, title
from attending.cli.tour_models import PROJECTS, prepare, to_silent, to_trained
from attending.digests import short
from attending.lifecycle import (
    deploying,
    gating,
    incidents,
    ingesting,
    opening,
    releasing,
    scoring,
    signing,
    silent,
    simulating,
    training,
    validating,
    watching,
)
from attending.lifecycle.projects import open_project
from attending.times import format_instant, parse_instant

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.projects import Project
    from attending.lifecycle.simulating import Generated
    from attending.records.monitoring import MonitorReport

TOUR_YEARS = 5
BEGUN = parse_instant("2025-12-15T12:00:00Z")
REVIEWED = parse_instant("2026-04-20T06:00:00Z")
#: When the nightly run stopped, and nobody saw it.
STOOD = REVIEWED
NOW = parse_instant("2026-06-29T06:00:00Z")
_TOO_SMALL_FOR = ("adds_to_baseline", "calibration_slope", "subgroup_not_worse")


def for_this_size(folder: Path) -> None:
    """Ask of the example what a hospital of this size can show, before its plan is agreed."""
    plan = folder / "validation.yaml"
    lines = plan.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not any(f"gate: {name}," in line for name in _TOO_SMALL_FOR)]
    plan.write_text("".join(kept), encoding="utf-8")


def go_on(home: Path, hospital: Generated) -> None:
    """Go on from where the demo ended, in its home; the last lines say who may sign in, and how."""
    with open_desk(home, at=BEGUN) as desk:
        secrets = simulating.passphrases(desk)
        teller = Teller(desk, open_project(home / "project"), secrets, BEGUN)
        _persons(teller)
        _silent_one(teller, home)
        _months(teller, home, hospital)
        _to_the_ward(teller)
        _weeks(teller, home, hospital)
        _problem(teller)
        _waiting(teller, home)
        shutil.rmtree(home / "extracts")
        _end(teller, home)


def _persons(teller: Teller) -> None:
    title(11, "Every role has somebody")
    teller.secrets |= simulating.add_persons(teller.by("system"), simulating.TOUR_PERSONS)
    teller.secrets |= simulating.add_administrator(teller.by("system"))
    say("  " + ", ".join(f"{name} ({role})" for _, name, role in simulating.TOUR_PERSONS))


def _silent_one(teller: Teller, home: Path) -> None:
    title(12, "A second model enters silent")
    project = prepare(home, "mortality", at=teller.now)
    stands = to_silent(Teller(teller.desk, project, teller.secrets, teller.now))
    teller.now = stands.effective_at
    say(f"  {stands.model}@{stands.version} stage={stands.stage}")


def _months(teller: Teller, home: Path, hospital: Generated) -> None:
    say("")
    say(f"   ... the calendar moves on to {format_instant(REVIEWED)} ...")
    teller.now = REVIEWED
    extract = home / "extracts" / "reviewed"
    simulating.write_hospital(extract, hospital, until=REVIEWED)
    ingesting.ingest(teller.by("erik"), "hospital", extract)
    _day(teller, teller.project)


def _day(teller: Teller, project: Project) -> MonitorReport:
    """Do what a day asks of an operator: score, join outcomes, watch, answer."""
    done = scoring.score(teller.by("omar"), project)
    scoring.join_outcomes(teller.by("omar"), project)
    report = watching.monitor(teller.by("omar"), project)
    verdict = watching.give_verdict(teller.by("omar"), project)
    say(
        f"  {project.name}: {done.record.n} predictions, {len(report.findings)} findings, "
        f"verdict {verdict.answer}: {verdict.because}"
    )
    return report


def _to_the_ward(teller: Teller) -> None:
    title(13, "The silent period is reviewed, and one site sees the score")
    project, run = teller.project, training.latest_run(teller.desk, teller.project)
    report = silent.report_silent(teller.by("dana"), project)
    say(f"  silent report {short(report.digest)}: {report.matured} outcomes, gates {report.gates}")
    papers = {
        one.paper: one.digest for one in deploying.write_papers(teller.by("dana"), project, run)
    }
    specs = signing.propose_specs(teller.by("dana"), project)
    teller.sign(
        specs["training_material"], "nora", "nurse_leader", meaning="approval",
        says="Whoever reads this can read the score.", kind="training_material",
    )  # fmt: skip
    for user, role in (("n.okafor", "discharge nurse"), ("l.weber", "care coordinator")):
        deploying.record_training(
            teller.by("nora"), project, user=user, role=role, completed_at=teller.now
        )
    documents = gating.gather(teller.by("dana"), project, run, to_stage="limited").documents
    clara, cora = ("clara", "clinical_lead"), ("cora", "clinical_lead")
    omar, nora = ("omar", "operator"), ("nora", "nurse_leader")
    carl = ("carl", "compliance_officer")
    for document, person, meaning, says, kind in (
        (specs["retraining"], clara, "approval", "These bounds are fair.", "retraining"),
        (papers["safety_case"], clara, "approval", "No hazard is left too high.", "deployer_paper"),
        (papers["downtime"], omar, "approval", "We can work so.", "deployer_paper"),
        (papers["workflow"], nora, "approval", "Two clicks, as we tried.", "deployer_paper"),
        (papers["role_guide"], nora, "approval", "Each can work by it.", "deployer_paper"),
        (report.digest, omar, "review", "It ran as planned.", "silent_report"),
        (report.digest, clara, "approval", "As good as before.", "silent_report"),
        (report.digest, nora, "review", "The wards can work with it.", "silent_report"),
        (documents["release"], clara, "approval", "I answer for this use.", "release"),
        # Those of before are older than this gate takes, and a version rests on them.
        (documents["card"], cora, "approval", "I read it anew.", "card"),
        (documents["release"], carl, "approval", "Use and scope are stated.", "release"),
    ):
        teller.sign(document, *person, meaning=meaning, says=says, kind=kind)
    watching.give_verdict(teller.by("omar"), project)
    stands = releasing.advance(teller.by("omar"), project, "limited")
    say(f"  {stands.model}@{stands.version} stage={stands.stage}: the nurses of CITY see it")


def _weeks(teller: Teller, home: Path, hospital: Generated) -> None:
    say("")
    say(f"   ... ten weeks in which the nightly run stood still, to {format_instant(NOW)} ...")
    teller.now = NOW
    title(14, "It runs again, and says what happened")
    extract = home / "extracts" / "third"
    simulating.write_hospital(extract, hospital, until=NOW)
    held = ingesting.ingest(teller.by("erik"), "hospital", extract)
    say(f"  snapshot {short(held.digest)}: {held.snapshot.rows} events")


def _problem(teller: Teller) -> None:
    for project in (teller.project, open_project(teller.desk.home.root / PROJECTS["mortality"])):
        report = _day(teller, project)
        if report.findings:
            table(
                ("drift", "severity", "finding", "about"),
                [(f.drift, f.severity, f.name, f.subject) for f in report.findings],
            )
    opened = incidents.open_incident(
        teller.by("omar"), teller.project, type="outage", harm="medium",
        title="The nightly run stood still: scores came weeks late", since=STOOD,
    )  # fmt: skip
    incidents.do_step(
        teller.by("omar"), opened.digest, step="notify",
        says="Called the clinical owner, the technical owner and the ward managers.",
    )  # fmt: skip
    say(f"  incident {short(opened.digest)} is open: {opened.incident.title}")
    refused(
        "live, with an open incident",
        lambda: releasing.advance(teller.by("omar"), teller.project, "live"),
    )


def _waiting(teller: Teller, home: Path) -> None:
    title(15, "A third model waits for its threshold")
    project = prepare(home, "ed-return", at=teller.now)
    stands = to_trained(Teller(teller.desk, project, teller.secrets, teller.now))
    teller.now = stands.effective_at + timedelta(minutes=1)
    run = training.latest_run(teller.desk, project)
    card = validating.build_card(teller.by("dana"), project, run, version=stands.version)
    opening.open_document(teller.by("clara"), card.digest, person="clara")
    # What a gate misses is known once it was asked; then it waits for each whose it is.
    gating.check(teller.by("dana"), project, "validated", run=run.digest)
    say(f"  {stands.model}@{stands.version} stage={stands.stage}: Dr Clara Moss decides")


def _end(teller: Teller, home: Path) -> None:
    say("")
    roles = {
        **{who: (name, str(role)) for who, name, role in simulating.PERSONS},
        **{who: (name, str(role)) for who, name, role in simulating.TOUR_PERSONS},
        simulating.ADMINISTRATOR[0]: (simulating.ADMINISTRATOR[1], "administrator"),
    }
    table(
        ("sign in as", "passphrase", "name", "role"),
        [(who, teller.secrets[who], *roles[who]) for who in roles],
    )
    later = teller.now + timedelta(minutes=30)
    projects = " ".join(f"--project {home / place}" for place in ("project", PROJECTS["mortality"]))
    say("Fictional persons in a synthetic home: these passphrases open nothing else.")
    say(f"look: attending serve --home {home} {projects} --at {format_instant(later)}")
