"""The door for machines: strict JSON, one patient a request, roles, and a description of it all."""

from __future__ import annotations

import json

import pytest
from pydantic import ConfigDict

from attending.web.app import ROUTES
from attending.web.openapi import described
from attending.web.strict_json import strict_json
from attending.web.views import PersonView
from attending.web.wire import PredictionRequest
from tests.web.paper_house import PaperHouse
from tests.web.visitor import visitor_of

PATH = "/v1/models/readmission-30d/predictions"
WORD = {"content-type": "application/json", "accept": "application/json"}
EVENT = {
    "code": "LOINC//2160-0",
    "time": "2026-03-01T06:00:00Z",
    "known_at": "2026-03-01T07:00:00+01:00",
    "numeric_value": 1.4,
    "unit": "mg/dL",
}
ASKED = {
    "subject_id": "4886448066181632",
    "encounter_id": "1698869576116173",
    "prediction_time": "2026-03-02T06:00:00Z",
    "index_start": "2026-02-26T01:38:28Z",
    "events": [EVENT],
}


@pytest.fixture
def house():
    return PaperHouse(roles=("operator",))


@pytest.fixture
def machine(house):
    found = visitor_of(house)
    assert found.sign_in().status_code == 303
    return found


def post(machine, body, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return machine.post(PATH, content=content, headers=WORD | headers)


@pytest.mark.requirement("J10")
def test_only_the_account_that_delivers_may_ask_for_predictions(house, machine):
    answer = post(machine, ASKED)
    assert answer.status_code == 201
    assert answer.json()["score"] == 0.31
    assert answer.headers["location"] == answer.json()["provenance"]
    assert house.asked == ["readmission-30d by ada: 1 events"]
    for token, person in house.sessions.items():
        house.sessions[token] = person.model_copy(update={"roles": ("auditor",)})
    denied = post(machine, ASKED)
    assert (denied.status_code, denied.json()["code"]) == (403, "access.role")
    assert post(visitor_of(house), ASKED).status_code == 401
    assert len(house.asked) == 1


@pytest.mark.requirement("J10")
def test_a_token_is_for_what_it_was_given_for_and_for_no_page(house):
    person = {"person": "feed", "name": "The feed", "roles": ("operator",)}
    for name, scopes in (("good", ("work",)), ("reads", ("read",))):
        house.tokens[name] = PersonView(**person, scopes=scopes)
    stranger = visitor_of(house)
    assert post(stranger, ASKED, authorization="Bearer good").status_code == 201
    denied = post(stranger, ASKED, authorization="Bearer reads")
    assert (denied.status_code, denied.json()["code"]) == (403, "access.scope")
    assert post(stranger, ASKED, authorization="Bearer ended").status_code == 401
    bearer = {"authorization": "Bearer good", "accept": "application/json"}
    assert stranger.get("/", headers=bearer).json()["code"] == "access.scope"
    assert len(house.asked) == 1


@pytest.mark.fault("S01")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"3",
        b'"a"',
        json.dumps(ASKED).encode() + b"{}",
        json.dumps(ASKED).encode()[:-1],
        b"\xef\xbb\xbf" + json.dumps(ASKED).encode(),
        json.dumps(ASKED).encode("utf-16"),
        b"\xff\xfe",
        b"{'subject_id': 1}",
        b"<xml/>",
    ],
)
def test_s01_a_body_that_is_not_one_json_object_is_refused(house, machine, body):
    assert post(machine, ASKED).status_code == 201  # the control: the whole body is taken
    answer = post(machine, body)
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(house.asked) == 1


@pytest.mark.fault("S01")
@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_s01_another_kind_of_content_is_refused(house, machine, kind):
    answer = post(machine, ASKED, **{"content-type": kind})
    assert answer.json()["code"] == "request.media_type"
    assert house.asked == []


_BAD_NUMBERS = [b"NaN", b"Infinity", b"-Infinity", b"1e999", b'"12"', b"true", b"9" * 5000, b"[1]"]


@pytest.mark.fault("S02")
@pytest.mark.parametrize("bad", _BAD_NUMBERS)
def test_s02_what_is_no_number_is_refused_and_never_scored(house, machine, bad):
    lenient = json.loads('{"a": NaN}')
    assert lenient["a"] != lenient["a"]  # the control: the library takes NaN
    whole = json.dumps(ASKED).encode().replace(b"1.4", bad)
    assert bad in whole
    answer = post(machine, whole)
    assert answer.status_code == 422
    assert house.asked == []


@pytest.mark.fault("S02")
@pytest.mark.parametrize("field", sorted(ASKED))
@pytest.mark.parametrize("bad", [5, True, [], {"a": 1}, "", "x" * 300])
def test_s02_every_field_is_held_to_its_type_and_named(house, machine, field, bad):
    if field == "events" and bad == []:
        return
    answer = post(machine, {**ASKED, field: bad})
    assert answer.status_code == 422
    assert field in answer.json()["message"]
    assert house.asked == []


@pytest.mark.fault("S03")
def test_s03_a_key_twice_a_deep_nest_and_unknown_keys_are_refused(house, machine):
    twice = (
        json.dumps(ASKED).encode().replace(b'{"subject_id"', b'{"subject_id": "5", "subject_id"')
    )
    assert json.loads(twice)["subject_id"] == ASKED["subject_id"]  # the control: the last one wins
    assert post(machine, twice).json()["code"] == "request.key_twice"
    nested = b'{"subject_id":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert post(machine, nested).status_code == 422
    many = {**ASKED, **{f"key{number}": 1 for number in range(100_000)}}
    answer = post(machine, many)
    assert answer.status_code == 422
    assert len(answer.content) < 1_000
    for text in ("a\u0000b", "x" * 100_000):
        assert post(machine, {**ASKED, "user_role": text}).status_code in {201, 422}
    assert len(house.asked) <= 1


@pytest.mark.fault("S04")
def test_s04_a_body_that_is_too_large_is_refused_before_it_is_read(house, machine):
    answer = machine.post(PATH, content=b"x", headers=WORD | {"content-length": str(1 << 30)})
    assert answer.status_code == 413

    def endless():
        for _ in range(20):
            yield b" " * (1 << 20)

    assert machine.post(PATH, content=endless(), headers=WORD).status_code == 413
    assert house.asked == []


@pytest.mark.fault("S10")
def test_s10_an_event_of_another_patient_is_refused_and_nothing_is_scored(house, machine):
    own = {**EVENT, "subject_id": ASKED["subject_id"]}
    assert post(machine, {**ASKED, "events": [own]}).status_code == 201  # the control
    other = {**EVENT, "subject_id": "7"}
    answer = post(machine, {**ASKED, "events": [own, other]})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.other_patient")
    assert ASKED["subject_id"] not in answer.text
    assert len(house.asked) == 1


def test_a_prediction_is_read_by_its_id_alone(house, machine):
    found = machine.get(f"/v1/predictions/{'a' * 32}", headers=WORD)
    assert found.json() == {"request_id": "a" * 32}
    assert machine.get("/v1/predictions/A", headers=WORD).status_code == 400
    assert house.asked == [f"{'a' * 32} by ada"]


def test_the_description_names_every_route_for_machines_and_its_models_are_whole(machine):
    said = machine.get("/v1/openapi.json", headers=WORD).json()
    assert said == json.loads(json.dumps(described()))
    declared = {
        (route.path, route.method.lower())
        for route in ROUTES.declared()
        if route.path.startswith("/v1/")
    }
    assert declared == {(path, verb) for path, verbs in said["paths"].items() for verb in verbs}
    text = json.dumps(said)
    for name in set(text.split("#/components/schemas/")[1:]):
        assert name.partition('"')[0] in said["components"]["schemas"]


def test_strict_json_reads_what_is_json():
    assert strict_json(b'{"a": [1, -0.5, "\\u00e9", null, true]}') == {
        "a": [1, -0.5, "é", None, True]
    }


#: What a client of release 0.1.0 sends at most, and reads; neither may ever be taken away.
FIRST_SENT = {
    *("subject_id", "encounter_id", "prediction_time", "index_start", "decision_point"),
    *("user_role", "events"),
}
FIRST_READ = {
    *("request_id", "model", "version", "stage", "delivered", "made_before", "outcome"),
    *("scored_by", "score", "threshold", "flagged", "band", "factors", "missing", "degraded"),
    *("reasons", "prediction_time", "made_at", "provenance"),
}


class Lenient(PredictionRequest):
    model_config = ConfigDict(extra="ignore")


@pytest.mark.fault("S23")
def test_s23_an_old_client_is_understood_and_a_field_we_do_not_know_is_named_never_ignored(
    house, machine
):
    old = ASKED | {"decision_point": "discharge", "user_role": "charge nurse"}
    assert set(old) == FIRST_SENT
    answer = post(machine, old)
    assert answer.status_code == 201
    assert answer.json().keys() >= FIRST_READ
    needed = PredictionRequest.model_json_schema()["required"]
    assert set(needed) <= FIRST_SENT  # nothing that came later is asked for
    # The control: a reader that ignores what it does not know would score from less than was sent.
    newer = ASKED | {"pregnant": True}
    assert "pregnant" not in Lenient.model_validate_json(json.dumps(newer)).model_dump()
    scored = len(house.asked)
    for body in (newer, ASKED | {"events": [EVENT | {"specimen": "urine"}]}):
        refused = post(machine, body)
        told = refused.json()
        assert (refused.status_code, told["code"]) == (422, "request.field")
        assert "is not known" in told["message"]
        assert "/v1/openapi.json" in told["hint"]
    assert len(house.asked) == scored


def test_by_ids_alone_a_request_needs_neither_events_nor_the_start_of_the_stay(house, machine):
    ids = {name: ASKED[name] for name in ("subject_id", "encounter_id", "prediction_time")}
    assert post(machine, ids).status_code == 201
    events = {**ids, "events": [EVENT]}
    refused = post(machine, events)
    assert (refused.status_code, refused.json()["code"]) == (422, "request.field")
    assert len(house.asked) == 1
