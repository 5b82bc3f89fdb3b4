"""The five gates: what each asks, and everything that keeps it shut."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from attending.errors import BadInput, Refused
from attending.govern.agreements import Fitted, agreed_before_fit
from attending.govern.gates import Fact, decide
from attending.govern.policy import DEFAULT, default_gates, shipped
from attending.govern.roles import may_sign
from attending.records.governance import Agreement, GateException, Person
from attending.specs.release import STAGES
from attending.times import parse_instant
from tests.govern.people import NOON, ONE, PEOPLE, RUN, document, full_evidence, signed

POLICY = default_gates()
GATES = tuple(POLICY)
EXCEPTABLE = shipped(DEFAULT).exceptions


def status(decision, name: str):
    return next(item.status for item in decision.conditions if item.name == name)


def note(decision, name: str):
    return next(item.note for item in decision.conditions if item.name == name)


@pytest.mark.requirement("J15")
@pytest.mark.parametrize("stage", GATES)
def test_each_of_the_five_gates_opens_on_all_its_evidence_and_on_nothing_less(stage):
    whole = full_evidence(stage)
    decision = decide(stage, whole)
    assert decision.allowed
    assert (decision.from_stage, decision.to_stage) == (POLICY[stage].from_stage, stage)
    for name in whole.facts:
        without = {key: fact for key, fact in whole.facts.items() if key != name}
        refused = decide(stage, dataclasses.replace(whole, facts=without))
        assert not refused.allowed
        assert [item.name for item in refused.open_conditions()] == [name]
        for bad in ("failed", "not_shown"):
            facts = {**whole.facts, name: Fact(bad, note="seen")}
            assert not decide(stage, dataclasses.replace(whole, facts=facts)).allowed
    for approval in whole.approvals:
        fewer = tuple(item for item in whole.approvals if item is not approval)
        assert not decide(stage, dataclasses.replace(whole, approvals=fewer)).allowed


def test_there_are_five_gates_one_after_the_other_with_the_agreed_names():
    assert [(POLICY[stage].from_stage, stage) for stage in GATES] == list(
        itertools.pairwise(STAGES[:6])
    )
    assert [POLICY[stage].gate for stage in GATES] == [
        "lineage review",
        "clinical sign-off",
        "readiness review",
        "prospective review",
        "monitoring and audit",
    ]
    for gate in POLICY.values():
        for rule in gate.signatures:
            assert may_sign(rule.role, rule.document)


def test_a_stage_cannot_be_skipped_and_an_unknown_fact_is_named():
    with pytest.raises(Refused) as refusal:
        decide("limited", dataclasses.replace(full_evidence("limited"), stage="trained"))
    assert refusal.value.code == "gate.order"
    with pytest.raises(Refused):
        decide("retired", dataclasses.replace(full_evidence("live"), stage="live"))
    with pytest.raises(BadInput) as unknown:
        decide("trained", full_evidence("trained", facts={"run.replay": Fact("met")}))
    assert unknown.value.hint == "Did you mean 'run.replayed'?"


@pytest.mark.requirement("J4")
def test_no_patient_care_before_the_deployment_is_approved():
    whole = full_evidence("limited")
    assert decide("limited", whole).allowed
    for role in ("clinical_lead", "compliance_officer"):
        fewer = tuple(
            item for item in whole.approvals if (item.document_kind, item.role) != ("release", role)
        )
        decision = decide("limited", dataclasses.replace(whole, approvals=fewer))
        assert not decision.allowed
        assert status(decision, f"signed.release.{role}") == "missing"


@pytest.mark.fault("G13")
def test_an_approval_of_another_digest_is_void():
    whole = full_evidence("validated")
    assert decide("validated", whole).allowed  # control: nothing changed
    changed = {**whole.documents, "card": document("card", content=b"card, one byte more").digest}
    decision = decide("validated", dataclasses.replace(whole, documents=changed))
    assert not decision.allowed
    assert status(decision, "signed.card.clinical_lead") == "failed"
    assert note(decision, "signed.card.clinical_lead").startswith("void: signed over")


@pytest.mark.fault("G15")
def test_a_quorum_needs_different_persons_in_order_and_nothing_withdrawn():
    whole = full_evidence("validated")
    assert decide("validated", whole).allowed  # control: all three signatures, in order
    report = document("validation_report")
    card_signed = whole.approvals[2]
    both = Person(
        person_id="boss", printed_name="Boss", roles=("clinical_lead", "compliance_officer")
    )
    twice = (
        signed(report, both, role="clinical_lead"),
        signed(report, both, role="compliance_officer", meaning="review", at=ONE),
        card_signed,
    )
    decision = decide("validated", dataclasses.replace(whole, approvals=twice))
    assert not decision.allowed
    assert sum(item.status == "met" for item in decision.conditions[-3:-1]) == 1
    # A second clinical lead frees the one with two roles for the other place.
    more = (*twice, signed(report, PEOPLE["cleo"]))
    assert decide("validated", dataclasses.replace(whole, approvals=more)).allowed

    early = (
        signed(report, PEOPLE["cleo"], at=ONE),
        signed(report, PEOPLE["carl"], meaning="review", at=NOON),
        card_signed,
    )
    decision = decide("validated", dataclasses.replace(whole, approvals=early))
    assert status(decision, "signed.validation_report.compliance_officer") == "failed"
    assert "after the clinical_lead" in note(
        decision, "signed.validation_report.compliance_officer"
    )

    gone = frozenset({card_signed.digest})
    decision = decide("validated", dataclasses.replace(whole, withdrawn=gone))
    assert "withdrawn" in note(decision, "signed.card.clinical_lead")
    assert not decision.allowed


def test_a_signature_that_is_too_old_in_another_home_or_of_another_meaning_does_not_count():
    whole = full_evidence("trained")
    assert decide("trained", whole).allowed
    later = parse_instant("2026-06-02T12:00:00Z")
    old = decide("trained", dataclasses.replace(whole, as_of=later))
    assert "older than 90 days" in note(old, "signed.run.data_engineer")
    carried = decide("trained", dataclasses.replace(whole, home="other"))
    assert "another home" in note(carried, "signed.run.data_engineer")
    early = decide("trained", dataclasses.replace(whole, as_of=parse_instant("2026-03-01T00:00Z")))
    assert "later than now" in note(early, "signed.run.data_engineer")
    other = signed(document("run"), PEOPLE["eve"], meaning="approval")
    meant = decide("trained", dataclasses.replace(whole, approvals=(other,)))
    assert "expected review" in note(meant, "signed.run.data_engineer")
    for decision in (old, carried, early, meant):
        assert not decision.allowed


def test_an_exploratory_run_is_not_promoted():
    facts = {**full_evidence("trained").facts, "run.not_exploratory": Fact("failed", note="dirty")}
    decision = decide("trained", full_evidence("trained", facts=facts))
    assert not decision.allowed
    assert [item.name for item in decision.open_conditions()] == ["run.not_exploratory"]


def test_floating_time_never_passes_validated():
    name = "time.zones_real"
    exception = GateException(
        run=RUN,
        condition=name,
        reason="there is no other data",
        compensation="none",
        authors=("sam",),
        expires_at=parse_instant("2026-04-01T00:00:00Z"),
    )
    whole = full_evidence("validated")
    evidence = dataclasses.replace(
        whole,
        facts={**whole.facts, name: Fact("failed")},
        exceptions=(exception,),
        approvals=(*whole.approvals, *_sign_exception(exception)),
    )
    assert name not in EXCEPTABLE
    assert not decide("validated", evidence).allowed


def _sign_exception(exception):
    from attending.govern.sign import Document

    doc = Document("exception", exception.digest, frozenset(exception.authors), "ward")
    return signed(doc, PEOPLE["cleo"]), signed(doc, PEOPLE["carl"])


def test_a_signed_exception_lets_a_random_split_pass_until_it_expires_and_to_validated_only():
    exception = GateException(
        run=RUN,
        condition="split.temporal",
        reason="the source has relative time only",
        compensation="silent period doubled",
        authors=("sam",),
        expires_at=parse_instant("2026-04-01T00:00:00Z"),
    )
    lead, officer = _sign_exception(exception)
    for stage in ("trained", "validated"):
        whole = full_evidence(stage)
        facts = {**whole.facts, "split.temporal": Fact("failed", note="random")}
        evidence = dataclasses.replace(
            whole,
            facts=facts,
            exceptions=(exception,),
            approvals=(*whole.approvals, lead, officer),
        )
        decision = decide(stage, evidence)
        assert decision.allowed
        # It is visible: the condition still says that it failed, and which record lets it pass.
        shown = next(item for item in decision.conditions if item.name == "split.temporal")
        assert (shown.status, shown.excepted_by) == ("failed", exception.digest)
        for change in (
            {"approvals": (*whole.approvals, lead)},
            {"exceptions": ()},
            {"run": "cd" * 32},
            {"as_of": parse_instant("2026-04-01T00:00:00Z")},
            {"withdrawn": frozenset({officer.digest})},
        ):
            assert not decide(stage, dataclasses.replace(evidence, **change)).allowed
    assert "split.temporal" not in {rule.name for rule in POLICY["silent"].facts}
    assert EXCEPTABLE == {
        "split.temporal": "validated",
        "explanation.stable": "limited",
        "time.availability_recorded": "live",
    }


@pytest.mark.parametrize("stage", ["silent", "limited", "live"])
def test_assumed_availability_passes_validated_only_by_a_signed_exception_that_expires(stage):
    name = "time.availability_recorded"
    assert not {name} & {rule.name for gate in GATES[:2] for rule in POLICY[gate].facts}
    exception = GateException(
        run=RUN,
        condition=name,
        reason="the source never stored when it knew",
        compensation="a lag of 24 hours is declared for every table",
        authors=("sam",),
        expires_at=parse_instant("2026-04-01T00:00:00Z"),
    )
    whole = full_evidence(stage)
    lead, officer = _sign_exception(exception)
    open_ = dataclasses.replace(
        whole, facts={**whole.facts, name: Fact("failed", note="assumed for labs")}
    )
    refused = decide(stage, open_)
    assert [item.name for item in refused.open_conditions()] == [name]
    signed_ = dataclasses.replace(
        open_, exceptions=(exception,), approvals=(*whole.approvals, lead, officer)
    )
    decision = decide(stage, signed_)
    assert decision.allowed
    shown = next(item for item in decision.conditions if item.name == name)
    assert (shown.status, shown.excepted_by) == ("failed", exception.digest)
    for change in (
        {"approvals": (*whole.approvals, officer)},
        {"as_of": exception.expires_at},
        {"withdrawn": frozenset({lead.digest})},
    ):
        assert not decide(stage, dataclasses.replace(signed_, **change)).allowed


@pytest.mark.requirement("E2")
def test_the_plan_is_agreed_before_anything_is_fitted():
    specs = {"validation_spec": "aa" * 32, "cohort_spec": "bb" * 32, "model_spec": "cc" * 32}
    agreement = Agreement(model="readmission", **specs, authors=("sam",), signers=("cleo", "eve"))
    from attending.govern.sign import Document

    doc = Document("agreement", agreement.digest, frozenset({"sam"}), "ward")
    approvals = {4: signed(doc, PEOPLE["cleo"]), 5: signed(doc, PEOPLE["eve"])}
    fitted = Fitted(**specs, seq=9)
    assert agreed_before_fit(agreement, approvals, fitted).status == "met"
    late = dataclasses.replace(fitted, seq=4)
    assert agreed_before_fit(agreement, approvals, late).status == "failed"
    other = dataclasses.replace(fitted, validation_spec="dd" * 32)
    assert agreed_before_fit(agreement, approvals, other).status == "failed"
    assert agreed_before_fit(agreement, {4: approvals[4]}, fitted).status == "missing"
    assert agreed_before_fit(None, approvals, fitted).status == "missing"
    facts = {
        **full_evidence("trained").facts,
        "agreement.before_fit": agreed_before_fit(agreement, approvals, late),
    }
    assert not decide("trained", full_evidence("trained", facts=facts)).allowed


def test_the_same_evidence_gives_the_same_decision_to_the_bit():
    assert (
        decide("live", full_evidence("live")).digest == decide("live", full_evidence("live")).digest
    )
