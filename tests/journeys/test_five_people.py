"""Five people with five roles take the example from prototype to silent, gate by gate."""

from __future__ import annotations

import dataclasses
import shutil
from contextlib import ExitStack
from datetime import timedelta
from types import SimpleNamespace

import pytest

from attending import keys
from attending.cli import story
from attending.cli.app import app
from attending.cli.door import through
from attending.cli.guard import guarded
from attending.errors import AttendingError, IntegrityBroken, Refused
from attending.govern.gates import decide
from attending.lifecycle import (
    checking,
    cohorts,
    deciding,
    dossiers,
    emergencies,
    featuring,
    gating,
    holding,
    ingesting,
    opening,
    papers,
    parity,
    policies,
    references,
    releasing,
    scanning,
    scoring,
    sealing,
    signing,
    simulating,
    steadying,
    training,
    validating,
)
from attending.lifecycle.desk import Desk, keep, open_desk
from attending.lifecycle.papers import keep_page, rendered
from attending.lifecycle.projects import open_project
from attending.lifecycle.provenance import commit_project
from attending.lifecycle.standing import faults_of, standing_on
from attending.records.card import ModelCard
from attending.records.governance import Approval, GateDecision
from attending.records.people import Seal
from attending.stores.home import Home
from attending.times import format_instant, parse_instant
from tests.lifecycle.wide_example import copy_wide
from tests.stores.homes import write_address

FIRST = parse_instant("2024-08-01T06:00:00Z")
#: A small hospital: the plan asks for few events, and everybody signs that it does.
GATES = """explanations: {weighed: shown, weighed_reason: too few patients, leave_out: {
  bootstrap_refits: too few patients, half_refits: too few}}
gates: [{gate: minimum_events, events: 3, non_events: 3}, {gate: alert_burden, per_day_at_most: 50}]
"""


def small_project(folder):
    place = copy_wide(folder)
    text = (place / "validation.yaml").read_text().replace("draws: 500", "draws: 50")
    (place / "validation.yaml").write_text(text.partition("gates:")[0] + GATES)
    commit_project(place, at=format_instant(FIRST), author="Dana Reyes")
    return open_project(place)


def edited(walked, tmp_path, old, new):
    """Return the project with one line of the release plan changed."""
    place = tmp_path / "edited"
    shutil.copytree(walked.teller.project.folder.path("release").parent, place)
    plan = place / "release.yaml"
    assert old in plan.read_text()
    plan.write_text(plan.read_text().replace(old, new))
    return open_project(place)


def code_of(act):
    with pytest.raises(AttendingError) as refusal:
        act()
    return refusal.value.code


class Walk:
    """The way through the gates; at each signature that is missing the gate is asked first."""

    def __init__(self, teller, fitted):
        self.teller, self.fitted, self.said = teller, fitted, {}

    def sign(self, document, person, role, *, meaning="approval", kind="", nonce=""):
        return signing.sign(
            self.teller.by(person),
            document,
            person=person,
            passphrase=self.teller.secrets[person],
            role=role,
            meaning=meaning,
            statement="I have read it.",
            kind=kind,
            nonce=nonce,
        )

    def through(self, stage, asked):
        """Enter a stage by these signatures; without each one the gate is closed and names it."""
        for document, person, role, meaning, condition in asked:
            with pytest.raises(Refused) as refusal:
                releasing.advance(self.teller.by("omar"), self.teller.project, stage)
            assert refusal.value.code == "gate.refused"
            assert condition in refusal.value.message, (condition, refusal.value.message)
            self.sign(document, person, role, meaning=meaning)
        return releasing.advance(self.teller.by("omar"), self.teller.project, stage)


def pytest_generate_tests(metafunc):
    """Walk on both kinds of database; a test that copies the home's folder takes the file."""
    if "walked" in metafunc.fixturenames:
        kinds = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
        most = 1 if metafunc.definition.get_closest_marker("sqlite") else 2
        metafunc.parametrize("walked", kinds[:most], indirect=True)


@pytest.fixture(scope="module")
def walked(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("five")
    with ExitStack() as stack:
        server = request.param == "postgresql" and request.getfixturevalue("postgres_server")
        name = server and stack.enter_context(server.database())
        address = write_address(folder / "home.url", server.address(name)) if server else None
        home = Home.create(folder / "home", at=FIRST, seed=7, database_file=address)
        stack.callback(home.close)
        yield walk(folder, Desk(home=home, at=FIRST))


def walk(folder, desk):
    project = small_project(folder / "project")
    teller = story.Teller(desk, project, simulating.add_persons(desk), FIRST)
    hospital = simulating.build_hospital(patients=1200, years=3, seed=7)
    simulating.write_source(hospital, folder / "first", until=FIRST)
    held = ingesting.ingest(teller.by("erik"), "hospital", folder / "first")
    scanning.scan(teller.by("erik"), held.digest)
    checking.check_contract(teller.by("erik"), project, held)
    cohort = cohorts.build_cohort(teller.by("dana"), project)
    features = featuring.build_features(teller.by("dana"), project, cohort)
    parity.check_parity(teller.by("erik"), project, features)
    checking.check_leaks(teller.by("dana"), project, cohort)
    fitted = story._train(teller)
    validating.validate_run(teller.by("dana"), project, fitted.run, fitted=fitted)
    steadying.check_stability(teller.by("dana"), project, fitted.run)
    made = Walk(teller, fitted)
    for gate in (lineage, clinical, readiness):
        gate(made)
    return made


def lineage(walk):
    teller, run, said = walk.teller, walk.fitted.digest, walk.said
    said["self"] = code_of(lambda: walk.sign(run, "dana", "data_scientist", meaning="review"))
    permission = signing.propose_specs(teller.by("dana"), teller.project)["data_access"]
    walk.through(
        "trained",
        [
            (permission, "caro", "compliance_officer", "approval", "data.access_reviewed"),
            (run, "erik", "data_engineer", "review", "signed.run.data_engineer"),
        ],
    )
    said["twice"] = code_of(lambda: walk.sign(run, "erik", "data_engineer", meaning="review"))


def clinical(walk):
    teller, said = walk.teller, walk.said
    run = walk.fitted.run
    card = validating.build_card(teller.by("dana"), teller.project, run, version="v1")
    (threshold,) = deciding.decide_thresholds(teller.by("dana"), teller.project, run)
    steady = signing.newest_stability(teller.desk, run)
    report = gating.gather(teller.by("dana"), teller.project, run, to_stage="validated").documents[
        "validation_report"
    ]
    walk.card, walk.report = card.digest, report
    replays(walk, card.digest, report)
    lead = ("clara", "clinical_lead", "approval")
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
    evidence = gating.gather(teller.by("omar"), teller.project, run, to_stage="validated")
    late = dataclasses.replace(evidence, stage="trained", as_of=teller.now + timedelta(days=91))
    said["expired"] = [c.note for c in decide("validated", late).open_conditions()]


def replays(walk, card, report):
    """A number that was given for one document, person and page signs nothing else."""
    teller, said = walk.teller, walk.said
    first, _ = opening.open_document(teller.by("clara"), card, person="clara")
    said["other digest"] = code_of(
        lambda: walk.sign(report, "clara", "clinical_lead", nonce=first.nonce)
    )
    said["other person"] = code_of(
        lambda: walk.sign(card, "caro", "compliance_officer", nonce=first.nonce)
    )
    page = teller.desk.home.artifacts.read(first.rendered)
    keep_page(teller.by("dana"), page + b"<!-- -->", of=card, title="Model card")
    said["page changed"] = code_of(
        lambda: walk.sign(card, "clara", "clinical_lead", nonce=first.nonce)
    )
    keep_page(teller.by("dana"), page, of=card, title="Model card")
    opening.open_document(teller.by("clara"), card, person="clara")


def readiness(walk):
    teller, run = walk.teller, walk.fitted.run
    releasing.drill_rollback(teller.by("omar"), teller.project, run)
    releasing.review_access(teller.by("caro"))
    references.make_reference(teller.by("omar"), teller.project, run, version="v1")
    plan = signing.propose_specs(teller.by("dana"), teller.project)["release"]
    walk.plan = plan
    walk.stands = walk.through(
        "silent",
        [
            (plan, "omar", "operator", "responsibility", "signed.release.operator"),
            (plan, "caro", "compliance_officer", "approval", "signed.release.compliance_officer"),
        ],
    )


@pytest.mark.requirement("J15", "E19")
def test_five_people_reach_silent_and_no_gate_opens_without_each_signature(walked):
    assert (walked.stands.version, walked.stands.stage) == ("v1", "silent")
    persons = {one.signer for one in walked.teller.desk.home.catalog.all(Approval)}
    assert persons == {"erik", "clara", "caro", "omar"}
    report = standing_on(walked.teller.desk, walked.report)
    assert {one.role for one in report} == {"clinical_lead", "compliance_officer"}
    assert walked.said["self"] == "sod.violation"


def test_a_number_signs_one_document_of_one_page_by_one_person_once(walked):
    assert walked.said["twice"] == "approval.replayed"
    assert walked.said["other digest"] == "approval.nonce"
    assert walked.said["other person"] == "approval.nonce"
    assert walked.said["page changed"] == "sign.changed"
    assert any("older than 90 days" in note for note in walked.said["expired"])


def test_the_gate_shows_who_opened_what_they_signed(walked):
    notes = {
        item.name: item.note
        for decision in walked.teller.desk.home.catalog.all(GateDecision, to="validated")
        for item in decision.conditions
        if decision.allowed
    }
    assert "opened before signing" in notes["signed.card.clinical_lead"]
    assert "not opened here" in notes["signed.validation_report.clinical_lead"]


@pytest.mark.sqlite
@pytest.mark.fault("G24")
@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("threshold: {value: 0.25}", "threshold: {value: 0.20}", "release.threshold_changed"),
        ("sites: [CITY]", "sites: [CITY, VALLEY]", "release.sites_changed"),
        ("silent, at_least", "silent, share: 0.5, at_least", "release.share_changed"),
        ("action_window: 24h", "action_window: 48h", "release.plan_changed"),
    ],
)
def test_g24_a_plan_that_was_changed_after_its_signature_goes_nowhere(
    walked, tmp_path, old, new, code
):
    desk, other = walked.teller.by("omar"), edited(walked, tmp_path, old, new)
    # Control: the edited plan is a sound one, and nothing in the file says that it is not signed.
    assert other.release.digest != walked.teller.project.release.digest
    releasing.drifted(desk, walked.teller.project)
    assert code_of(lambda: releasing.drifted(desk, other)) == code
    assert code_of(lambda: releasing.advance(desk, other, "limited")) == code


def copied(walked, tmp_path):
    """Return a copy of the home, to be harmed."""
    copy = tmp_path / "copy"
    shutil.copytree(walked.teller.desk.home.root, copy)
    return copy


@pytest.mark.sqlite
@pytest.mark.fault("G22", "G13")
def test_g22_one_byte_of_a_signed_report_is_seen_by_status_and_refused_by_scoring(
    walked, tmp_path, monkeypatch, capsys
):
    copy = copied(walked, tmp_path)
    later = walked.teller.now + timedelta(hours=1)
    with open_desk(copy, at=later) as desk:
        # Control: as it was signed, it stands and scores.
        holding.require_held(desk, walked.stands)
        assert scoring.served_version(desk, walked.teller.project).version == "v1"
        victim = desk.home.artifacts.path(rendered(desk, walked.report))
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.chmod(0o600)
    victim.write_bytes(bytes(data))
    with open_desk(copy, at=later) as desk:
        told = [one.says for one in holding.signatures_of(desk, walked.stands) if one.fault]
        assert len(told) == 2
        assert all("validation_report" in line and "void" in line for line in told)
        with pytest.raises(IntegrityBroken) as refusal:
            scoring.served_version(desk, walked.teller.project)
        assert (refusal.value.code, refusal.value.exit_code) == ("document.changed", 4)
    asked = ["release", "status", "--home", str(copy), "--at", format_instant(later)]
    monkeypatch.setattr("sys.argv", ["attending", *asked])
    assert through(guarded(app), argv=asked) == 4
    shown = capsys.readouterr()
    assert "validation_report by Dr Clara Moss" in shown.out
    assert "void" in shown.out
    assert "document.changed" in shown.err


@pytest.mark.sqlite
def test_a_withdrawn_signature_and_one_that_is_too_old_stop_the_version(walked, tmp_path):
    copy = copied(walked, tmp_path)
    later = walked.teller.now + timedelta(hours=1)
    with open_desk(copy, at=later + timedelta(days=367)) as desk:
        assert code_of(lambda: holding.require_held(desk, walked.stands)) == "signature.expired"
    with open_desk(copy, at=later, actor="clara") as desk:
        mine = next(one for one in standing_on(desk, walked.card) if one.signer == "clara")
        said = {"passphrase": walked.teller.secrets["clara"], "reason": "A figure was wrong."}
        other = {"passphrase": walked.teller.secrets["caro"], "reason": "I disagree."}
        take = signing.withdraw
        assert code_of(lambda: take(desk, mine.digest, person="caro", **other)) == "withdraw.other"
        take(desk, mine.digest, person="clara", **said)
        assert code_of(lambda: scoring.served_version(desk, walked.teller.project)) == (
            "signature.void"
        )
        assert code_of(lambda: take(desk, mine.digest, person="clara", **said)) == "withdraw.done"


@pytest.mark.sqlite
@pytest.mark.fault("G08")
def test_g08_a_seal_of_another_key_or_after_a_change_of_keys_is_not_believed(walked, tmp_path):
    copy = copied(walked, tmp_path)
    later = walked.teller.now + timedelta(hours=1)
    with open_desk(copy, at=later, actor="omar") as desk:
        mine = standing_on(desk, walked.card)[0]
        text = sealed = sealing.sealed_text(desk, mine.digest)
        former = desk.home.public_keys()[0]
        secret = walked.teller.secrets["omar"]
        sealing.rotate(desk, "omar", secret, reason="Once a year.")
        assert desk.home.public_keys()[0] != former
    with open_desk(copy, at=later, actor="omar") as desk:
        assert faults_of(desk, [mine]) == {}  # an old valid signature still verifies
        # Control: an approval that somebody wrote into the catalog reads like any other.
        forged = mine.model_copy(update={"nonce": "ab" * 32, "statement": "Forged."})
        keep(desk, forged, action="approval.sign", keys={"document": walked.card})
        assert forged in desk.home.catalog.all(Approval, document=walked.card)
        assert "no seal" in faults_of(desk, [forged])[forged.digest]
        attacker = b"a" * 32
        for public, signature, why in (
            (keys.public_key(attacker), keys.sign(attacker, text), "never had"),
            (former, bytes(64), "not the signature"),
            (former, keys.sign(attacker, sealed), "not the signature"),
        ):
            seal = Seal(approval=forged.digest, public_key=public.hex(), signature=signature.hex())
            keep(desk, seal, action="approval.seal", keys={"approval": forged.digest})
            assert why in sealing._fault(desk, forged, seal.digest, seq=0)
        assert forged not in standing_on(desk, walked.card)
        leaked = format_instant(walked.teller.now - timedelta(days=1))
        sealing.rotate(desk, "omar", secret, reason="A laptop was lost.", compromised_since=leaked)
    with open_desk(copy, at=later) as desk:
        assert faults_of(desk, [mine]) == {}  # the leak was of the second key alone


@pytest.mark.requirement("J7")
def test_oversight_follows_the_declared_risk_with_more_signatures_and_more_silence(
    walked, tmp_path
):
    desk = walked.teller.desk
    asked = {
        risk: {one.name for one in policies.rules(desk, risk)["silent"].signatures}
        for risk in ("low", "medium", "high")
    }
    assert asked["low"] < asked["high"]
    assert asked["high"] - asked["low"] == {
        "signed.release.clinical_lead", "signed.card.compliance_officer",
    }  # fmt: skip
    risk = policies.in_use(desk).spec.risk
    assert risk["low"].silent_at_least < risk["medium"].silent_at_least
    assert risk["medium"].silent_at_least < risk["high"].silent_at_least
    # Refusal: what let a medium risk into silent does not let a high one in.
    high = edited(walked, tmp_path, "risk_level: medium", "risk_level: high")
    evidence = gating.gather(walked.teller.by("omar"), high, walked.fitted.run, to_stage="silent")
    decision = decide(
        "silent",
        dataclasses.replace(evidence, stage="validated"),
        policy=policies.rules(desk, "high"),
    )
    open_ = {item.name for item in decision.open_conditions()}
    assert {"signed.release.clinical_lead", "signed.card.compliance_officer"} <= open_


@pytest.mark.requirement("E17")
def test_threshold_action_responder_and_escalation_are_one_signed_document(walked):
    desk = walked.teller.desk
    from attending.records.decisions import ThresholdDecision

    decided = desk.home.catalog.latest(ThresholdDecision, run=walked.fitted.digest)
    for said in (decided.action, decided.responder, decided.within, decided.escalation):
        assert said.strip()
    assert decided.threshold == 0.25
    (signed,) = standing_on(desk, decided.digest)
    assert (signed.signer, signed.role) == ("clara", "clinical_lead")
    # Refusal: an operator does not sign it, however much they run it.
    assert code_of(lambda: walked.sign(decided.digest, "omar", "operator")) == "sign.role"


@pytest.mark.sqlite
def test_where_few_persons_sign_an_opened_gate_owes_a_review_and_a_late_one_shuts_the_next(
    walked, tmp_path
):
    copy, later = copied(walked, tmp_path), walked.teller.now + timedelta(hours=1)
    secrets, project = walked.teller.secrets, walked.teller.project
    with open_desk(copy, at=later, actor="caro") as desk:
        assert emergencies.all_owed(desk) == ()  # five persons owe nothing
        assert dossiers.write_dossier(desk, project, walked.fitted.run).compensation == ""
        policies.adopt(
            desk, "two-persons", production=False, person="caro", passphrase=secrets["caro"]
        )
        owed = emergencies.all_owed(desk)
        assert [one.what for one in owed] == [
            "gate before trained", "gate before validated", "gate before silent",
        ]  # fmt: skip
        # It is stated in every decision from now on, for the dossier.
        decision = gating.check(desk, project, "limited")
        assert decision.policy.startswith("two-persons@")
        assert "reviews this decision within 30d" in decision.compensation
        said = {"finding": "In order.", "in_order": True}
        for person in ("caro", "clara"):
            act = {"login": person, "passphrase": secrets[person]}
            assert (
                code_of(lambda a=act: emergencies.review_afterwards(desk, owed[1].of, **a, **said))
                == "sod.violation"
            )
        assert {"dana", "erik", "omar"} & emergencies.took_part(desk, owed[0].of) == {
            "erik",
            "omar",
        }
        clara = {"login": "clara", "passphrase": secrets["clara"]}
        emergencies.review_afterwards(desk, owed[0].of, **clara, **said)
        assert owed[0] not in emergencies.all_owed(desk)
        stated = dossiers.write_dossier(desk, project, walked.fitted.run)
        assert "within 30d" in stated.compensation
        assert [(one.state, one.by, one.finding) for one in stated.reviews] == [
            ("in order", "clara", "In order."), ("owed", "", ""), ("owed", "", ""),
        ]  # fmt: skip
        page = desk.home.artifacts.read(papers.page_of(desk, stated.digest)).decode()
        assert "Few persons sign here" in page
    with open_desk(copy, at=later + timedelta(days=31), actor="omar") as desk:
        assert {one.told(desk.at)["state"] for one in emergencies.all_owed(desk)} == {"OVERDUE"}
        late = dossiers.write_dossier(desk, project, walked.fitted.run)
        assert "a review afterwards is overdue" in late.missing
        assert code_of(lambda: releasing.advance(desk, project, "limited")) == "review.overdue"


def test_nobody_made_up_cares_for_patients(walked):
    desk = walked.teller.by("caro")
    secret = walked.teller.secrets["caro"]
    said = {"person": "caro", "passphrase": secret}
    assert code_of(lambda: policies.adopt(desk, "five-roles", production=True, **said)) == (
        "policy.synthetic"
    )
    found = dict(policies.unreal(SimpleNamespace(home=_real(desk.home))))
    assert "policy.fictional" in found


def _real(home):
    """The same store, as if somebody had carried it into a home that is not synthetic."""
    return SimpleNamespace(synthetic=False, catalog=home.catalog, users=home.users)


def test_the_card_with_placeholders_is_missing(walked):
    desk = walked.teller.desk
    card = desk.home.catalog.latest(ModelCard, run=walked.fitted.digest)
    assert gating._card(desk, walked.teller.project, walked.fitted.run).status == "met"
    blank = card.model_copy(update={"decision_point": "T.B.D."})
    keep(walked.teller.by("dana"), blank, action="card.build",
         keys={"model": card.name, "run": walked.fitted.digest})  # fmt: skip
    fact = gating._card(desk, walked.teller.project, walked.fitted.run)
    assert (fact.status, fact.note) == ("missing", "says nothing: decision_point")
    keep(walked.teller.by("dana"), card, action="card.build",
         keys={"model": card.name, "run": walked.fitted.digest})  # fmt: skip
    assert training.latest_run(desk, walked.teller.project).digest == walked.fitted.digest
