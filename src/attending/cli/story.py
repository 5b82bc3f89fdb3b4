"""The demo, told as it happens: every step through the same verbs, nothing shown that is not so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.cli.cohort import flow
from attending.cli.face import OUT, table
from attending.cli.study import report_lines, stability_lines
from attending.digests import short
from attending.errors import AttendingError
from attending.lifecycle import (
    agreeing,
    checking,
    cohorts,
    deciding,
    examples,
    featuring,
    gating,
    ingesting,
    papers,
    parity,
    references,
    releasing,
    replaying,
    scanning,
    scoring,
    signing,
    simulating,
    steadying,
    training,
    trying_policy,
    validating,
    watching,
    witnessing,
)
from attending.lifecycle.decided_thresholds import ALL
from attending.lifecycle.desk import create_home
from attending.lifecycle.projects import open_project
from attending.lifecycle.provenance import commit_project
from attending.times import format_instant, parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.lifecycle.simulating import Generated
    from attending.lifecycle.training import Fitted
    from attending.records.decisions import ThresholdDecision
    from attending.records.monitoring import Verdict
    from attending.types import Instant

DEMO_EXAMPLE = "readmission-synthetic"
FIRST = parse_instant("2025-07-01T06:00:00Z")
SECOND = parse_instant("2025-12-15T06:00:00Z")
#: Quiet years on which the demo tries its policy: the fewest that the gate takes, in seconds.
TRIED_YEARS = 20
#: Reasons beside the first from which on each has a line of its own.
_SEVERAL = 3
_LEAKY = """
  - name: coded_now
    label: Diagnoses of this stay
    codes: [ICD10CM//*]
    window: encounter
    aggregate: count
    owner: dana
    purpose: readmission risk
  - name: review_note
    label: Score of the readmission review
    codes: [NOTE//READMISSION_REVIEW]
    window: encounter
    aggregate: last
    owner: dana
    purpose: readmission risk
"""


@dataclass
class Teller:
    """Where the story is: the home, the simulated clock, and who has signed with what."""

    desk: Desk
    project: Project
    secrets: dict[str, str]
    now: Instant

    def by(self, person: str) -> Desk:
        """Return the desk for one person, a minute later."""
        self.now += timedelta(minutes=1)
        return replace(self.desk, at=self.now, actor=person)

    def sign(
        self, document: str, person: str, role: str, *, meaning: str, says: str, kind: str
    ) -> None:
        """Sign a document as a person, giving the passphrase again."""
        approval = signing.sign(
            self.by(person),
            document,
            kind=kind,
            person=person,
            passphrase=self.secrets[person],
            role=role,
            meaning=meaning,
            statement=says,
        )
        say(f"  signed: {approval.printed_name} ({role}), {meaning} of {kind} {short(document)}")


def say(line: str) -> None:
    """Print one line of the story."""
    OUT.print(line, markup=False)


def title(number: int, words: str) -> None:
    """Print the title of a chapter."""
    say("")
    say(f"{number}. {words}")


def refused(what: str, act: Callable[[], object]) -> None:
    """Do what must be refused, and say how it was."""
    try:
        act()
    except AttendingError as error:
        say(f"  refused, exit {error.exit_code} [{error.code}]: {what}")
        for line in reasons(error.message):
            say(f"    {line}")
        return
    raise AssertionError(f"not refused: {what}")


def reasons(message: str) -> list[str]:
    """Return what a refusal says, a line for each reason where there are many.

    >>> reasons("the gate is closed: a is missing (x); b has failed (y)")
    ['the gate is closed: a is missing (x); b has failed (y)']
    >>> reasons("closed: a; b; c; d")
    ['closed: a', '  b', '  c', '  d']
    """
    first, *others = message.split("; ")
    return [message] if len(others) < _SEVERAL else [first, *(f"  {other}" for other in others)]


def as_shipped(folder: Path) -> None:
    """Leave the example as it is shipped."""
    del folder


def tell(
    home: Path,
    *,
    seed: int,
    patients: int,
    years: int,
    edit: Callable[[Path], None] = as_shipped,
) -> Generated:
    """Return the hospital after the whole journey was told; the last lines name where it ended.

    Args:
        home: a folder that is not there yet.
        seed: another seed, another hospital.
        patients: of the hospital.
        years: that the hospital records.
        edit: changes the example's files before they are committed.
    """
    say("SYNTHETIC: every patient, person and figure below is made up.")
    teller = _open(home, seed, edit)
    hospital = _source(teller, home, patients=patients, years=years, seed=seed)
    _cohort(teller)
    _leaks(teller, home)
    fitted = _train(teller)
    _validate(teller, fitted)
    _release(teller, fitted)
    say("")
    say(f"   ... the calendar moves on to {format_instant(SECOND)} ...")
    teller.now = SECOND
    _silent(teller, home, hospital)
    verdict = _watch(teller)
    _audit(teller)
    _end(teller, fitted, verdict, home=home)
    return hospital


def _open(home: Path, seed: int, edit: Callable[[Path], None]) -> Teller:
    title(1, "A home with a simulated clock, and five fictional persons")
    desk = create_home(home, at=FIRST, seed=seed)
    secrets = simulating.add_persons(desk)
    folder = examples.copy_example(DEMO_EXAMPLE, home / "project")
    edit(folder)
    commit_project(folder, at=format_instant(FIRST), author="Dana Reyes")
    project = open_project(folder)
    say(f"  project {folder} at commit {short(project.state.commit or '')}")
    say("  " + ", ".join(f"{name} ({role})" for _, name, role in simulating.PERSONS))
    return Teller(desk, project, secrets, FIRST)


def _source(teller: Teller, home: Path, *, patients: int, years: int, seed: int) -> Generated:
    title(2, "The hospital gives an extract; ingest makes it a snapshot of events with two clocks")
    hospital = simulating.build_hospital(patients=patients, years=years, seed=seed)
    simulating.write_source(hospital, home / "extracts" / "first", until=FIRST)
    simulating.write_known_truth(hospital, home / "truth")
    held = ingesting.ingest(teller.by("erik"), "hospital", home / "extracts" / "first")
    account = held.snapshot.account
    say(
        f"  account: {account.rows_in} in = {account.accepted} accepted + {account.quarantined} "
        f"quarantined + {account.rejected} rejected + {account.duplicate} duplicate"
    )
    say(f"  snapshot {held.digest}: {held.snapshot.rows} events, {held.snapshot.subjects} patients")
    found = scanning.scan(teller.by("erik"), held.digest)
    say(
        f"  identifiers: {found.told or 'none seen'}, in {found.texts} texts of {found.rows} events"
    )
    if not found.clean:
        teller.sign(
            found.digest, "caro", "compliance_officer", meaning="approval",
            says="I read where they stand; they may stay.", kind="identifier_scan",
        )  # fmt: skip
    report = checking.check_contract(teller.by("erik"), teller.project, held)
    checking.require_contract(report)
    say(f"  contract: {len(report.checks)} promises checked, {len(report.failed)} broken")
    return hospital


def _cohort(teller: Teller) -> None:
    title(3, "Who is predicted for, what became of them, and what was known by then")
    built = cohorts.build_cohort(teller.by("dana"), teller.project)
    flow(built.record)
    say(
        f"  cohort {short(built.digest)}: {built.record.positives} readmissions in "
        f"{built.record.labelled} known outcomes; {built.record.statuses.unknown_words}"
    )
    features = featuring.build_features(teller.by("dana"), teller.project, built)
    say(f"  features: {len(features.record.features)}, table {features.record.table_digest}")
    again = parity.check_parity(teller.by("erik"), teller.project, features)
    parity.require_same(again)
    say(
        f"  one patient at a time: {again.cells} cells of {again.predictions} predictions are the "
        "same to the bit"
    )


def _leaks(teller: Teller, home: Path) -> None:
    title(4, "Does any feature see the future?")
    cohort = cohorts.built_cohort(teller.desk, teller.project)
    report = checking.check_leaks(teller.by("dana"), teller.project, cohort)
    say(f"  {len(report.features)} features asked, none refused")
    leaky = home / "leaky-project"
    examples.copy_example(DEMO_EXAMPLE, leaky)
    with (leaky / "features.yaml").open("a", encoding="utf-8") as stream:
        stream.write(_LEAKY)
    asked = open_project(leaky)
    found = checking.check_leaks(teller.by("dana"), asked, cohort)
    refused("diagnoses of the stay, and a note", lambda: checking.require_no_leaks(found))


def _train(teller: Teller) -> Fitted:
    title(5, "The plan is agreed before anything is fitted; then the fit, and its repetition")
    agreement = agreeing.propose_agreement(
        teller.by("dana"), teller.project, signers=["clara", "caro"]
    )
    for person, role in (("clara", "clinical_lead"), ("caro", "compliance_officer")):
        teller.sign(
            agreement.digest, person, role, meaning="approval",
            says="Baseline, measures and gates are fair.", kind="agreement",
        )  # fmt: skip
    fitted = training.fit_run(teller.by("dana"), teller.project)
    for item in fitted.run.candidates:
        figures = ", ".join(f"{name} {value}" for name, value in item.first_figures.items())
        say(f"  {item.name}: {figures} on later patients")
    say(f"  run {fitted.digest}")
    for artifact in fitted.run.artifacts:
        say(f"    {artifact.name} {artifact.digest}")
    again = replaying.replay(teller.by("erik"), teller.project, fitted.digest)
    say(f"  repeated by Erik Lind: {'every byte the same' if again.same_files else 'DIFFERENT'}")
    return fitted


def _validate(teller: Teller, fitted: Fitted) -> None:
    title(6, "Against what the wards use today")
    report = validating.validate_run(teller.by("dana"), teller.project, fitted.run, fitted=fitted)
    report_lines(report)
    say(f"  report {report.digest}")
    steady = steadying.check_stability(teller.by("dana"), teller.project, fitted.run)
    stability_lines(steady)


def _lineage(teller: Teller, fitted: Fitted) -> None:
    specs = signing.propose_specs(teller.by("dana"), teller.project)
    teller.sign(
        specs["data_access"], "caro", "compliance_officer", meaning="approval",
        says="These data may be used for this.", kind="data_access",
    )  # fmt: skip
    refused(
        "Dana Reyes signs her own run",
        lambda: teller.sign(
            fitted.digest, "dana", "data_scientist", meaning="review",
            says="Looks fine to me.", kind="run",
        ),
    )  # fmt: skip
    refused(
        "trained without a second pair of eyes",
        lambda: releasing.advance(teller.by("dana"), teller.project, "trained"),
    )
    teller.sign(
        fitted.digest, "erik", "data_engineer", meaning="review",
        says="I repeated it and read its lineage.", kind="run",
    )  # fmt: skip
    stands = releasing.advance(teller.by("dana"), teller.project, "trained")
    say(f"  {stands.model}@{stands.version} stage={stands.stage}")


def _clinical(teller: Teller, fitted: Fitted) -> None:
    digests = teller.desk.home.deployments.current(fitted.run.model)
    card = validating.build_card(
        teller.by("dana"), teller.project, fitted.run, version=digests.version if digests else ""
    )
    decided = deciding.decide_thresholds(teller.by("dana"), teller.project, fitted.run)
    documents = gating.gather(
        teller.by("dana"), teller.project, fitted.run, to_stage="validated"
    ).documents
    steady = signing.newest_stability(teller.desk, fitted.run)
    lead = ("clara", "clinical_lead")
    report = documents["validation_report"]
    asked = (
        (steady, *lead, "approval", "The wording says what it is, and what not.", "explanation"),
        *((one.digest, *lead, "approval", _agreed_words(one), "threshold") for one in decided),
        (report, *lead, "approval", "Better than LACE where it matters.", "validation_report"),
        (report, "caro", "compliance_officer", "review", "As agreed.", "validation_report"),
        (card.digest, *lead, "approval", "I would hand this to colleagues.", "card"),
    )
    for document, person, role, meaning, says, kind in asked:
        teller.sign(document, person, role, meaning=meaning, says=says, kind=kind)
    stands = releasing.advance(teller.by("dana"), teller.project, "validated")
    say(f"  {stands.model}@{stands.version} stage={stands.stage}")


def _agreed_words(decision: ThresholdDecision) -> str:
    where = "" if decision.place == ALL else f" at {decision.place}"
    risk = "the threshold" if decision.threshold is None else f"{100 * decision.threshold:.3g} %"
    return f"From {risk}{where} on we act within {decision.within}."


def _readiness(teller: Teller, fitted: Fitted) -> None:
    drill = releasing.drill_rollback(teller.by("omar"), teller.project, fitted.run)
    for step in drill.steps:
        say(f"  {step}")
    releasing.review_access(teller.by("caro"))
    version = fitted_version(teller, fitted)
    references.make_reference(teller.by("omar"), teller.project, fitted.run, version=version)
    plan = signing.propose_specs(teller.by("dana"), teller.project)["release"]
    teller.sign(
        plan, "omar", "operator", meaning="responsibility",
        says="I run it and can take it back.", kind="release",
    )  # fmt: skip
    teller.sign(
        plan, "caro", "compliance_officer", meaning="approval",
        says="Use, scope and owners are stated.", kind="release",
    )  # fmt: skip
    stands = releasing.advance(teller.by("omar"), teller.project, "silent")
    say(f"  {stands.model}@{stands.version} stage={stands.stage}: it scores, nobody sees it yet")


def fitted_version(teller: Teller, fitted: Fitted) -> str:
    """Return the version that the run was given."""
    stands = teller.desk.home.deployments.current(fitted.run.model)
    return stands.version if stands else ""


def _release(teller: Teller, fitted: Fitted) -> None:
    title(7, "Three gates: lineage, clinical sign-off, readiness")
    _lineage(teller, fitted)
    _clinical(teller, fitted)
    _readiness(teller, fitted)


def _silent(teller: Teller, home: Path, hospital: Generated) -> None:
    title(8, "Silent: five months of discharges scored, and their outcomes as they mature")
    simulating.write_source(hospital, home / "extracts" / "second", until=SECOND)
    held = ingesting.ingest(teller.by("erik"), "hospital", home / "extracts" / "second")
    say(f"  snapshot {held.digest}: {held.snapshot.rows} events")
    done = scoring.score(teller.by("omar"), teller.project)
    say(
        f"  {done.record.n} predictions: {done.record.n_live} with the model's score, "
        f"{done.record.n_fallback} with the fallback, {done.record.n_no_score} without a score; "
        f"{done.record.n_flagged} would have been flagged"
    )
    say(f"  batch {done.digest}")
    joined = scoring.join_outcomes(teller.by("omar"), teller.project)
    say(
        f"  outcomes: {joined.n_matured} mature with {joined.n_events} readmissions, "
        f"{joined.n_immature} not yet; an immature one is never a negative"
    )


def _watch(teller: Teller) -> Verdict:
    title(9, "Should we continue using this model today?")
    report = watching.monitor(teller.by("omar"), teller.project)
    if report.findings:
        table(
            ("drift", "severity", "finding", "about"),
            [(f.drift, f.severity, f.name, f.subject) for f in report.findings],
        )
    verdict = watching.give_verdict(teller.by("omar"), teller.project)
    _, lines = watching.today(teller.by("omar"), teller.project)
    for line in lines:
        say(f"  {line}")
    tried = trying_policy.try_policy(
        teller.by("omar"), teller.project, trying_policy.Trial(TRIED_YEARS, 1)
    )
    say("  The policy itself, tried on made-up years of this model:")
    for line in trying_policy.in_words(tried).lines:
        say(f"    {line}")
    refused(
        "limited, with the silent period not reviewed",
        lambda: releasing.advance(teller.by("omar"), teller.project, "limited"),
    )
    return verdict


def _audit(teller: Teller) -> None:
    title(10, "Can anyone check all of this?")
    made, _ = witnessing.checkpoint(teller.by("caro"))
    found = witnessing.verify(teller.by("caro"))
    found.require()
    say(f"  {found.statement}")
    say(f"  checkpoint root {made.root}")


def _end(teller: Teller, fitted: Fitted, verdict: Verdict, *, home: Path) -> None:
    say("")
    for page, (name, _) in papers.pages(teller.desk).items():
        path = home / f"{name.lower().replace(' ', '-')}.html"
        path.write_bytes(teller.desk.home.artifacts.read(page))
        say(f"{name}: {path} (sha256 {page})")
    stands = teller.desk.home.deployments.current(fitted.run.model)
    stage = stands.stage if stands else "none"
    version = stands.version if stands else ""
    teller.desk.home.close()
    say(
        f"journey complete: {fitted.run.model}@{version} stage={stage} "
        f"verdict={verdict.answer} home={home}"
    )
