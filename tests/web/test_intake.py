"""Feeds push over HTTP: one scope, each message once, an account that adds up, answers in kind."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from attending.errors import DependencyDown
from attending.lifecycle import credentials, simulating
from attending.lifecycle.current import events_of
from attending.lifecycle.desk import create_home
from attending.lifecycle.intake import open_intake
from attending.times import parse_instant
from attending.web.front_desk import FrontDesk
from tests.ingest.test_hl7 import adt, message, obx, oru
from tests.web.visitor import visitor_of

AT = parse_instant("2026-03-02T06:30:00Z")
POLICY = """
feeds:
  - {name: ehr, kind: fhir}
  - {name: lab, kind: hl7v2, site: NORTH}
"""
COUNTS = ("accepted", "quarantined", "rejected", "duplicate")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home with two feeds, and the tokens of an interface engine and of a scorer."""
    root = tmp_path_factory.mktemp("feeds") / "home"
    desk = create_home(root, at=AT - timedelta(days=1), seed=7)
    secrets = simulating.add_persons(desk)
    tokens = {
        scope: credentials.give_token(
            replace(desk, actor="omar"), "omar", secrets["omar"],
            label=scope, scopes=(scope,), keeps=timedelta(days=30),
        )
        for scope in ("intake", "work")
    }  # fmt: skip
    (root / "policy" / "intake.yaml").write_text(POLICY)
    yield desk, tokens
    desk.home.close()


@pytest.fixture
def front(home):
    desk, _ = home
    found = FrontDesk(root=desk.home.root, clock=lambda: AT)
    found.intake = open_intake(desk.home.root, clock=lambda: AT)
    yield found
    found.intake.home.close()


@pytest.fixture
def push(home, front):
    visitor = visitor_of(front)

    def send(feed, body, *, kind="application/hl7-v2", scope="intake", **headers):
        words = {"authorization": f"Bearer {home[1][scope]}", "content-type": kind}
        said = {"accept": "application/json"} | words | headers
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return visitor.post(f"/v1/intake/{feed}", content=content, headers=said)

    return send


@pytest.fixture
def look(home, front):
    visitor = visitor_of(front)
    words = {"authorization": f"Bearer {home[1]['intake']}", "accept": "application/json"}
    return lambda path: visitor.get(path, headers=words)


def totals(look, feed):
    return look("/v1/intake").json().get(feed, dict.fromkeys(("rows_in", *COUNTS), 0))


def observation(value, *, status="final", name="o1", at="2026-03-02T05:55:00Z", **more):
    return {
        "resourceType": "Observation",
        "id": name,
        "status": status,
        "meta": {"lastUpdated": at},
        "subject": {"reference": "Patient/p9"},
        "effectiveDateTime": "2026-03-02T05:00:00Z",
        "issued": at,
        "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
        "valueQuantity": {"value": value, "code": "mg/dL"},
    } | more


@pytest.mark.requirement("J10")
def test_only_a_token_for_intake_may_push_and_it_may_do_nothing_else(push, look):
    assert push("lab", adt("A01", control="j1")).status_code == 200
    refused = push("lab", adt("A01", control="j2"), scope="work")
    assert (refused.status_code, refused.json()["code"]) == (403, "access.scope")
    assert push("lab", adt("A01"), authorization="Bearer none").status_code == 401
    other = look("/v1/openapi.json")
    assert (other.status_code, other.json()["code"]) == (403, "access.scope")
    assert push("nobody", adt("A01")).status_code == 404
    assert push("ehr", adt("A01")).status_code == 422
    assert push("lab", adt("A01"), kind="text/plain").status_code == 415


@pytest.mark.requirement("A10", "G2")
def test_a_message_is_taken_once_answered_in_kind_and_every_row_is_accounted_for(push, look, home):
    size = home[0].home.ledger.size
    body = oru(obx("1.4"), obx("abc", place="2"), obx("", status="I", place="3"), control="a1")
    partly = push("lab", body)
    assert partly.status_code == 422
    lines = partly.text.rstrip("\r").split("\r")
    assert lines[1] == "MSA|AE|a1"
    assert [line[:3] for line in lines[2:]] == ["ERR", "ERR"]
    assert "abc" not in partly.text
    # While something of it stands open the same message is worked on again; nothing comes twice.
    assert push("lab", body).text.split("\r")[1] == "MSA|AE|a1"
    whole = oru(obx("1.4"), control="a2")
    assert push("lab", whole).text.split("\r")[1] == "MSA|AA|a2"
    again = push("lab", whole)
    assert (again.status_code, again.text.split("\r")[1]) == (200, "MSA|AA|a2")
    other = push("lab", oru(obx("9.9"), control="a2"))
    assert (other.status_code, other.text.split("\r")[1]) == (400, "MSA|AR|a2")
    garbage = push("lab", b"not a message")
    assert (garbage.status_code, garbage.text.split("\r")[1]) == (400, "MSA|AR|")
    found = totals(look, "lab")
    assert sum(found[name] for name in COUNTS) == found["rows_in"]
    letters = look("/v1/intake/lab/letters").json()
    whys = [one["why"] for letter in letters for one in letter["letters"]]
    assert whys[:2] == ["intake.not_hl7", "intake.conflict"]
    assert {"not_a_number", "no_value_yet"} <= set(whys)
    taken = [e for e in home[0].home.ledger.entries(size) if e.action == "intake.take"]
    assert len(taken) == 5  # the repeated whole one left no trace


def test_fhir_is_corrected_and_withdrawn_and_the_same_result_under_a_new_id_is_a_duplicate(
    push, look, front
):
    kind = "application/fhir+json"
    first = push("ehr", observation(1.4), kind=kind, **{"idempotency-key": "f1"}).json()
    assert (first["code"], first["accepted"], first["made_before"]) == ("AA", 1, False)
    again = push("ehr", observation(1.4), kind=kind, **{"idempotency-key": "f1"}).json()
    assert (again["made_before"], again["accepted"]) == (True, 1)
    twin = push("ehr", observation(1.4), kind=kind, **{"idempotency-key": "f2"}).json()
    assert (twin["made_before"], twin["accepted"], twin["duplicate"]) == (False, 0, 1)
    taken = push("ehr", observation(9.9), kind=kind, **{"idempotency-key": "f1"})
    assert (taken.status_code, taken.json()["code"]) == (409, "intake.conflict")
    clash = push("ehr", observation(9.9), kind=kind, **{"idempotency-key": "f3"}).json()
    assert [one["why"] for one in clash["letters"]] == ["version_conflict"]
    lines = [
        observation(2.4, status="corrected", at="2026-03-02T06:10:00Z"),
        observation(2.4, status="entered-in-error", at="2026-03-02T06:20:00Z"),
        observation(7.0, name="o2", status="bogus"),
        {"resourceType": "Appointment", "id": "x"},
    ]
    body = b"\n".join(json.dumps(one).encode() for one in [*lines[:1], *lines[2:]]) + b"\n{"
    mixed = push("ehr", body, kind="application/fhir+ndjson").json()
    assert (mixed["rows_in"], mixed["accepted"], mixed["quarantined"]) == (4, 1, 1)
    assert mixed["rejected"] == 2
    push("ehr", lines[1], kind=kind)
    home = front.intake.home
    rows = events_of(home, _subject(home, "p9")).to_pylist()
    spans = [(round(r["numeric_value"], 1), r["known_at"].minute, r["superseded_at"].minute)
             for r in rows]  # fmt: skip
    assert sorted(spans) == [(1.4, 55, 10), (2.4, 10, 20)]
    bad = push("ehr", b"{", kind=kind)
    assert (bad.status_code, bad.json()["code"]) == (422, "intake.not_json")
    assert look("/v1/intake/ehr/letters").json()[0]["letters"][0]["why"] == "intake.not_json"


def _subject(home, name):
    from attending import keys

    return keys.pseudonym(home.pseudonym_key(), "subject", name)


@pytest.mark.fault("S16")
def test_s16_with_the_store_down_a_message_is_not_acknowledged(push, front, monkeypatch):
    def down(*_):
        raise DependencyDown("the disk is full", code="storage.full")

    body = oru(obx("3.3"), control="s16", patient="p3")
    with monkeypatch.context() as patch:
        patch.setattr(type(front.intake.home.events), "add_message", down)
        refused = push("lab", body)
    assert (refused.status_code, refused.json()["code"]) == (503, "storage.full")
    assert "MSA|" not in refused.text
    # The control: with the store up the same message is taken, for nothing of it was kept.
    assert push("lab", body).text.split("\r")[1] == "MSA|AA|s16"


def test_merges_that_run_in_a_circle_are_set_aside_and_the_patients_stay_readable(push, front):
    def merge(kept, gone, control):
        return message(
            "ADT^A40", "EVN|A40|20260302061000", f"PID|1||{kept}^^^H^MR", f"MRG|{gone}^^^H^MR",
            control=control,
        )  # fmt: skip

    for number, patient in enumerate(("c1", "c2")):
        push("lab", oru(obx("1.0"), patient=patient, control=f"c{number}"))
    assert push("lab", merge("c1", "c2", "m1")).status_code == 200
    circle = push("lab", merge("c2", "c1", "m2"))
    assert (circle.status_code, "merge_cycle" in circle.text) == (422, True)
    assert events_of(front.intake.home, _subject(front.intake.home, "c1")).num_rows
