"""A clock that was set back, leapt or stepped: what signs, what goes on, who mends it."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from attending.cli.app import app
from attending.cli.door import through
from attending.cli.guard import guarded
from attending.errors import AttendingError, DependencyDown
from attending.govern.signatures import Signed
from attending.lifecycle import confirming_clock, inviting, signing
from attending.lifecycle.answering import Answering
from attending.lifecycle.clock import last_entry
from attending.lifecycle.desk import create_home, keep, open_desk, open_desk_at
from attending.lifecycle.standing import CLOCK, faults_of, standing_on
from attending.records.decisions import SpecDocument
from attending.stores.home import Home
from attending.times import format_instant, parse_instant
from tests.stores.homes import Note

AT = parse_instant("2026-03-02T12:00:00Z")
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
SECRET = "a sentence for {} to remember"  # noqa: S105 - of fictional persons
STAFF = {"caro": "compliance_officer", "erik": "data_engineer"}


def _by(person):
    return {"person": person, "passphrase": SECRET.format(person)}


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A real home in which caro signed a plan that erik made, and the plan's digest."""
    place = tmp_path_factory.mktemp("clock") / "home"
    create_home(place, at=AT).home.close()
    with open_desk(place, at=AT) as desk:
        token = inviting.begin(desk, "ada", printed_name="Ada Berg")
        inviting.accept(desk, token, SECRET.format("ada"))
        for person, role in STAFF.items():
            token = inviting.invite(
                desk, person, printed_name=person.title(), roles=[role],
                administrator="ada", passphrase=SECRET.format("ada"),
            )  # fmt: skip
            inviting.accept(desk, token, SECRET.format(person))
        plan = SpecDocument(spec="release", model="m", spec_digest="ab" * 32, says={"use": "x"})
        digest = keep(replace(desk, actor="erik"), plan, action="document.propose")
        _sign(desk, digest)
    return place, digest


def _sign(desk, digest):
    return signing.sign(
        desk, digest, role="compliance_officer", statement="I have read it.", **_by("caro")
    )


@pytest.fixture
def home(signed, tmp_path):
    return shutil.copytree(signed[0], tmp_path / "home")


def _act(root, at):
    with open_desk(root, at=at) as desk:
        keep(desk, Note(number=len(desk.home.catalog.list("note"))), action="note.keep")


def _refusal(act):
    with pytest.raises(AttendingError) as refusal:
        act()
    return refusal.value.code, refusal.value.exit_code


@pytest.mark.fault("X32")
def test_x32_an_expired_approval_is_not_revived_by_setting_the_clock_back(home, signed):
    digest = signed[1]
    _act(home, AT + 91 * DAY)
    back = AT + 10 * DAY
    with open_desk_at(home, at=back) as unguarded:
        (approval,) = standing_on(unguarded, digest)
        counted = Signed(
            approvals=(approval,), withdrawn=frozenset(), home=approval.home,
            as_of=AT + 91 * DAY, keeps_days=90,
        )  # fmt: skip
        assert counted.fault(approval) == "older than 90 days"
        # Control: by the clock alone the approval counts again.
        assert replace(counted, as_of=back).fault(approval) == ""
    assert _refusal(lambda: _act(home, back)) == ("clock.backwards", 5)
    # Nor by an administrator who says that this clock is the right one: what was signed is void.
    with open_desk_at(home, at=back) as desk:
        caro = {**_by("caro"), "reason": "I say so."}
        assert _refusal(lambda: confirming_clock.confirm(desk, **caro))[1] == 6
        assert confirming_clock.confirm(desk, **_by("ada"), reason="The host stood in June.")
    with open_desk(home, at=back) as desk:
        assert faults_of(desk, [approval]) == {approval.digest: CLOCK}
        assert standing_on(desk, digest) == ()
        assert _sign(desk, digest).signed_at == back  # and may be signed anew
        assert len(standing_on(desk, digest)) == 1


@pytest.mark.fault("P11")
@pytest.mark.parametrize(
    ("moved", "code"), [(-DAY, "clock.backwards"), (3653 * DAY, "clock.leapt")]
)
def test_p11_a_clock_a_day_behind_or_ten_years_ahead_signs_nothing(
    home, signed, moved, code, monkeypatch
):
    with open_desk_at(home, at=AT + moved) as unguarded:
        # Control: without the guard anything is written at that instant.
        plan = SpecDocument(spec="release", model="m", spec_digest="cd" * 32, says={"use": "x"})
        assert unguarded.at == AT + moved
        before = unguarded.home.ledger.size
    with pytest.raises(DependencyDown) as refusal, open_desk(home, at=AT + moved) as desk:
        keep(desk, plan, action="document.propose")
        _sign(desk, signed[1])
    assert (refusal.value.code, refusal.value.exit_code) == (code, 5)
    assert Home.open(home).ledger.size == before
    argv = ["fsck", "--home", str(home), "--at", format_instant(AT + moved)]
    monkeypatch.setattr("sys.argv", ["attending", *argv])
    assert through(guarded(app), argv=argv) == 5


@pytest.mark.fault("P11")
def test_p11_a_step_back_mid_run_keeps_the_order_of_the_sequence(home):
    _act(home, AT + 10 * MINUTE)
    _act(home, AT + 6 * MINUTE)  # the clock stepped back by four minutes between two acts
    _act(home, AT + 12 * MINUTE)
    store = Home.open(home)
    entries = list(store.ledger.entries())[-3:]
    assert [entry.seq for entry in entries] == sorted(entry.seq for entry in entries)
    # Control: by the clock alone the second act would stand before the first.
    assert [entry.at for entry in entries] == [AT + minutes * MINUTE for minutes in (10, 10, 12)]
    assert store.ledger.verify().ok
    assert _refusal(lambda: _act(home, AT + 6 * MINUTE)) == ("clock.backwards", 5)


@pytest.mark.fault("P11")
def test_p11_after_a_leap_an_administrator_lets_acts_go_on(home, signed):
    wrong = AT + 3653 * DAY
    with open_desk_at(home, at=wrong) as leapt:  # a host without the guard wrote in 2036
        keep(leapt, Note(number=1), action="note.keep")
    # Control: every act of today is refused, for it lies before that entry.
    assert _refusal(lambda: _act(home, AT + DAY)) == ("clock.backwards", 5)
    words = {**_by("ada"), "reason": "Host 2 stood in 2036."}
    with open_desk_at(home, at=AT + DAY) as desk:
        assert confirming_clock.confirm(desk, **words)
        assert _refusal(lambda: confirming_clock.confirm(desk, **words)) == ("clock.agrees", 3)
        assert _refusal(lambda: confirming_clock.confirm(desk, **{**words, "reason": " "}))[1] == 2
    _act(home, AT + 2 * DAY)
    with open_desk(home, at=AT + 2 * DAY) as desk:
        assert last_entry(desk.home).at == AT + 2 * DAY
        assert desk.home.ledger.verify().ok
        assert standing_on(desk, signed[1]) == ()


def test_a_home_that_slept_for_years_is_woken_and_its_signatures_are_as_old_as_they_are(
    home, signed
):
    late = AT + 1000 * DAY
    assert _refusal(lambda: _act(home, late)) == ("clock.leapt", 5)
    with open_desk_at(home, at=late) as desk:
        assert not confirming_clock.confirm(desk, **_by("ada"), reason="The project rested.")
    with open_desk(home, at=late) as desk:
        assert len(standing_on(desk, signed[1])) == 1


def test_a_simulated_home_may_leap(tmp_path):
    create_home(tmp_path / "home", at=AT, seed=7).home.close()
    _act(tmp_path / "home", AT + 3653 * DAY)
    assert _refusal(lambda: _act(tmp_path / "home", AT)) == ("clock.backwards", 5)


@pytest.mark.fault("P11")
def test_p11_the_scoring_service_answers_nobody_by_a_wrong_clock(home):
    project = type("Named", (), {"name": "m"})
    for at, code in ((AT - DAY, "clock.backwards"), (AT + 3653 * DAY, "clock.leapt")):
        service = Answering(Home.open(home), {"m": project}, itertools.repeat(at).__next__)
        assert service.ready() == {"m": code}
    right = Answering(Home.open(home), {"m": project}, lambda: AT)
    assert right.ready()["m"] not in {"clock.backwards", "clock.leapt"}  # control
