"""Change control from end to end: drift, proposal, candidate, gates, and the old one retired."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attending.cli import story
from attending.errors import AttendingError
from attending.hospital import lives, sequel
from attending.lifecycle import (
    agreeing,
    checking,
    cohorts,
    deciding,
    featuring,
    ingesting,
    parity,
    references,
    releasing,
    replaying,
    retiring,
    scanning,
    scoring,
    signing,
    simulating,
    steadying,
    training,
    updating,
    validating,
    watching,
)
from attending.lifecycle.desk import create_home, keep
from attending.lifecycle.projects import open_project
from attending.lifecycle.provenance import commit_project
from attending.models.protocol import expit, logit
from attending.records.recalibration import RecalibrationProposal
from attending.records.release import Retirement
from attending.records.validation import ValidationReport
from attending.times import format_instant, parse_instant
from tests.journeys.test_five_people import Walk
from tests.lifecycle.wide_example import copy_wide

FIRST = parse_instant("2024-08-01T06:00:00Z")
SECOND = parse_instant("2024-12-20T06:00:00Z")
THIRD = parse_instant("2025-06-15T06:00:00Z")
#: From FIRST on more patients come back than the same figures foretold before.
SHIFT = 1.0
SMALL = """explanations:
  weighed: shown
  weighed_reason: too few patients to weigh them all
  leave_out: {bootstrap_refits: too few patients to fit again, half_refits: too few patients}
gates:
  - {gate: minimum_events, events: 3, non_events: 3}
  - {gate: alert_burden, per_day_at_most: 50}
"""


def code_of(act):
    with pytest.raises(AttendingError) as refused:
        act()
    return refused.value.code


def changed_hospital(monkeypatch):
    """Return a hospital in which the true risk rises from FIRST on, whatever is measured."""
    from_then = FIRST.timestamp()

    def settle(future, people, *, stay, fresh, clock, rng):
        shift = np.where(stay.discharged >= from_then, SHIFT, 0.0)
        moved = expit(logit(fresh) + shift)
        return sequel.settle(future, people, stay=stay, fresh=moved, clock=clock, rng=rng)

    monkeypatch.setattr(lives, "settle", settle)
    return simulating.build_hospital(patients=2600, years=4, seed=7)


def write(place, name, *pairs):
    """Change words in a file of the project."""
    text = (place / name).read_text()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    (place / name).write_text(text)


def small_project(folder):
    place = copy_wide(folder)
    text = (place / "validation.yaml").read_text().replace("draws: 500", "draws: 50")
    (place / "validation.yaml").write_text(text[: text.index("gates:")] + SMALL)
    write(place, "model.yaml", (SECTION, ""))
    write(place, "monitoring.yaml", ("minimum_events: 100", "minimum_events: 60"))
    commit_project(place, at=format_instant(FIRST), author="Dana Reyes")
    return place


SECTION = """compare: # fitted and reported beside it
  - estimator: lightgbm
    parameters: {num_leaves: 15, learning_rate: 0.05, num_iterations: 300, min_data_in_leaf: 40}
"""


def prepared(teller, folder):
    """Take an extract in, and build cohort and features of the project on it."""
    held = ingesting.ingest(teller.by("erik"), "hospital", folder)
    scanning.scan(teller.by("erik"), held.digest)
    checking.check_contract(teller.by("erik"), teller.project, held)
    cohort = cohorts.build_cohort(teller.by("dana"), teller.project)
    features = featuring.build_features(teller.by("dana"), teller.project, cohort)
    parity.check_parity(teller.by("erik"), teller.project, features)
    checking.check_leaks(teller.by("dana"), teller.project, cohort)


def agreed(teller):
    agreement = agreeing.propose_agreement(
        teller.by("dana"), teller.project, signers=["clara", "caro"]
    )
    for person, role in (("clara", "clinical_lead"), ("caro", "compliance_officer")):
        teller.sign(
            agreement.digest, person, role, meaning="approval", says="Fair.", kind="agreement"
        )  # fmt: skip


def to_silent(teller, fitted, *, version, permission=True):
    """Take a run through the three gates; every signature is missed first."""
    walk = Walk(teller, fitted)
    replaying.replay(teller.by("erik"), teller.project, fitted.digest)
    validating.validate_run(teller.by("dana"), teller.project, fitted.run, fitted=fitted)
    steadying.check_stability(teller.by("dana"), teller.project, fitted.run)
    specs = signing.propose_specs(teller.by("dana"), teller.project)
    plan = specs["release"]
    walk.sign(plan, "omar", "operator", meaning="responsibility")
    walk.sign(plan, "caro", "compliance_officer")
    if permission:
        walk.sign(specs["data_access"], "caro", "compliance_officer")
    lead = ("clara", "clinical_lead", "approval")
    walk.through(
        "trained",
        [(fitted.digest, "erik", "data_engineer", "review", "signed.run.data_engineer")],
    )
    card = validating.build_card(teller.by("dana"), teller.project, fitted.run, version=version)
    (threshold,) = deciding.decide_thresholds(teller.by("dana"), teller.project, fitted.run)
    steady = signing.newest_stability(teller.desk, fitted.run)
    report = teller.desk.home.catalog.latest(ValidationReport, run=fitted.digest).digest
    walk.through(
        "validated",
        [
            (steady, *lead, "explanation.reviewed"),
            (threshold.digest, *lead, "threshold.agreed"),
            (report, *lead, "signed.validation_report.clinical_lead"),
            (report, "caro", "compliance_officer", "review", "validation_report.compliance"),
            (card.digest, *lead, "signed.card.clinical_lead"),
        ],
    )
    releasing.drill_rollback(teller.by("omar"), teller.project, fitted.run)
    releasing.review_access(teller.by("caro"))
    references.make_reference(teller.by("omar"), teller.project, fitted.run, version=version)
    return releasing.advance(teller.by("omar"), teller.project, "silent")


@pytest.fixture
def first(tmp_path, monkeypatch):
    """A version in silent under real gates, in a hospital whose outcomes then change."""
    hospital = changed_hospital(monkeypatch)
    for name, until in (("first", FIRST), ("second", SECOND), ("third", THIRD)):
        simulating.write_source(hospital, tmp_path / name, until=until)
    place = small_project(tmp_path / "project")
    desk = create_home(tmp_path / "home", at=FIRST, seed=7)
    teller = story.Teller(desk, open_project(place), simulating.add_persons(desk), FIRST)
    prepared(teller, tmp_path / "first")
    agreed(teller)
    fitted = training.fit_run(teller.by("dana"), teller.project)
    assert to_silent(teller, fitted, version="v1").version == "v1"
    yield teller, tmp_path
    desk.home.close()


@pytest.mark.requirement("I3")
@pytest.mark.requirement("I5")
def test_a_recalibration_is_proposed_signed_built_validated_beside_and_takes_over(first):
    teller, folder = first
    desk, project = teller.desk, teller.project
    place = project.folder.root
    # 1. Months later more patients come back; calibration drifts, and the verdict says so.
    teller.now = SECOND
    ingesting.ingest(teller.by("erik"), "hospital", folder / "second")
    scoring.score(teller.by("omar"), project)
    scoring.join_outcomes(teller.by("omar"), project)
    report = watching.monitor(teller.by("omar"), project)
    drifted = [one for one in report.findings if one.drift == "concept"]
    assert "calibration" in {one.name for one in drifted}
    assert all("recalibrate" in one.remedies for one in drifted)
    assert watching.give_verdict(teller.by("omar"), project).answer == "fallback"
    # 2. Closed testing proposes a line; nothing about the version changes by that.
    refusals(teller, project, report)
    before = training.bundle_of(desk, training.latest_run(desk, project))
    proposal = updating.propose_update(teller.by("dana"), project)
    assert proposal.update in {"intercept", "slope_and_intercept"}
    assert proposal.observed_expected > 1.25
    assert scoring.deployed(desk, project).version == "v1"
    # 3. Refused without the clinical owner, with other figures, and tested on its own rows.
    line = updating.block_of(proposal)
    release = ('version: "1"', 'version: "2"')
    write(place, "release.yaml", release)
    late = ("2024-04-01T00:00:00Z", format_instant(SECOND))
    write(place, "model.yaml", ("calibration: platt", f"calibration: platt\n{line}"))
    teller.project = _committed(place, SECOND)
    teller.now = THIRD
    prepared(teller, folder / "third")
    agreed(teller)

    def fit():
        return training.fit_run(teller.by("dana"), teller.project)

    assert code_of(fit) == "change.owner"
    sign_change(teller, proposal, "caro", "compliance_officer")
    assert code_of(fit) == "change.owner"
    assert (
        code_of(lambda: sign_change(teller, proposal, "dana", "data_scientist")) == "sod.violation"
    )
    sign_change(teller, proposal, "clara", "clinical_lead")
    assert code_of(fit) == "recalibration.test_rows"
    assert code_of(lambda: updating.propose_update(teller.by("dana"), project)) == "change.capacity"
    write(place, "model.yaml", late)
    own = f"intercept: {proposal.intercept!r}"
    write(place, "model.yaml", (own, "intercept: 0.5"))
    teller.project = _committed(place, SECOND)
    agreed(teller)
    assert code_of(fit) == "recalibration.figures"
    write(place, "model.yaml", ("intercept: 0.5", own))
    teller.project = _committed(place, SECOND)
    agreed(teller)
    # 4. The candidate is a new version: the same model to the bit, with its log-odds moved.
    fitted = fit()
    made = fitted.trained.chosen
    assert made.fitted.write() == before.fitted.write()
    x = np.zeros((1, len(made.names)))
    moved = proposal.intercept + proposal.slope * before.margin(x)
    np.testing.assert_allclose(made.margin(x), moved)
    # 5. It goes through the same gates, beside v1 on the same later rows, and is better there.
    stands = to_silent(teller, fitted, version="v2", permission=False)
    assert (stands.version, stands.stage) == ("v2", "silent")
    judged = desk.home.catalog.latest(ValidationReport, run=fitted.digest)
    assert judged.prior == proposal.run
    new, old = (
        judged.estimate("observed_expected", model=model).value for model in ("model", "v1")
    )
    assert abs(np.log(new)) < abs(np.log(old))
    # 6. It takes the place of v1, which is retired cleanly.
    said = {"person": "clara", "passphrase": teller.secrets["clara"], "reason": "v2 is calibrated."}
    (gone,) = retiring.retire(teller.by("clara"), teller.project, version="v1", **said)
    assert (gone.version, gone.stage) == ("v1", "retired")
    assert desk.home.catalog.latest(Retirement, model=gone.model).version == "v1"
    assert scoring.deployed(desk, teller.project).version == "v2"
    twice = {"version": "v1", **said}
    act = lambda: retiring.retire(teller.by("clara"), teller.project, **twice)  # noqa: E731
    assert code_of(act) == "release.retired"
    again = lambda: scoring.deployed(desk, teller.project, "v1")  # noqa: E731
    assert code_of(again) == "release.retired"


def refusals(teller, project, report):
    """The policy that was fixed in advance speaks first; then the newest report is kept again."""

    def asked(**changed):
        policy = project.monitoring.retraining.model_copy(update=changed)
        said = project.monitoring.model_copy(update={"retraining": policy})
        other = replace(project, said={"monitoring": said})
        return code_of(lambda: updating.propose_update(teller.by("dana"), other))

    def heard(findings):
        desk = teller.by("omar")
        keys = {"model": report.model, "version": report.version}
        again = report.model_copy(update={"findings": findings, "at": desk.at})
        keep(desk, again, action="monitor.run", keys=keys)

    assert asked(look_every=None) == "change.policy"
    assert asked(minimum_events=5000) == "change.too_few"
    heard(tuple(one.model_copy(update={"drift": "workflow"}) for one in report.findings))
    assert asked() == "change.workflow"
    heard(())
    assert asked(look_every=180 * 24 * 3600 * 1_000_000) == "change.too_soon"
    heard(report.findings)
    assert teller.desk.home.catalog.all(RecalibrationProposal) == ()


def _committed(place, at):
    commit_project(place, at=format_instant(at), author="Dana Reyes")
    return open_project(place)


def sign_change(teller, proposal, person, role):
    teller.sign(
        proposal.digest, person, role, meaning="approval", says="I agree.", kind="retraining"
    )  # fmt: skip
