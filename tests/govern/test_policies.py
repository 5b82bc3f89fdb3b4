"""Policies of gates as data: what they ask, and content that says something."""

from __future__ import annotations

import dataclasses

import pytest

from attending.errors import BadInput, NotFound
from attending.govern.content import missing_fields
from attending.govern.gates import Fact, decide
from attending.govern.policy import SHIPPED, checked, rules_of, shipped
from attending.specs.policy import PolicySpec
from attending.specs.read_yaml import parse_spec
from tests.govern.people import BY_ROLE, NOON, ONE, document, full_evidence, signed


def test_the_shipped_policies_ask_the_same_facts_of_five_gates():
    five, two = (shipped(name) for name in SHIPPED)
    for ours, theirs in zip(five.gates, two.gates, strict=True):
        assert ours.facts == theirs.facts
        assert {one.document for one in theirs.signatures} <= {
            one.document for one in ours.signatures
        }
    assert five.after_review is None and two.after_review is not None
    assert "high" not in two.risk
    with pytest.raises(NotFound):
        shipped("nobody")


def test_two_persons_are_enough_where_the_policy_says_so_and_the_author_never_is():
    rules = rules_of(shipped("two-persons"), "medium")
    for stage, gate in rules.items():
        for rule in gate.signatures:
            assert rule.after is None
        documents = [rule.document for rule in gate.signatures]
        assert len(documents) == len(set(documents)), stage
        whole = full_evidence(
            stage,
            facts={rule.name: Fact("met", "ab" * 32) for rule in gate.facts},
            documents={rule.document: document(rule.document).digest for rule in gate.signatures},
            approvals=tuple(
                signed(document(rule.document), BY_ROLE[rule.role], meaning=rule.meaning)
                for rule in gate.signatures
            ),
        )
        assert decide(stage, whole, policy=rules).allowed
        own = tuple(item.model_copy(update={"authors": (item.signer,)}) for item in whole.approvals)
        refused = decide(stage, dataclasses.replace(whole, approvals=own), policy=rules)
        assert not refused.allowed
        assert all("by an author" in item.note for item in refused.open_conditions())


def test_a_policy_that_asks_for_a_signature_nobody_may_give_is_refused():
    from importlib import resources

    text = (resources.files("attending.govern") / "policies" / "five-roles.yaml").read_text()
    bad = text.replace("{document: run, role: data_engineer", "{document: run, role: nurse_leader")
    with pytest.raises(BadInput, match="may not sign"):
        checked(parse_spec(bad.encode(), PolicySpec, name="bad.yaml"))
    gone = text.replace("before: live", "before: limited")
    with pytest.raises(BadInput, match="expected"):
        parse_spec(gone.encode(), PolicySpec, name="bad.yaml")


@pytest.mark.parametrize(
    "blank",
    ["", " ", "TBD", "t.b.d.", "N/A", "n.a.", "none", "To be determined", "TODO", "???", "...",
     "<write here>", "[owner]", "not applicable", "-"],
)  # fmt: skip
def test_a_field_that_says_nothing_is_missing(blank):
    says = {"use": {"population": blank, "users": ["nurse", blank]}, "kind": "none"}
    assert missing_fields(says) == ("use.population", "use.users.1")


def test_what_says_something_is_there_and_the_template_s_prose_is_not():
    prose = "A care coordinator reviews every flagged patient."
    says = {"oversight": prose, "owner": "dana", "text": "Nothing is shown to nobody."}
    assert missing_fields(says) == ()
    assert missing_fields(says, template={"oversight": prose, "owner": "dana"}) == ("oversight",)


@pytest.mark.fault("G12")
def test_g12_an_old_signature_opens_no_gate_and_an_unopened_one_none_in_production():
    whole = full_evidence("validated")
    assert decide("validated", whole).allowed  # control: in date, nobody asks who opened it
    strict = dataclasses.replace(whole, must_open=True)
    refused = decide("validated", strict)
    assert len(refused.open_conditions()) == 3
    assert all("did not open it" in item.note for item in refused.open_conditions())
    opened = tuple(item.model_copy(update={"opened_at": NOON}) for item in whole.approvals)
    assert decide("validated", dataclasses.replace(strict, approvals=opened)).allowed
    from attending.times import parse_instant

    late = parse_instant("2026-06-02T13:00:00Z")
    old = decide("validated", dataclasses.replace(whole, as_of=late))
    assert all("older than 90 days" in item.note for item in old.open_conditions())
    assert not old.allowed


def test_a_quorum_counts_who_lent_the_role_too():
    """One person, and one who signs in the same person's name, are one pair of eyes."""
    report = document("validation_report")
    first = signed(report, BY_ROLE["clinical_lead"])
    second = signed(report, BY_ROLE["compliance_officer"], meaning="review", at=ONE)
    whole = full_evidence("validated")
    others = [item for item in whole.approvals if item.document_kind == "card"]
    good = dataclasses.replace(whole, approvals=(first, second, *others))
    assert decide("validated", good).allowed
    lent = second.model_copy(update={"delegated_by": first.signer})
    bad = decide("validated", dataclasses.replace(good, approvals=(first, lent, *others)))
    assert [item.name for item in bad.open_conditions()] == [
        "signed.validation_report.compliance_officer"
    ]
