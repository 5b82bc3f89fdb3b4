"""Persons: how they begin, what an administrator may, tokens, emergencies, delegation, policies."""

from __future__ import annotations

import stat
from datetime import timedelta
from importlib import resources

import pytest

from attending.errors import AttendingError, BadInput, Denied, Refused
from attending.govern.roles import ROLES
from attending.lifecycle import (
    accounts,
    credentials,
    delegating,
    emergencies,
    inviting,
    people,
    policies,
    signing,
)
from attending.lifecycle.desk import create_home, keep, open_desk
from attending.records.decisions import SpecDocument
from attending.times import parse_instant

AT = parse_instant("2026-03-02T12:00:00Z")
DAY = timedelta(days=1)
SECRET = "a sentence for {} to remember"  # noqa: S105 - of fictional persons
STAFF = {
    "dana": "data_scientist",
    "erik": "data_engineer",
    "clara": "clinical_lead",
    "nora": "clinical_lead",
    "caro": "compliance_officer",
    "omar": "operator",
    "axel": "auditor",
}


def said(person):
    return SECRET.format(person)


def as_admin(person="ada"):
    return {"login": person, "passphrase": said(person)}


def code_of(act):
    with pytest.raises(AttendingError) as refusal:
        act()
    return refusal.value.code


@pytest.fixture
def root(tmp_path):
    """A real home with an administrator and seven persons whom she invited."""
    place = tmp_path / "home"
    create_home(place, at=AT).home.close()
    with open_desk(place, at=AT) as desk:
        token = inviting.begin(desk, "ada", printed_name="Ada Berg")
        inviting.accept(desk, token, said("ada"))
        for person, role in STAFF.items():
            token = inviting.invite(
                desk, person, printed_name=person.title(), roles=[role],
                administrator="ada", passphrase=said("ada"),
            )  # fmt: skip
            inviting.accept(desk, token, said(person))
    return place


@pytest.fixture
def desk(root):
    with open_desk(root, at=AT) as found:
        yield found


def document(desk, by="dana"):
    """Return a document that dana made and a clinical lead may sign."""
    record = SpecDocument(spec="release", model="m", spec_digest="ab" * 32, says={"a": "b"})
    from dataclasses import replace

    return keep(replace(desk, actor=by), record, action="document.propose", keys={"model": "m"})


def sign(desk, digest, person, role, **more):
    return signing.sign(
        desk, digest, person=person, passphrase=said(person), role=role, statement="Read.", **more
    )


@pytest.mark.fault("X12")
def test_x12_nobody_has_a_passphrase_by_default_and_a_token_opens_once(tmp_path):
    place = tmp_path / "home"
    create_home(place, at=AT).home.close()
    with open_desk(place, at=AT) as desk:
        for login in ("admin", "administrator", "root", "ada", ""):
            for guess in ("", "admin", "password", "changeme"):
                assert desk.home.users.authenticate(login, guess) is None
        token = inviting.begin(desk, "ada", printed_name="Ada Berg")
        assert code_of(lambda: inviting.begin(desk, "eve", printed_name="Eve")) == (
            "user.administrator"
        )
        assert code_of(lambda: inviting.accept(desk, token[:-1], said("ada"))) == "user.invitation"
        assert code_of(lambda: inviting.accept(desk, token, "short")) == "user.passphrase"
        # Control: the token is good; used once it opens nothing any more.
        assert inviting.accept(desk, token, said("ada")).roles == ("administrator",)
        assert code_of(lambda: inviting.accept(desk, token, said("eve"))) == "user.invitation"
        stored = (place / "store.db").read_bytes() + (place / "store.db-wal").read_bytes()
        assert token.encode() not in stored
        assert said("ada").encode() not in stored
        late = inviting.invite(desk, "bob", printed_name="Bob", roles=["operator"],
                               administrator="ada", passphrase=said("ada"))  # fmt: skip
    with open_desk(place, at=AT + 4 * DAY) as desk:
        assert code_of(lambda: inviting.accept(desk, late, said("bob"))) == "user.invitation"


def test_an_administrator_manages_people_and_signs_nothing(desk):
    digest = document(desk)
    for role in ROLES:
        with pytest.raises(Denied):
            sign(desk, digest, "ada", role)
    assert code_of(lambda: sign(desk, digest, "axel", "auditor")) == "sign.role"
    assert ROLES["administrator"].may_sign == frozenset()
    assert code_of(lambda: accounts.grant(desk, "axel", "operator", **as_admin())) == "role.alone"


@pytest.mark.fault("G11")
def test_g11_nobody_raises_themselves_and_a_role_that_is_taken_is_gone_at_once(desk, monkeypatch):
    # Control: with the guard off, an administrator makes herself whatever she likes.
    with monkeypatch.context() as off:
        off.setattr(accounts, "administering", lambda desk, *a, **k: None)
        off.setattr(accounts, "check_roles", tuple)
        assert "operator" in accounts.grant(desk, "ada", "operator", **as_admin()).roles
    accounts_before = {p.person_id: p.roles for p in people.people(desk)}
    with monkeypatch.context() as off:
        off.setattr(accounts, "administering", lambda desk, *a, **k: None)
        accounts.revoke(desk, "ada", "operator", **as_admin())
    assert "operator" in accounts_before["ada"]
    assert code_of(lambda: accounts.grant(desk, "ada", "operator", **as_admin())) == "user.own"
    for person in STAFF:
        assert code_of(
            lambda p=person: accounts.grant(desk, "dana", "operator", **as_admin(p))
        ) in {"act.role", "user.own"}
    text = credentials.open_session(desk, "omar", said("omar"))
    assert credentials.holder(desk, text).person.roles == ("operator",)
    accounts.revoke(desk, "omar", "operator", **as_admin())
    assert credentials.holder(desk, text).person.roles == ()
    assert code_of(lambda: sign(desk, document(desk), "omar", "operator")) == "sign.role"


@pytest.mark.fault("X11")
def test_x11_sessions_and_tokens_end_when_asked_when_late_and_with_their_person(root):
    with open_desk(root, at=AT) as desk:
        text = credentials.open_session(desk, "omar", said("omar"))
        token = credentials.give_token(
            desk, "omar", said("omar"), label="nightly", scopes=("work",), keeps=DAY
        )
        # Control: both hold.
        assert credentials.holder(desk, text).person.person_id == "omar"
        assert credentials.holder(desk, token).credential.scopes == ("work",)
        stored = (root / "store.db").read_bytes() + (root / "store.db-wal").read_bytes()
        assert text.encode() not in stored and token.encode() not in stored
        mine = next(one for one in credentials.credentials(desk, "omar") if one.use == "token")
        stop = {"reason": "lost", "login": "erik", "passphrase": said("erik")}
        assert code_of(lambda: credentials.end(desk, mine.digest, **stop)) == "token.other"
        credentials.end(desk, mine.digest, **{**stop, **as_admin()})
        assert code_of(lambda: credentials.holder(desk, token)) == "credential.invalid"
        assert code_of(lambda: credentials.holder(desk, "att_guess")) == "credential.invalid"
        accounts.change_passphrase(desk, "omar", said("omar"), new="another sentence of omar")
        assert code_of(lambda: credentials.holder(desk, text)) == "credential.invalid"
        late = credentials.open_session(desk, "erik", said("erik"))
        gone = credentials.open_session(desk, "caro", said("caro"))
        accounts.set_active(desk, "caro", active=False, **as_admin())
        assert code_of(lambda: credentials.holder(desk, gone)) == "credential.invalid"
        with pytest.raises(BadInput):
            credentials.give_token(
                desk, "omar", "another sentence of omar", label="x", scopes=("all",), keeps=DAY
            )
    with open_desk(root, at=AT + DAY) as desk:
        assert code_of(lambda: credentials.holder(desk, late)) == "credential.invalid"


@pytest.mark.fault("G18")
def test_g18_an_emergency_needs_a_reason_is_loud_and_owes_a_review_by_somebody_else(root):
    with open_desk(root, at=AT) as desk:
        erik = desk.home.users.get("erik")
        # Control: without it, the role is not there.
        assert "operator" not in emergencies.roles_now(desk, erik)
        asked = {"role": "operator", "reason": "Nobody can stop the alerts."}
        for change, code in (
            ({"reason": "help"}, "emergency.reason"),
            ({"role": "administrator"}, "emergency.role"),
            ({"role": "data_engineer"}, "role.held"),
        ):
            assert (
                code_of(
                    lambda c=change: emergencies.break_glass(
                        desk, "erik", said("erik"), **asked | c
                    )
                )
                == code
            )
        made = emergencies.break_glass(desk, "erik", said("erik"), **asked)
        assert "operator" in emergencies.roles_now(desk, erik)
        assert desk.home.ledger.search(action="emergency.begin")[-1].details["role"] == "operator"
        # It signs nothing.
        assert code_of(lambda: sign(desk, document(desk), "erik", "operator")) == "sign.role"
        assert [one.told(AT)["state"] for one in emergencies.all_owed(desk)] == ["owed"]
    with open_desk(root, at=AT + 4 * DAY) as desk:
        assert "operator" not in emergencies.roles_now(desk, erik)
        assert [one.told(desk.at)["state"] for one in emergencies.all_owed(desk)] == ["OVERDUE"]
        again = code_of(lambda: emergencies.break_glass(desk, "erik", said("erik"), **asked))
        assert again == "emergency.overdue"
        accounts.grant(desk, "erik", "privacy_officer", **as_admin())
        review = {"finding": "It was right to stop them.", "in_order": True}
        by_self = code_of(
            lambda: emergencies.review_afterwards(desk, made.digest, login="erik",
                                                  passphrase=said("erik"), **review)
        )  # fmt: skip
        assert by_self == "sod.violation"
        emergencies.review_afterwards(
            desk, made.digest, login="caro", passphrase=said("caro"), **review
        )
        assert emergencies.all_owed(desk) == ()


@pytest.mark.fault("G10")
def test_g10_a_role_is_lent_for_a_while_in_no_circle_and_never_to_the_author(root):
    with open_desk(root, at=AT) as desk:
        accounts.grant(desk, "dana", "operator", **as_admin())
        digest = document(desk, by="dana")
        lend = {"role": "clinical_lead", "until": AT + 7 * DAY, "reason": "on leave"}
        # Control: without it erik may not sign as a clinical lead.
        assert code_of(lambda: sign(desk, digest, "erik", "clinical_lead")) == "sign.role"
        for to, change, code in (
            ("clara", {}, "delegation.self"),
            ("axel", {}, "delegation.alone"),
            ("erik", {"role": "operator"}, "delegation.role"),
            ("erik", {"until": AT + 40 * DAY}, "delegation.period"),
        ):
            assert (
                code_of(
                    lambda t=to, c=change: delegating.delegate(
                        desk, "clara", said("clara"), to=t, **lend | c
                    )
                )
                == code
            )
        delegating.delegate(desk, "clara", said("clara"), to="nora", **lend)
        assert (
            code_of(lambda: delegating.delegate(desk, "nora", said("nora"), to="clara", **lend))
            == "delegation.loop"
        )
        delegating.delegate(desk, "clara", said("clara"), to="dana", **lend)
        assert code_of(lambda: sign(desk, digest, "dana", "clinical_lead")) == "sod.violation"
        delegating.delegate(desk, "clara", said("clara"), to="erik", **lend)
        # What is lent is not lent on.
        assert (
            code_of(lambda: delegating.delegate(desk, "erik", said("erik"), to="omar", **lend))
            == "delegation.role"
        )
        assert sign(desk, digest, "erik", "clinical_lead").delegated_by == "clara"
        first = delegating.delegations(desk)[0]
        assert (
            code_of(
                lambda: delegating.end_delegation(
                    desk, first.digest, login="omar", passphrase=said("omar")
                )
            )
            == "delegation.other"
        )
        delegating.end_delegation(desk, first.digest, login="nora", passphrase=said("nora"))
        assert first not in delegating.delegations(desk)
        # Of clara's own work nobody signs in her name.
        own = keep_by_clara(desk)
        assert code_of(lambda: sign(desk, own, "erik", "clinical_lead")) == "sod.violation"
    with open_desk(root, at=AT + 8 * DAY) as desk:
        other = document(desk, by="omar")
        assert code_of(lambda: sign(desk, other, "erik", "clinical_lead")) in {
            "sign.role", "approval.replayed",
        }  # fmt: skip
        assert delegating.delegations(desk) == ()


def keep_by_clara(desk):
    from dataclasses import replace

    record = SpecDocument(spec="release", model="n", spec_digest="cd" * 32, says={"a": "c"})
    return keep(replace(desk, actor="clara"), record, action="document.propose")


def test_every_denied_attempt_stands_in_the_ledger(root):
    for act, code in (
        (lambda d: sign(d, document(d), "axel", "auditor"), "sign.role"),
        (lambda d: accounts.grant(d, "dana", "operator", **as_admin("omar")), "act.role"),
        (lambda d: credentials.holder(d, "nothing"), "credential.invalid"),
    ):
        with pytest.raises(Denied), open_desk(root, at=AT, actor="omar") as desk:
            act(desk)
        with open_desk(root, at=AT) as desk:
            entry = desk.home.ledger.search(action="access.denied")[-1]
            assert (entry.subject, entry.actor) == (code, "omar")


@pytest.mark.fault("X22")
def test_x22_a_name_with_a_line_s_end_or_an_escape_enters_neither_ledger_nor_person(root):
    with open_desk(root, at=AT) as desk:
        size = desk.home.ledger.size
    for name in ("omar\nsystem approved", "\x1b[2Jomar", "x" * 1_000_000, '{"a": 1}', ""):
        # Control: as text, such a name makes a second line in any log.
        assert len(f"by {name}".splitlines()) > 1 or not name.isprintable() or len(name) != 4
        assert code_of(lambda n=name: open_desk(root, at=AT, actor=n).__enter__()) == "actor.name"
        with pytest.raises(BadInput):
            people.checked("mallory", f"Mallory\n{name}", ["operator"])
    with open_desk(root, at=AT) as desk:
        assert desk.home.ledger.size == size


def test_a_policy_is_adopted_by_a_signed_act_and_never_asks_for_too_little(root, tmp_path):
    with open_desk(root, at=AT) as desk:
        caro = {"person": "caro", "passphrase": said("caro")}
        assert policies.in_use(desk).spec.name == "five-roles"
        assert (
            code_of(
                lambda: policies.adopt(
                    desk, "two-persons", production=False, person="omar", passphrase=said("omar")
                )
            )
            == "act.role"
        )
        policies.adopt(desk, "two-persons", production=True, **caro)
        found = policies.in_use(desk)
        assert (found.spec.name, found.production) == ("two-persons", True)
        assert "afterwards" in found.spec.says and "within 30d" in found.compensation
        back = code_of(lambda: policies.adopt(desk, "five-roles", production=False, **caro))
        assert back == "policy.production"
        text = (resources.files("attending.govern") / "policies/two-persons.yaml").read_text()
        for old, new, what in (
            ("      - {name: run.complete", "      # - {name: run.complete", "run.complete"),
            ("after_review: 30d\n", "", "a review afterwards"),
            ("medium: {silent_at_least: 60d}", "medium: {silent_at_least: 1d}", "silent period"),
            ("exceptions: {", "exceptions: {leaks.none: live, ", "leaks.none"),
        ):
            weak = tmp_path / "weak.yaml"
            assert old in text
            weak.write_text(text.replace(old, new, 1))
            with pytest.raises(AttendingError, match=what) as refusal:
                policies.adopt(desk, str(weak), production=True, **caro)
            assert refusal.value.code == "policy.weaker"


def test_persons_whom_nobody_vouches_for_are_marked_and_keep_production_away(tmp_path):
    place = tmp_path / "home"
    create_home(place, at=AT).home.close()
    with open_desk(place, at=AT) as desk:
        people.add_person(
            desk, "caro", printed_name="Caro", roles=["compliance_officer"], passphrase=said("caro")
        )
        adopt = {"production": True, "person": "caro", "passphrase": said("caro")}
        first = code_of(lambda: policies.adopt(desk, "five-roles", **adopt))
        assert first == "policy.administrator"
        inviting.accept(desk, inviting.begin(desk, "ada", printed_name="Ada"), said("ada"))
        assert code_of(lambda: policies.adopt(desk, "five-roles", **adopt)) == "policy.unvouched"
        assert (
            code_of(
                lambda: people.add_person(
                    desk, "eve", printed_name="Eve", roles=["operator"], passphrase=said("eve")
                )
            )
            == "user.invite"
        )
        accounts.vouch(desk, "caro", **as_admin())
        assert policies.adopt(desk, "five-roles", **adopt).production


def test_a_secret_goes_into_a_file_of_its_owner_and_never_over_another(tmp_path):
    from attending.cli.face import keep_secret

    path = tmp_path / "token"
    keep_secret(path, "att_x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(BadInput, match="that name"):
        keep_secret(path, "att_y")
    assert path.read_text() == "att_x\n"


def test_a_signature_of_the_release_before_seals_stands_and_a_later_one_without_seal_does_not(desk):
    from attending.lifecycle.standing import standing_on

    digest = document(desk)
    other = document(desk, by="omar")
    assert digest == other  # the same words are the same document, with two makers
    given = sign(desk, digest, "clara", "clinical_lead")
    plain = {"nonce": None, "rendered": None, "purpose": "", "signer": "nora"}
    late = given.model_copy(update=plain)
    keep(desk, late, action="approval.sign", keys={"document": digest})
    assert standing_on(desk, digest) == (given,)


def test_what_was_signed_before_there_were_seals_still_counts(root):
    from attending.lifecycle.standing import standing_on
    from attending.records.governance import Approval

    with open_desk(root, at=AT) as desk:
        digest = document(desk)
        old = Approval(
            document_kind="release", document=digest, home=desk.home.settings.home_id,
            signer="clara", printed_name="Clara", role="clinical_lead", meaning="approval",
            statement="Read.", authors=("dana",), authenticated_at=AT, signed_at=AT,
        )  # fmt: skip
        keep(desk, old, action="approval.sign", keys={"document": digest})
        assert standing_on(desk, digest) == (old,)
        sign(desk, digest, "nora", "clinical_lead")
        assert old in standing_on(desk, digest)


def test_a_login_that_is_taken_says_what_to_do(desk):
    with pytest.raises(Refused) as refused, desk.home.database.transaction() as unit:
        desk.home.users.give_login(unit, "dana", "dana")
    assert refused.value.code == "user.login_taken"
    assert "Choose another" in refused.value.hint and "attending user ls" in refused.value.hint
