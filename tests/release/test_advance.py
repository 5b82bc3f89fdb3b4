"""A version advances by a gate's decision only, and is taken back at once by a signed act."""

from __future__ import annotations

import threading

import pytest

from attending.digests import digest_bytes
from attending.errors import BadInput, NotFound, Refused
from attending.govern.gates import decide
from attending.records.ledger import Subject
from attending.release import advance as releasing
from attending.specs.release import Fallback, Stage
from attending.stores.chain import Act
from attending.stores.home import Home
from attending.stores.tables import DEPLOYMENTS
from attending.times import parse_instant
from tests.govern.people import ONE, RUN, full_evidence

ORDER: tuple[Stage, ...] = ("trained", "validated", "silent", "limited", "live")
LACE = Fallback(kind="score", score="lace", threshold=10, downtime_pathway="paper form")


def begun(run: str = RUN):
    return releasing.begin("readmission", run, artifacts={}, at=ONE, by="sam")


def decision(stage: Stage, run: str = RUN, **changes):
    return decide(stage, full_evidence(stage, run=run, **changes))


def walked(to: Stage, *, run: str = RUN, version: str = "v1"):
    """Return every deployment of a run on its way to a stage."""
    steps = [begun(run)]
    for stage in ORDER[: ORDER.index(to) + 1]:
        step = releasing.advance(steps[-1], decision(stage, run), to=stage, at=ONE, by="otto")
        steps.append(releasing.numbered(step, version) if stage == "trained" else step)
    return steps


@pytest.mark.requirement("G9")
def test_a_version_widens_one_stage_at_a_time_and_only_by_a_decision():
    steps = walked("live")
    assert [step.stage for step in steps] == ["prototype", *ORDER]
    assert [step.previous for step in steps[2:]] == [step.digest for step in steps[1:-1]]
    assert [step.serves for step in steps] == ["none", "none", "none", *["version"] * 3]
    assert {step.version for step in steps[1:]} == {"v1"}
    with pytest.raises(Refused) as refusal:
        releasing.advance(steps[3], decision("live"), to="live", at=ONE, by="otto")
    assert refusal.value.code == "release.order"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"run": digest_bytes(b"other")}, "release.other_run"),
        ({"model": "sepsis"}, "release.other_run"),
        ({"allowed": False}, "gate.refused"),
        ({"to_stage": "limited", "from_stage": "silent"}, "release.other_stage"),
        ({"as_of": parse_instant("2026-02-20T00:00:00Z")}, "release.stale_decision"),
        ({"as_of": parse_instant("2026-03-03T00:00:00Z")}, "release.stale_decision"),
    ],
)
def test_a_decision_about_something_else_moves_nothing(change, code):
    current = walked("validated")[-1]
    given = decision("silent").model_copy(update=change)
    with pytest.raises(Refused) as refusal:
        releasing.advance(current, given, to="silent", at=ONE, by="otto")
    assert refusal.value.code == code
    with pytest.raises(Refused):
        releasing.advance(None, given, to="silent", at=ONE, by="otto")


def test_a_refusal_names_what_is_open():
    given = decision("silent", approvals=())
    with pytest.raises(Refused) as refusal:
        releasing.advance(walked("validated")[-1], given, to="silent", at=ONE, by="otto")
    assert "signed.release.operator" in refusal.value.hint


@pytest.mark.requirement("G11")
def test_rollback_returns_to_the_version_before_or_to_the_fallback():
    first = walked("live")
    second = walked("limited", run=digest_bytes(b"second"), version="v2")
    history = [*first, *second]
    assert releasing.answering(history) == second[-1]
    back = releasing.rollback(history, LACE, at=ONE, by="otto", reason="latency")
    assert [(item.version, item.stage, item.serves) for item in back] == [
        ("v2", "validated", "none"),
        ("v1", "live", "version"),
    ]
    history += back
    assert releasing.answering(history) == back[1]
    assert releasing.readers_get(history) == "version"

    again = releasing.rollback(history, LACE, at=ONE, by="otto", reason="drift")
    assert [(item.version, item.serves) for item in again] == [("v1", "fallback")]
    history += again
    assert releasing.answering(history) is None
    assert releasing.readers_get(history) == "fallback"
    with pytest.raises(Refused):
        releasing.rollback(history, LACE, at=ONE, by="otto", reason="once more")
    nothing = releasing.rollback(first, None, at=ONE, by="otto", reason="drift")
    assert releasing.readers_get([*first, *nothing]) == "none"
    with pytest.raises(BadInput):
        releasing.rollback(first, LACE, at=ONE, by="otto", reason=" ")


def test_a_version_that_was_taken_back_must_pass_its_gates_again():
    history = walked("live")
    history += releasing.rollback(history, LACE, at=ONE, by="otto", reason="drift")
    with pytest.raises(Refused):
        releasing.enable(history[-1], at=ONE, by="otto", reason="better now")
    with pytest.raises(Refused):
        releasing.advance(history[-1], decision("live"), to="live", at=ONE, by="otto")
    silent = releasing.advance(history[-1], decision("silent"), to="silent", at=ONE, by="otto")
    assert releasing.readers_get([*history, silent]) == "fallback"


def test_disable_enable_and_retire():
    history = walked("live")
    off = releasing.disable(history[-1], at=ONE, by="otto", reason="wrong patients")
    assert releasing.readers_get([*history, off]) == "none"
    with pytest.raises(Refused):
        releasing.disable(off, at=ONE, by="otto", reason="again")
    on = releasing.enable(off, at=ONE, by="otto", reason="feed mended")
    assert (on.stage, on.serves) == ("live", "version")
    assert releasing.answering([*history, off, on]) == on
    gone = releasing.retire(on, at=ONE, by="cleo", reason="replaced")
    with pytest.raises(Refused):
        releasing.retire(gone, at=ONE, by="cleo", reason="again")
    limited = walked("limited")[-1]
    down = releasing.disable(limited, at=ONE, by="otto", reason="x")
    with pytest.raises(Refused) as refusal:
        releasing.advance(down, decision("live"), to="live", at=ONE, by="otto")
    assert refusal.value.code == "release.disabled"


def _act(action: str) -> Act:
    subject = Subject(kind="model", digest="readmission")
    return Act(at=ONE, actor="otto", action=action, subject=subject)


def test_version_numbers_are_given_once_and_never_again(tmp_path):
    home = Home.create(tmp_path / "home", at=ONE, seed=7)
    runs = [digest_bytes(bytes([number])) for number in range(3)]
    given = []
    for run in runs:
        with home.database.transaction() as unit:
            given.append(home.deployments.give_version(unit, model="readmission", run=run))
            unit.append(_act("release.advance"))
    assert given == ["v1", "v2", "v3"]
    assert home.deployments.run_of("readmission", "v2") == runs[1]
    with pytest.raises(Refused), home.database.transaction() as unit:
        home.deployments.give_version(unit, model="readmission", run=runs[0])
    for name in ("v9", "2", "v0", "v-1"):
        with pytest.raises(NotFound):
            home.deployments.run_of("readmission", name)
    with pytest.raises(Refused):
        releasing.numbered(walked("trained")[-1], "v2")


def test_the_history_of_a_model_is_read_back_as_it_was_written(tmp_path):
    home = Home.create(tmp_path / "home", at=ONE, seed=7)
    steps = walked("silent")[1:]
    for step in steps:
        with home.database.transaction() as unit:
            home.deployments.enter(unit, step)
            unit.append(_act("release.advance"))
    assert home.deployments.history("readmission") == tuple(steps)
    assert home.deployments.current("readmission", version="v1") == steps[-1]
    assert home.deployments.current("sepsis") is None
    assert home.deployments.standing("readmission") == {"v1": steps[-1]}
    assert home.deployments.models() == ("readmission",)
    assert home.check_rows() == ()


@pytest.mark.fault("P08")
def test_of_twenty_acts_at_once_on_one_version_one_wins(tmp_path):
    home = Home.create(tmp_path / "home", at=ONE, seed=7)
    steps = walked("limited")
    with home.database.transaction() as unit:
        home.deployments.enter(unit, steps[-2])
        unit.append(_act("release.advance"))
    with home.database.transaction() as unit:
        home.deployments.enter(unit, steps[-1])
        unit.append(_act("release.advance"))
    won = _race(home, steps[-1], checked=True)
    assert sorted(won).count("won") == 1
    assert won.count("release.conflict") == 19
    assert home.deployments.count("readmission") == 3
    # Control: the same twenty, not compared with what stands, all win.
    assert _race(home, steps[-1], checked=False).count("won") == 20
    assert home.ledger.verify().ok


def _race(home, current, *, checked: bool) -> list[str]:
    answers: list[str] = []
    start = threading.Barrier(20)

    def go(number: int) -> None:
        if number % 2 and checked:
            made = releasing.advance(current, decision("live"), to="live", at=ONE, by=f"p{number}")
        else:
            made = releasing.disable(current, at=ONE, by=f"p{number}", reason=f"{checked}")
        start.wait()
        try:
            with home.database.transaction() as unit:
                if checked:
                    home.deployments.enter(unit, made)
                else:
                    columns = {"model": "m", "version": "v1", "stage": "live"}
                    unit.insert(DEPLOYMENTS, [{"digest": made.digest, **columns}])
                unit.append(_act("release.advance"))
            answers.append("won")
        except Refused as refusal:
            answers.append(refusal.code)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
