"""What the gate before live asks of the ledger's witnesses, and how each gives it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from attending.errors import AttendingError, DependencyDown, IntegrityBroken, NotFound
from attending.lifecycle import gating, inviting, policies, witnessing
from attending.lifecycle.desk import create_home, open_desk
from attending.stores import ledger as ledgers
from attending.stores.home import Home
from attending.times import parse_instant
from tests.stores.homes import replace_bytes

AT = parse_instant("2026-03-02T12:00:00Z")
DAY = timedelta(days=1)
SECRET = "a sentence for {} to remember"  # noqa: S105 - of fictional persons
SOMEBODY = 54_321


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A real home of production with an administrator, a compliance officer and an engineer."""
    place = tmp_path_factory.mktemp("production") / "home"
    create_home(place, at=AT).home.close()
    with open_desk(place, at=AT) as desk:
        token = inviting.begin(desk, "ada", printed_name="Ada Berg")
        inviting.accept(desk, token, SECRET.format("ada"))
        for person, role in {"caro": "compliance_officer", "erik": "data_engineer"}.items():
            token = inviting.invite(
                desk, person, printed_name=person.title(), roles=[role],
                administrator="ada", passphrase=SECRET.format("ada"),
            )  # fmt: skip
            inviting.accept(desk, token, SECRET.format(person))
        caro = {"person": "caro", "passphrase": SECRET.format("caro")}
        policies.adopt(desk, "five-roles", production=True, **caro)
    return place


@pytest.fixture
def desk(made, tmp_path):
    root = shutil.copytree(made, tmp_path / "home")
    with open_desk(root, at=AT) as opened:
        yield opened


def _fetched(desk, folder):
    """Fetch the checkpoints as the witness's own user would."""
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    for path in desk.home.ledger.witness.paths():
        (folder / path.name).write_bytes(path.read_bytes())
        (folder / path.name).chmod(0o444)
    words = f"witnesses:\n  - {{name: pharmacy, place: {folder}}}\n"
    (desk.home.root / "policy" / "witnesses.yaml").write_text(words)
    return replace(desk, home=Home.open(desk.home.root))


def test_the_gate_before_live_asks_for_a_witness(desk):
    assert "audit.verified" in gating._FACTS["live"]
    asked = {fact.name for fact in policies.in_use(desk).spec.gates[-1].facts}
    assert "audit.verified" in asked


def test_a_self_witnessed_ledger_cannot_meet_the_live_gate_of_production(
    desk, tmp_path, monkeypatch
):
    assert "internally consistent only" in witnessing.witnessed(desk).note
    desk.home.make_checkpoint(at=AT)
    fact = gating._FACTS["live"]["audit.verified"](desk, None, None)
    assert (fact.status, fact.note.split(":")[0]) == ("not_shown", "self-witnessed")
    # The same folder of a user that the store is not: it meets the condition.
    monkeypatch.setattr(ledgers, "store_user", lambda _: SOMEBODY)
    apart = _fetched(desk, tmp_path / "kept")
    fact = witnessing.witnessed(apart)
    assert (fact.status, "independent of the store: pharmacy" in fact.note) == ("met", True)
    late = witnessing.witnessed(replace(apart, at=AT + 8 * DAY))
    assert late.status == "not_shown"
    assert "within 7 days" in late.note
    apart.home.close()


def test_a_damaged_ledger_fails_the_gate_whoever_witnesses(desk):
    desk.home.make_checkpoint(at=AT)
    replace_bytes(desk.home.root, "ledger", "seq = 3", old=b"2026", new=b"2027")
    assert witnessing.witnessed(desk).status == "failed"


def test_where_no_patients_are_cared_for_a_witness_of_the_stores_own_will_do(tmp_path):
    create_home(tmp_path / "home", at=AT).home.close()
    with open_desk(tmp_path / "home", at=AT) as desk:
        assert witnessing.witnessed(desk).status == "not_shown"
        desk.home.make_checkpoint(at=AT)
        assert witnessing.witnessed(desk).status == "met"
        assert "self-witnessed" in witnessing.witnessed(desk).note


def test_a_printed_head_that_a_person_compares_meets_the_gate_for_seven_days(desk):
    desk.home.make_checkpoint(at=AT)
    paper = witnessing.head(desk)
    assert witnessing.witnessed(desk).status == "not_shown"
    caro = {"person": "caro", "passphrase": SECRET.format("caro")}
    erik = {"person": "erik", "passphrase": SECRET.format("erik")}
    with pytest.raises(AttendingError) as denied:
        witnessing.compare(desk, paper, **erik)
    assert denied.value.exit_code == 6
    done = witnessing.compare(desk, paper, **caro)
    assert (done.head, done.compared_by) == (paper, desk.home.users.by_login("caro").person_id)
    assert witnessing.witnessed(desk).status == "met"
    assert witnessing.witnessed(replace(desk, at=AT + 8 * DAY)).status == "not_shown"
    replace_bytes(desk.home.root, "ledger", "seq = 3", old=b"2026", new=b"2027")
    with pytest.raises(IntegrityBroken) as refusal:
        witnessing.compare(desk, paper, **caro)
    assert refusal.value.exit_code == 4


def test_a_witness_that_is_named_and_not_there_is_refused(desk, tmp_path):
    with pytest.raises(NotFound) as refusal:
        witnessing.verify(desk, brought=[tmp_path / "nowhere"])
    assert refusal.value.code == "witness.missing"
    with pytest.raises(DependencyDown) as lost:
        witnessing.require_delivered({"a": "written", "b": "not there"})
    assert (lost.value.code, lost.value.exit_code) == ("witness.absent", 5)
    witnessing.require_delivered({"a": "written", "b": "to be fetched by its own user"})
