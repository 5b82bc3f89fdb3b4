"""Running services: what they answer when something is hurt, in real processes over HTTP.

Verdicts, model files, feeds and the store are hurt, workers die, a version is stopped under load,
and many patients are asked about at once.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from attending.lifecycle import releasing, scoring, signing, watching
from attending.lifecycle.answering import Answering
from attending.lifecycle.desk import keep
from attending.records.monitoring import Verdict
from attending.records.release import Deployment
from attending.stores.home import Home
from attending.times import format_instant, parse_instant
from attending.web.front_desk import FrontDesk
from tests.service import SECOND, make_live, project_of, serving, until
from tests.soak import interleaved, switches
from tests.web.visitor import visitor_of

#: A verdict must change what is answered within this many seconds.
MINUTE = 60.0
#: Results that the dead feed had not brought: haemoglobin, sodium, creatinine, urea nitrogen.
NEVER_CAME = {"LOINC//718-7", "LOINC//2951-2", "LOINC//2160-0", "LOINC//3094-0"}
#: Each question is another.
TURNS = count(10)
BROKEN = {"verdict.gone", "verdict.changed", "record.changed"}


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    return make_live(tmp_path_factory.mktemp("obeys"))


def outcome(service, turn):
    """Return how a new question is answered: the outcome, or the code of a refusal."""
    said = service.ask(-1, turn)[1]
    return said.get("outcome") or said["code"]


def told(service, wanted, *, begin):
    """Return the first answer of a kind, asked anew each time, within a minute."""
    turns = iter(range(begin, begin + 10_000))
    deadline = time.monotonic() + MINUTE
    while True:
        status, said = service.ask(-1, next(turns))
        if (said.get("outcome") or said["code"]) in wanted:
            return status, said
        assert time.monotonic() < deadline, said


def fallen(verdict, because="a feed is dead"):
    """Return the verdict of a day on which the version falls back."""
    change = {"answer": "fallback", "delivers": "fallback", "severity": "act", "drift": "data"}
    return verdict.model_copy(update={**change, "because": because})


def give(home, verdict):
    with home.desk() as desk:
        keep(
            desk,
            verdict,
            action="verdict.record",
            keys={"model": verdict.model, "version": verdict.version},
        )


def newest(home):
    with home.desk() as desk:
        return desk.home.catalog.latest(Verdict, model=home.model, version="v1")


@pytest.mark.requirement("H9")
@pytest.mark.requirement("G11")
def test_a_verdict_of_fallback_reaches_the_running_service_and_only_a_signature_takes_it_back(
    live, tmp_path
):
    home = live.copied(tmp_path)
    with serving(home) as service:
        status, before = service.ask(-1, 1)
        assert (status, before["outcome"]) == (201, "live")
        give(home, fallen(newest(home)))
        _, after = told(service, {"fallback"}, begin=2)
        assert "verdict:fallback" in after["reasons"]
        assert after["scored_by"].startswith("LACE")
        assert after["score"] != before["score"]
        # The live score of before is not told again, though the question is the same.
        status, again = service.ask(-1, 1)
        assert (status, again["code"]) == (409, "prediction.no_longer")
        assert str(before["score"]) not in json.dumps(again)
        # The machine alone takes nothing back: its next verdict is as strict.
        with home.desk() as desk:
            assert watching.give_verdict(desk, project_of(home)).answer == "fallback"
        assert outcome(service, 900) == "fallback"
        with home.desk(actor="clara") as desk:
            signing.sign(
                desk,
                newest(home).digest,
                person="clara",
                passphrase=home.secrets["clara"],
                role="clinical_lead",
                meaning="approval",
                statement="The feed is back.",
            )
            assert watching.give_verdict(desk, project_of(home)).answer != "fallback"
        score = told(service, {"live"}, begin=1000)[1]["score"]
        assert score == pytest.approx(before["score"], rel=1e-6)  # some microseconds later


def tampered(home, statement, *values):
    """Change rows behind the back of the ledger, as who holds the file can."""
    with closing(sqlite3.connect(home.root / "store.db", timeout=60)) as raw:
        assert raw.execute(statement, values).rowcount
        raw.commit()


def deleted(home, fell):
    tampered(home, "DELETE FROM record_keys WHERE digest = ?", fell)
    tampered(home, "DELETE FROM records WHERE digest = ?", fell)


def forged(home, fell):
    tampered(
        home,
        "UPDATE records SET content = replace(content, 'fallback', 'continue') WHERE digest = ?",
        fell,
    )


def put_in(home, fell):
    """Put in a verdict that nobody gave, whole and well named, newer than the true one."""
    with home.desk() as desk:
        one = desk.home.catalog.get(fell, Verdict)
        made = one.model_copy(update={"answer": "continue", "delivers": "model", "because": "ok"})
    columns = "seq, nth, digest, kind, content, made_at, made_by"
    said = "SELECT seq, nth + 100, ?, kind, ?, made_at, made_by FROM records WHERE digest = ?"
    tampered(home, f"INSERT INTO records ({columns}) {said}", made.digest, made.as_bytes(), fell)
    tampered(
        home,
        "INSERT INTO record_keys (seq, nth, digest, key, value)"
        " SELECT seq, nth + 100, ?, key, value FROM record_keys WHERE digest = ?",
        made.digest,
        fell,
    )


@pytest.mark.requirement("H9")
def test_a_verdict_that_is_deleted_aged_or_forged_never_leaves_a_live_score(live, tmp_path):
    home, codes = live.copied(tmp_path / "hurt"), []
    with serving(home) as service:
        # Control: what stood before was live, and would be again without the last verdict.
        assert outcome(service, 1) == "live"
        first = newest(home)
        for day, hurt in enumerate((deleted, forged, put_in)):
            fell = fallen(first, because=f"day {day}")
            give(home, fell)
            told(service, {"fallback"}, begin=1000 * day + 2)
            hurt(home, fell.digest)
            status, after = told(service, BROKEN, begin=1000 * day + 500)
            codes.append(after["code"])
            assert status == 500
            assert "score" not in after
            assert outcome(service, 1000 * day + 999) == after["code"]
            ready, said = service.get("/readyz")
            assert (ready, after["code"] in said.decode()) == (503, True)
    assert codes == ["verdict.gone", "record.changed", "verdict.changed"]
    # Aged: days later the same verdict, which said continue, lets nothing be live.
    home = live.copied(tmp_path / "aged")
    late = format_instant(SECOND + timedelta(days=4))
    with serving(home, "--at", late) as service:
        _, after = service.ask(-1, 1)
        assert (after["outcome"], "verdict:expired" in after["reasons"]) == ("fallback", True)


def stopped(home):
    """Stop the version, signed, and return the digest of that act."""
    with home.desk() as desk:
        said = {"person": "omar", "passphrase": home.secrets["omar"], "reason": "a trial"}
        (made,) = releasing.disable(desk, project_of(home), **said)
        return made.digest


def act_deleted(home, stop):
    tampered(home, "DELETE FROM deployments WHERE digest = ?", stop)


def act_erased(home, stop):
    act_deleted(home, stop)
    deleted(home, stop)


def act_moved(home, stop):
    tampered(home, "UPDATE deployments SET seq = 0, nth = 900 WHERE digest = ?", stop)


def act_rewritten(home, stop):
    tampered(
        home,
        "UPDATE records SET content = replace(content, '\"none\"', '\"version\"') WHERE digest = ?",
        stop,
    )


def act_put_in(home, stop):
    """Put in an act that lets the version answer again, whole and well named; nobody did it."""
    with home.desk() as desk:
        one = desk.home.catalog.get(stop, Deployment)
        told = {"act": "enable", "serves": "version", "previous": stop, "reason": "ok"}
        made = one.model_copy(update=told)
    columns = "seq, nth, digest, kind, content, made_at, made_by"
    said = "SELECT seq, nth + 100, ?, kind, ?, made_at, made_by FROM records WHERE digest = ?"
    tampered(home, f"INSERT INTO records ({columns}) {said}", made.digest, made.as_bytes(), stop)
    tampered(
        home,
        "INSERT INTO deployments (seq, nth, digest, model, version, stage)"
        " SELECT seq, nth + 100, ?, model, version, stage FROM deployments WHERE digest = ?",
        made.digest,
        stop,
    )


@pytest.mark.requirement("G10")
def test_a_deployment_that_is_changed_behind_the_ledger_never_gives_a_live_score(live, tmp_path):
    home = live.copied(tmp_path)
    with serving(home) as service:
        status, data = service.sent("POST", service.path, home.asked(-1, 1))
        assert (status, json.loads(data)["outcome"]) == (201, "live")
        before = json.loads(data)["score"]
        stop = stopped(home)
        told(service, {"no_score"}, begin=2)
        act_put_in(home, stop)
        told(service, {"deployment.changed"}, begin=1000)
        for turn in range(2000, 2010):
            status, data = service.sent("POST", service.path, home.asked(-1, turn))
            assert (status, b'"score"' in data) == (500, False)
            assert str(before).encode() not in data
        ready, said = service.get("/readyz")
        assert (ready, b"deployment.changed" in said) == (503, True)


@pytest.mark.parametrize(
    ("hurt", "code"),
    [
        (act_deleted, "deployment.gone"),
        (act_erased, "deployment.gone"),
        (act_moved, "deployment.changed"),
        (act_put_in, "deployment.changed"),
        (act_rewritten, "record.changed"),
    ],
)
def test_each_way_to_bring_a_stopped_version_back_is_told(live, tmp_path, monkeypatch, hurt, code):
    home = live.copied(tmp_path)
    stop = stopped(home)
    assert answers(home) == (201, "no_score")
    hurt(home, stop)
    assert answers(home) == (500, code)
    if hurt is not act_rewritten:  # that one the records themselves tell
        # The control: without the comparison with the ledger the stopped version answers again.
        monkeypatch.setattr(scoring, "require_recorded", lambda *_: None)
        assert answers(home) == (201, "live")


def answers(home):
    """Return how a home answers over HTTP, opened anew: the status, and the outcome or code."""
    house = FrontDesk(root=home.root, clock=lambda: SECOND)
    house.answering = Answering(
        Home.open(home.root), {home.model: project_of(home)}, clock=lambda: SECOND
    )
    visitor = visitor_of(house)
    visitor.headers["authorization"] = f"Bearer {home.token}"
    visitor.headers["accept"] = "application/json"
    try:
        asked = home.asked(-1, next(TURNS))
        said = visitor.post(f"/v1/models/{home.model}/predictions", json=asked)
        return said.status_code, said.json().get("outcome") or said.json()["code"]
    finally:
        house.answering.home.close()


@pytest.mark.fault("S16")
@pytest.mark.fault("S14")
def test_s16_with_the_store_down_or_the_model_swapped_there_is_no_live_score(live, tmp_path):
    home = live.copied(tmp_path)
    with serving(home) as service:
        status, before = service.ask(-1, 1)
        assert (status, before["outcome"]) == (201, "live")  # the control
        # The feed is dead: what came is days old. The fallback answers, and both say so.
        status, data = service.sent("POST", service.path, stale(home))
        said = json.loads(data)
        assert (status, said["outcome"]) == (201, "fallback")
        assert any(one.startswith("stale:") for one in said["degraded"])
        assert "missing_features" in said["reasons"]
        # The store lets nobody write: predictions and their ledger entries cannot be kept.
        with closing(sqlite3.connect(home.root / "store.db", timeout=60)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            status, down = service.ask(-1, 2)
            holder.rollback()
        assert (status, "score" in down) == (503, False)
        assert down["code"] in {"service.deadline", "store.busy"}
        until(lambda: outcome(service, 3) == "live", "the store is up, and so is the answer")
        # Another model's bytes under the name of the one that was approved.
        with home.desk() as desk:
            stands = desk.home.deployments.current(home.model)
            one = desk.home.artifacts.path(next(iter(stands.artifacts.values())))
        whole = one.read_bytes()
        one.chmod(0o600)
        one.write_bytes(whole.replace(b"1", b"2", 1))
        give(home, newest(home).model_copy(update={"because": "another day"}))  # looked at again
        status, swapped = told(service, {"artifact.changed"}, begin=1000)
        assert (status, "score" in swapped) == (500, False)
        assert service.get("/readyz")[0] == 503
        assert str(before["score"]) not in json.dumps(swapped)
    # Nor is a service started with it.
    with (
        pytest.raises(AssertionError, match=r"artifact\.changed"),
        serving(home) as refused,
    ):
        refused.get("/livez")


def stale(home, patient=-3):
    """Return a question about a patient whose feed died a week ago, with half of its results."""
    asked, back = home.asked(patient, 500), timedelta(days=8)

    def earlier(text):
        return format_instant(parse_instant(text) - back)

    def moved(event):
        told = {name: earlier(event[name]) for name in ("time", "known_at") if name in event}
        return event if event["code"].startswith("ENCOUNTER//DISCHARGE") else event | told

    events = [moved(event) for event in asked["events"] if event["code"] not in NEVER_CAME]
    return {**asked, "index_start": earlier(asked["index_start"]), "events": events}


def metric(service, name):
    """Return the values of a metric by its labels."""
    status, data = service.get("/metrics")
    assert status == 200
    found = re.findall(rf"^{name}(\{{.*\}}) (\S+)$", data.decode(), re.MULTILINE)
    return {labels: float(value) for labels, value in found}


def answered(service):
    return sum(metric(service, "attending_predictions_total").values())


def there(service):
    """Return whether all workers say that they are there."""
    up = metric(service, "attending_worker_up")
    return len(up) == 2 and all(up.values())


@pytest.mark.fault("P12")
def test_p12_a_worker_that_was_killed_is_there_again_and_the_others_answer_meanwhile(
    live, tmp_path
):
    # Control: one process alone is gone for good, and so is its service.
    with serving(live.copied(tmp_path / "alone")) as alone:
        alone.process.kill()
        alone.process.wait(60)
        with pytest.raises(ConnectionError):
            alone.get("/livez")
        alone.process.returncode = 0  # it was not told to drain
    # Guard.
    spans = tmp_path / "spans.jsonl"
    named = ("--hosts", "Scores.Hospital.example", "--traces", str(spans))
    with serving(live.copied(tmp_path / "two"), *named, workers=2) as service:
        until(lambda: there(service), "both workers are there")
        for turn in range(6):
            assert service.ask(turn, turn + 1)[0] == 201
        first, second = service.children()
        os.kill(first, signal.SIGKILL)
        assert service.ask(7, 1)[0] == 201  # nobody is told of it
        until(lambda: len(set(service.children()) - {first}) == 2, "another took its place")
        until(lambda: there(service), "and answers")
        assert second in service.children()
        # Counts of the dead worker are in the sum that any worker tells.
        assert {answered(service) for _ in range(8)} == {7.0}
        starts = metric(service, "attending_worker_starts_total")
        assert sorted(starts.values()) == [1.0, 2.0]
        assert "ended by signal 9; another takes its place" in service.log.read_text()
        status, data = service.get("/readyz")
        said = {one["name"]: one["says"] for one in json.loads(data)["checks"]}
        assert (status, said["workers"]) == (200, "2 of 2 are there")
        # A name behind a proxy is answered, another is not.
        for host, status in (("scores.hospital.example", 200), ("evil.example", 421)):
            wire = service.connection()
            wire.request("GET", "/livez", headers={"Host": host})
            assert wire.getresponse().status == status
            wire.close()
        # A worker whose parent is killed ends too, and leaves the port free.
        left = service.children()
        service.process.kill()
        service.process.wait(60)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left), "they end too")
        service.process.returncode = 0
    assert timed(spans, live) == {"score", "keep"}


def timed(file, home):
    """Return the steps that the spans of predictions in a file have; no patient is in them."""
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    for question in home.questions:
        assert question["subject_id"] not in text
        assert question["encounter_id"] not in text
    assert home.token not in text
    spans = [json.loads(line) for line in text.splitlines()]
    asked = {one["context"]["span_id"] for one in spans if one["name"].startswith("POST /v1/")}
    return {one["name"] for one in spans if one["parent_id"] in asked}


@pytest.mark.parametrize("refused", ["--hosts=https://a", "--home=none"])
def test_a_service_that_is_refused_says_so_once_and_ends(tmp_path, refused):
    words = [sys.executable, "-m", "attending", "serve", "--workers=2", "--port=0", refused]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("refused [") == 1


@pytest.mark.fault("S11")
def test_s11_interleaved_requests_of_many_patients_get_no_other_patients_answer(live, tmp_path):
    # That the check tells another patient's answer, for every patient, is asserted in it.
    found = interleaved.soak(
        tmp_path, home=live, requests=240, workers=2, seed=11, seconds=interleaved.PATIENCE * 5
    )
    assert (found.asked, found.wrong, found.again) == (240, 0, 0)
    assert len(found.patients) > 40
    assert min(found.new, found.repeated, found.read) > 0


@pytest.mark.fault("S15")
def test_s15_every_worker_stops_at_once_under_load_and_the_ledger_holds_each_act(live, tmp_path):
    found = switches.soak(tmp_path, home=live, trials=3, kills=0, rate=40, workers=2)
    # The control: before each act the old answer was told, or the trial would not have begun.
    assert min(found.answers[how] for how in ("live", "fallback", "no_score")) > 0
    assert {name: len(many) for name, many in found.seconds.items()} == {
        "disable": 1,
        "rollback": 1,
        "criteria": 1,
        "on": 3,
    }
    assert found.after == 0
    assert found.kept == {
        "release.disable": 1,
        "release.enable": 1,
        "release.rollback": 2,
        "incident.open": 1,
        "release.advance": 2,
    }
