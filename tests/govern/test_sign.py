"""Signatures: who may, on what, once, freshly authenticated."""

from __future__ import annotations

import pytest

from attending.errors import BadInput, Denied, Refused
from attending.govern.roles import DOCUMENTS, ROLES, check_role
from attending.govern.sign import Document, Intent, sign
from attending.records.governance import Approval, Person
from attending.records.ledger import Subject
from attending.stores.chain import Act
from attending.stores.home import Home
from attending.times import parse_instant
from tests.govern.people import NOON, PEOPLE, document, signed


def test_a_signature_says_who_when_what_and_what_it_means():
    card = document("card")
    approval = signed(card, PEOPLE["cleo"])
    assert approval.document == card.digest
    assert (approval.signer, approval.printed_name, approval.role) == (
        "cleo",
        "Cleo",
        "clinical_lead",
    )
    assert (approval.meaning, approval.signed_at, approval.authors) == ("approval", NOON, ("sam",))


@pytest.mark.fault("G09")
def test_a_replayed_approval_is_refused_and_one_from_another_home_does_not_count():
    card = document("card")
    first = signed(card, PEOPLE["cleo"])
    later = parse_instant("2026-03-09T12:00:00Z")
    # Control: without the approvals that are there, the same act passes again.
    assert signed(card, PEOPLE["cleo"], at=later).document == card.digest
    with pytest.raises(Refused) as refusal:
        signed(card, PEOPLE["cleo"], at=later, prior=(first,))
    assert (refusal.value.code, refusal.value.http_status) == ("approval.replayed", 409)
    other = document("card", content=b"another model's card")
    assert signed(other, PEOPLE["cleo"], prior=(first,)).document != first.document
    elsewhere = Document("card", card.digest, card.authors, "other home")
    assert signed(elsewhere, PEOPLE["cleo"]).digest != first.digest


@pytest.mark.fault("G10")
def test_nobody_approves_their_own_work_under_any_login(tmp_path):
    from attending import keys

    home = Home.create(tmp_path / "home", at=NOON, seed=7)
    author = Person(person_id="sam", printed_name="Sam", roles=("data_scientist", "clinical_lead"))
    hashed = keys.hash_passphrase("correct horse", salt=b"0" * 16)
    with home.database.transaction() as unit:
        home.users.save(unit, author, passphrase_hash=hashed)
        for login in ("sam@ward", "doctor.sam"):
            home.users.give_login(unit, login, "sam")
        subject = Subject(kind="person", digest="sam")
        unit.append(Act(at=NOON, actor="system", action="user.add", subject=subject))
    card = document("card", authors={"sam"})
    # Control: compared by login, the second account is another person.
    assert "doctor.sam" not in card.authors
    for login in ("sam@ward", "doctor.sam"):
        person = home.users.authenticate(login, "correct horse")
        assert person is not None
        for meaning in ("review", "approval", "responsibility"):
            with pytest.raises(Denied) as refusal:
                signed(card, person, role="clinical_lead", meaning=meaning)
            assert (refusal.value.code, refusal.value.exit_code) == ("sod.violation", 6)
    assert home.users.authenticate("doctor.sam", "wrong") is None
    assert home.users.authenticate("nobody", "correct horse") is None
    robot = Person(person_id="robot", printed_name="Robot", roles=("clinical_lead",), service=True)
    with pytest.raises(Denied) as refusal:
        signed(card, robot)
    assert refusal.value.code == "sign.person"


def test_an_author_signs_authorship_and_only_an_author_does():
    card = document("card", authors={"sam"})
    assert signed(card, PEOPLE["sam"], meaning="authorship").meaning == "authorship"
    with pytest.raises(Denied) as refusal:
        signed(card, PEOPLE["cleo"], meaning="authorship")
    assert refusal.value.code == "sign.author"


@pytest.mark.fault("G16")
def test_no_signature_without_passphrase_meaning_own_name_and_the_page_that_was_shown():
    card, cleo = document("card"), PEOPLE["cleo"]
    good = Intent("clinical_lead", "approval", "Fit for use.", shown=card.digest)
    # Control: with all four in order it is given; the record alone would take any of them.
    whole = sign(card, cleo, intent=good, at=NOON, authenticated_at=NOON)
    Approval.model_validate({**whole.model_dump(), "printed_name": "Dr. Who"})

    before = parse_instant("2026-03-02T11:54:59Z")
    after = parse_instant("2026-03-02T12:00:01Z")
    for moment in (None, before, after):
        with pytest.raises(Denied) as denied:
            sign(card, cleo, intent=good, at=NOON, authenticated_at=moment)
        assert denied.value.code == "sign.reauthenticate"
    for change, code in (
        ({"meaning": " "}, "sign.meaning"),
        ({"meaning": ""}, "sign.meaning"),
        ({"statement": " "}, "sign.statement"),
        ({"printed_name": "Dr. Who"}, "sign.name"),
        ({"shown": document("card", content=b"as it was").digest}, "sign.changed"),
    ):
        intent = Intent(**{**vars(good), **change})
        with pytest.raises((BadInput, Refused)) as refusal:
            sign(card, cleo, intent=intent, at=NOON, authenticated_at=NOON)
        assert refusal.value.code == code
    changed = Approval.model_validate({**whole.model_dump(), "printed_name": "Dr. Who"})
    assert changed.digest != whole.digest


def test_roles_persons_and_kinds_are_checked():
    card = document("card")
    with pytest.raises(Denied, match="may not sign documents of kind 'card'"):
        signed(card, PEOPLE["otto"])
    with pytest.raises(Denied, match="is not a clinical lead"):
        signed(card, PEOPLE["otto"], role="clinical_lead")
    gone = PEOPLE["cleo"].model_copy(update={"active": False})
    with pytest.raises(Denied, match="not active"):
        signed(card, gone)
    with pytest.raises(BadInput) as refusal:
        signed(document("crad"), PEOPLE["cleo"])
    assert refusal.value.hint == "Did you mean 'card'?"
    with pytest.raises(BadInput):
        check_role("clinical_leader")


def test_every_document_has_someone_who_may_sign_it_and_the_auditor_signs_nothing():
    for kind in DOCUMENTS:
        assert any(kind in rule.may_sign for rule in ROLES.values())
    for rule in ROLES.values():
        assert rule.may_sign <= set(DOCUMENTS)
    assert ROLES["auditor"].may_sign == frozenset()


def test_a_role_that_is_not_known_gets_the_list_and_no_guess_that_only_looks_alike():
    with pytest.raises(BadInput) as refused:
        check_role("doctor")
    assert refused.value.hint.startswith("Roles here: administrator, auditor, clinical_lead")
    with pytest.raises(BadInput) as refused:
        check_role("operater")
    assert refused.value.hint.startswith("Did you mean 'operator'? Roles here: ")
