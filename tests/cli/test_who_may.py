"""Every verb and every route, for every role: declared, and held to what was declared."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from attending.cli.app import app
from attending.cli.door import through
from attending.cli.guard import guarded
from attending.errors import Denied
from attending.govern.access import VERBS, check_verb
from attending.govern.roles import ROLES
from attending.lifecycle import credentials, inviting, policies
from attending.lifecycle.admitting import admit
from attending.lifecycle.desk import create_home, open_desk
from attending.times import format_instant, parse_instant
from attending.web.app import ROUTES
from attending.web.front_desk import FrontDesk
from tests.web.visitor import visitor_of
from tests.write_docs import verbs

AT = parse_instant("2026-03-02T12:00:00Z")
NAMES = sorted(name for name, _ in verbs(typer.main.get_command(app)))
#: What a route answers a person of any role who is signed in; others than these are a fault.
SIGNED_IN = {200, 303, 400, 404, 422}


def said(person):
    return f"a sentence for {person} to remember"


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A home of production with one person for each role, and a token of every scope for each."""
    root = tmp_path_factory.mktemp("roles") / "home"
    create_home(root, at=AT).home.close()
    tokens = {}
    with open_desk(root, at=AT) as desk:
        inviting.accept(desk, inviting.begin(desk, "administrator", printed_name="A"),
                        said("administrator"))  # fmt: skip
        for role in ROLES:
            person = role.replace("_", "-")
            if role != "administrator":
                token = inviting.invite(
                    desk, person, printed_name=role, roles=[role],
                    administrator="administrator", passphrase=said("administrator"),
                )  # fmt: skip
                inviting.accept(desk, token, said(person))
            tokens[role] = credentials.give_token(
                desk, person, said(person), label="all", keeps=timedelta(days=30),
                scopes=tuple(credentials.SCOPES),
            )  # fmt: skip
        officer = "compliance-officer"
        policies.adopt(desk, "five-roles", production=True, person=officer,
                       passphrase=said(officer))  # fmt: skip
    return SimpleNamespace(root=root, tokens=tokens)


def test_every_verb_is_declared_and_nothing_else_is():
    assert sorted(VERBS) == NAMES
    with pytest.raises(Denied) as refusal:
        check_verb("model delete", ROLES)
    assert refusal.value.code == "access.undeclared"


@pytest.mark.requirement("J10")
@pytest.mark.fault("X19")
def test_x19_every_verb_for_every_role_is_let_pass_or_denied_as_declared(ward):
    # Control: where nobody has adopted a policy of production, a name is believed.
    answers = {}
    for verb in NAMES:
        for role, token in ward.tokens.items():
            try:
                admit(ward.root, verb, at=AT, token=token, claimed="system")
                answers[verb, role] = ""
            except Denied as error:
                answers[verb, role] = error.code
    wanted = {
        (verb, role): "" if VERBS[verb].anyone or role in VERBS[verb].roles else "access.role"
        for verb in NAMES
        for role in ROLES
    }
    assert answers == wanted
    assert len(wanted) == len(NAMES) * len(ROLES) > 900
    for verb in NAMES:
        if not VERBS[verb].anyone:
            with pytest.raises(Denied) as refusal:
                admit(ward.root, verb, at=AT, token="", claimed="system")
            assert refusal.value.code == "access.token"
    # The auditor changes nothing, and the administrator sees people alone.
    writes = {verb for verb in NAMES if VERBS[verb].scope in {"work", "release"}}
    assert not {verb for verb, role in wanted if role == "auditor" and not wanted[verb, role]} & (
        writes
    )
    own = {v for v, r in wanted if r == "administrator" and not wanted[v, r] and VERBS[v].roles}
    assert own == {"user ls", "user token ls"}


@pytest.mark.fault("X46")
def test_x46_rows_of_patients_are_for_those_who_care_and_each_look_is_written_down(
    ward, monkeypatch
):
    verb = "explain prediction"
    assert VERBS[verb].patients
    with open_desk(ward.root, at=AT) as desk:
        before = len(desk.home.ledger.search(action="patients.read", limit=9999))
    # Control: with the declaration off, a data scientist is let in and nobody knows.
    with monkeypatch.context() as off:
        off.setitem(VERBS, verb, VERBS["new"])
        admit(ward.root, verb, at=AT, token=ward.tokens["data_scientist"], claimed="system")
    with pytest.raises(Denied):
        admit(ward.root, verb, at=AT, token=ward.tokens["data_scientist"], claimed="system")
    person = admit(ward.root, verb, at=AT, token=ward.tokens["nurse_leader"], claimed="system")
    with open_desk(ward.root, at=AT) as desk:
        entries = desk.home.ledger.search(action="patients.read", limit=9999)
    assert person == "nurse-leader"
    assert len(entries) == before + 1
    assert entries[-1].subject == verb


def test_a_token_is_for_its_person_and_its_scopes(ward):
    with open_desk(ward.root, at=AT) as desk:
        narrow = credentials.give_token(
            desk, "operator", said("operator"), label="look", scopes=("read",),
            keeps=timedelta(days=1),
        )  # fmt: skip
    admit(ward.root, "release status", at=AT, token=narrow, claimed="system")
    for verb, token, claimed, code in (
        ("score", narrow, "system", "access.scope"),
        ("release status", narrow, "auditor", "access.claim"),
        ("release status", "att_guess", "system", "credential.invalid"),
    ):
        with pytest.raises(Denied) as refusal:
            admit(ward.root, verb, at=AT, token=token, claimed=claimed)
        assert refusal.value.code == code


@pytest.mark.fault("G17")
def test_g17_no_flag_variable_or_edit_gets_around_the_guard(ward, tmp_path, monkeypatch, capsys):
    for name in ("SKIP_GATES", "ATTENDING_SKIP_GATES", "ATTENDING_FORCE", "ATTENDING_UNSAFE"):
        monkeypatch.setenv(name, "1")
    (ward.root / "policy" / "gates.yaml").write_text("gates: []\n")
    at = format_instant(AT)
    home = ["--home", str(ward.root), "--at", at]

    def run(*args, token=""):
        path = tmp_path / "token"
        path.write_text(token)
        monkeypatch.setenv("ATTENDING_TOKEN_FILE", str(path)) if token else monkeypatch.delenv(
            "ATTENDING_TOKEN_FILE", raising=False
        )
        monkeypatch.setattr("sys.argv", ["attending", *args, *home])
        try:
            code = through(guarded(app), argv=[])
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, capsys.readouterr().err

    # Control: with a good token the verb runs.
    assert run("run", "ls", "--by", "system", token=ward.tokens["auditor"])[0] in {0, 2}
    assert run("user", "ls", token=ward.tokens["administrator"])[0] == 0
    code, shown = run("user", "ls")
    assert (code, "access.token" in shown) == (6, True)
    code, shown = run("user", "ls", token=ward.tokens["operator"])
    assert (code, "access.role" in shown) == (6, True)
    source = Path(typer.__file__ and "src/attending")
    text = "".join(path.read_text() for path in source.rglob("*.py"))
    for word in ("SKIP_GATES", "skip_gate", "--skip", "--force", "no_gate"):
        assert word not in text
    assert {name for name in os.environ if name in text and name.startswith("ATTENDING")} <= {
        "ATTENDING_HOME", "ATTENDING_TOKEN_FILE",
    }  # fmt: skip


def test_every_route_for_every_role_answers_as_its_policy_says(ward):
    house = FrontDesk.open(ward.root, clock=lambda: AT)
    for role in ROLES:
        person = role.replace("_", "-")
        visitor = visitor_of(house)
        assert visitor.sign_in(person, said(person)).status_code == 303
        for route in visitor.app.routes:
            (method,) = route.methods
            policy = ROUTES.policy_of(method, route.path)
            assert policy is not None, f"{method} {route.path} is not declared"
            if method != "GET":
                continue
            path = route.path.replace("{name}", "readmission-30d").replace("{digest}", "a" * 64)
            answer = visitor.get(path.replace("{file}", "attending.css"))
            path = path.replace("{request_id}", "a" * 32)
            if policy.ehr:  # for systems with a token of their own; here none is named
                assert visitor.get(path).status_code == 404
                continue
            may = policy.public or not policy.roles or role in policy.roles
            assert (answer.status_code in SIGNED_IN) == may, (path, role, answer.status_code)


@pytest.mark.fault("X11")
def test_x11_a_session_ends_for_every_process_when_late_idle_or_its_person_goes(tmp_path):
    root = tmp_path / "home"
    create_home(root, at=AT).home.close()
    with open_desk(root, at=AT) as desk:
        inviting.accept(desk, inviting.begin(desk, "ada", printed_name="Ada"), said("ada"))
    clock = [AT]
    one, other = (FrontDesk.open(root, clock=lambda: clock[0]) for _ in range(2))
    token = one.login("ada", said("ada"))
    assert one.login("ada", "wrong sentence") is None
    # Control: while it is used it holds, in every process.
    assert other.person_of(token).person == one.person_of(token).person == "ada"
    clock[0] = AT + timedelta(minutes=31)
    assert one.person_of(token) is None
    assert other.person_of(token) is None
    token = one.login("ada", said("ada"))
    one.logout(token)
    assert other.person_of(token) is None
    token = one.login("ada", said("ada"))
    for _ in range(20):
        clock[0] += timedelta(minutes=25)
        last = one.person_of(token)
    assert last is None  # eight hours are over, however much it was used
    assert one.person_of("planted") is None
