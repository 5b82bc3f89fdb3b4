"""CDS Hooks: who may ask, what comes back, and that a failure never looks like a low risk."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from attending.errors import BadInput, DependencyDown
from attending.lifecycle.answering import Answered
from attending.lifecycle.ehr import EhrPolicy
from attending.specs.ehr import EhrSpec
from attending.web.app import create_app
from attending.web.cards import cards
from attending.web.ehr_tokens import asking
from tests.serve.ward import release
from tests.web.paper_house import PaperHouse
from tests.web.visitor import TestClient

BASE = "https://scores.hospital.example"
ISS = "https://ehr.hospital.example"
SPEC = EhrSpec.model_validate(
    {
        "base_url": BASE,
        "organisation": "General Hospital",
        "issuers": [{"iss": ISS, "keys": "ehr.json", "tenants": ["main"]}],
        "hooks": [
            {"model": "readmission", "hook": "encounter-discharge", "decision_point": "discharge"},
            {"model": "readmission", "hook": "patient-view", "decision_point": "ward round"},
        ],
    }
)
KEY = ECKey.generate_key("P-384", {"kid": "one", "use": "sig"})
PUBLIC = {"keys": [KEY.as_dict(private=False)]}
MADE = {
    "model": "readmission",
    "version": "v2",
    "stage": "limited",
    "kind": "live",
    "score": 0.314,
    "threshold": 0.25,
    "flagged": True,
    "band": "at or above the threshold",
    "scored_by": "readmission v2",
    "reasons": "",
    "degraded": ["stale:sodium_last"],
    "factors": [{"feature": "albumin", "contribution": 0.4, "words": "Albumin (3.1) raises it"}],
    "inputs": [
        {"feature": "albumin", "value": 3.1, "known_at": "2026-03-01T07:00:00Z"},
        {"feature": "bnp", "value": None, "known_at": None},
    ],
    "prediction_time": "2026-03-02T06:00:00Z",
}


class HookHouse(PaperHouse):
    """A house that answers hooks, and remembers what it was asked."""

    def __init__(self):
        super().__init__()
        self.content, self.down, self.said = dict(MADE), None, []

    def plan(self, model):
        return release()

    def hook(self, asked):
        self.asked.append(asked)
        if self.down is not None:
            raise self.down
        return cards(Answered("e" * 32, self.content, before=False), release(), SPEC)

    def feedback(self, said, *, by):
        self.said += said
        return len(said)


@pytest.fixture
def house():
    return HookHouse()


@pytest.fixture
def client(house):
    app = create_app(house, ehr=EhrPolicy(SPEC, ((ISS, PUBLIC),)))
    return TestClient(app, base_url="http://localhost")


def token(path, *, key=KEY, alg="ES384", kid="one", **more):
    now = int(time.time())
    claims = {
        "iss": ISS,
        "aud": f"{BASE}{path}",
        "iat": now,
        "exp": now + 120,
        "jti": str(uuid4()),
        "tenant": "main",
    }
    claims = {name: value for name, value in (claims | more).items() if value is not None}
    header = {"alg": alg, "kid": kid, "typ": "JWT"}
    return jwt.encode(header, claims, key, algorithms=[alg])


def call(client, body, *, path="/cds-services/readmission", bearer=None):
    said = token(path) if bearer is None else bearer
    return client.post(path, json=body, headers={"authorization": f"Bearer {said}"})


def patient(name="p1"):
    return {"resourceType": "Patient", "id": name}


def bundle(*resources, link=()):
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": list(link),
        "entry": [{"resource": one} for one in resources],
    }


def asked(**more):
    body = {
        "hook": "encounter-discharge",
        "hookInstance": str(uuid4()),
        "context": {"userId": "Practitioner/7", "patientId": "p1", "encounterId": "e1"},
        "prefetch": {"patient": patient(), "encounters": bundle(), "observations": None},
    }
    return body | more


def test_discovery_names_each_hook_of_each_model_with_its_prefetch(client):
    said = token("/cds-services")
    found = client.get("/cds-services", headers={"authorization": f"Bearer {said}"}).json()
    assert [one["hook"] for one in found["services"]] == ["encounter-discharge", "patient-view"]
    for one in found["services"]:
        assert one["id"] == "readmission"
        assert one["description"]
        assert "children" in one["usageRequirements"]
        assert all("{{context.patientId}}" in words for words in one["prefetch"].values())


@pytest.mark.requirement("G7")
def test_a_card_says_risk_reasons_what_is_missing_and_what_to_do(client, house):
    answer = call(client, asked())
    assert answer.status_code == 200
    (card,) = answer.json()["cards"]
    assert len(card["summary"]) < 140
    assert "31 %" in card["summary"]
    assert card["indicator"] == "warning"
    assert card["source"]["label"] == "General Hospital: readmission v2"
    for words in ("Albumin (3.1) raises it", "not causes", "bnp", "stale: sodium last", "v2"):
        assert words in card["detail"]
    assert card["selectionBehavior"] == "at-most-one"
    assert all(one["display"] for one in card["overrideReasons"])
    assert house.asked[0].asker == f"ehr:{ISS}"
    assert house.asked[0].gaps == ("prefetch:observations:empty",)
    assert house.asked[0].decision_point == "discharge"


def test_in_silent_there_is_no_card_and_without_a_score_there_is_one_that_says_so(client, house):
    house.content = MADE | {"stage": "silent"}
    assert call(client, asked()).json() == {"cards": []}
    none: dict[str, object] = {
        "kind": "no_score",
        "score": None,
        "flagged": None,
        "factors": [],
        "band": "",
    }
    house.content = MADE | none | {"reasons": "out_of_scope:under_age"}
    (card,) = call(client, asked()).json()["cards"]
    assert card["indicator"] == "info"
    assert "No score" in card["summary"]
    assert "under age" in card["summary"]
    assert "suggestions" not in card
    house.content = MADE | {"kind": "fallback", "scored_by": "LACE", "score": 11.0}
    assert "LACE 11 instead of the model" in call(client, asked()).json()["cards"][0]["summary"]


@pytest.mark.fault("S20")
@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"hook": "order-sign"}, 400, "hook.other"),
        ({"hook": None}, 400, "hook.field"),
        ({"hookInstance": "7"}, 400, "hook.field"),
        ({"context": {}}, 400, "hook.field"),
        ({"context": {"userId": "Practitioner/7"}}, 400, "hook.field"),
        ({"context": {"userId": "Practitioner/7", "patientId": "../x"}}, 400, "hook.field"),
        ({"prefetch": {}}, 412, "hook.prefetch"),
        ({"prefetch": {"patient": patient()}}, 412, "hook.prefetch"),
        ({"prefetch": {"patient": None, "encounters": bundle()}}, 412, "hook.prefetch"),
        (
            {
                "prefetch": {
                    "patient": {"resourceType": "OperationOutcome"},
                    "encounters": bundle(),
                }
            },
            412,
            "hook.prefetch",
        ),
        ({"prefetch": {"patient": [1]}}, 400, "hook.field"),
        ({"prefetch": "all"}, 400, "hook.field"),
    ],
)
def test_s20_a_call_that_is_not_whole_gets_a_problem_and_is_not_scored(
    client, house, change, status, code
):
    assert call(client, asked()).status_code == 200  # the control: the whole call is answered
    answer = call(client, asked(**change))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(house.asked) == 1


@pytest.mark.fault("S20")
def test_s20_what_failed_or_came_in_part_is_told_apart(client, house):
    more = [{"relation": "next", "url": "https://fhir.example/next"}]
    prefetch = asked()["prefetch"] | {
        "observations": bundle(link=more),
        "conditions": {"resourceType": "OperationOutcome"},
        "medications": bundle({"resourceType": "OperationOutcome"}),
    }
    assert call(client, asked(prefetch=prefetch)).status_code == 200
    assert house.asked[0].gaps == (
        "prefetch:observations:truncated",
        "prefetch:conditions:error",
        "prefetch:medications:error",
    )


def test_a_failure_is_a_problem_and_never_an_empty_list_of_cards(client, house):
    house.down = DependencyDown("the store is down", code="store.down")
    answer = call(client, asked())
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "cards" not in answer.json()


@pytest.mark.fault("X01")
@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"aud": f"{BASE}/cds-services/another"}, 401, "ehr.audience"),
        ({"aud": None}, 401, "ehr.audience"),
        ({"iss": "https://other.example"}, 403, "ehr.issuer"),
        ({"tenant": "other"}, 403, "ehr.tenant"),
        ({"jti": None}, 401, "ehr.jti"),
        ({"exp": None}, 401, "ehr.times"),
        ({"exp": int(time.time()) - 3600, "iat": int(time.time()) - 3700}, 401, "ehr.expired"),
        ({"exp": int(time.time()) + 86_400}, 401, "ehr.expired"),
        ({"iat": int(time.time()) + 3600, "exp": int(time.time()) + 3700}, 401, "ehr.expired"),
        ({"kid": "two"}, 401, "ehr.signature"),
    ],
)
def test_x01_a_token_that_is_not_for_us_now_is_refused(client, house, change, status, code):
    path = "/cds-services/readmission"
    assert call(client, asked()).status_code == 200  # the control: a whole token is taken
    answer = call(client, asked(), bearer=token(path, **change))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(house.asked) == 1


@pytest.mark.fault("X01")
def test_x01_other_keys_shared_secrets_and_no_signature_are_refused(client, house):
    path = "/cds-services/readmission"
    other = ECKey.generate_key("P-384", {"kid": "one"})
    assert call(client, asked(), bearer=token(path, key=other)).status_code == 401
    secret = OctKey.import_key(json.dumps(PUBLIC["keys"][0]))
    shared = token(path, key=secret, alg="HS256")
    assert call(client, asked(), bearer=shared).status_code == 401
    head, body, _ = token(path).split(".")
    bare = "eyJhbGciOiJub25lIiwia2lkIjoib25lIn0"
    assert call(client, asked(), bearer=f"{bare}.{body}.").status_code == 401
    assert call(client, asked(), bearer=f"{head}.{body}.AAAA").status_code == 401
    for wrong in ("", "x", "a.b.c", "a.b", "…"):
        headers = {"authorization": f"Bearer {wrong}".encode()}
        assert client.post(path, json=asked(), headers=headers).status_code == 401
    assert client.post(path, json=asked()).status_code == 401
    assert house.asked == []


@pytest.mark.fault("X01")
def test_x01_a_token_counts_once(client):
    path = "/cds-services/readmission"
    once = token(path)
    assert call(client, asked(), bearer=once).status_code == 200
    again = call(client, asked(), bearer=once)
    assert (again.status_code, again.json()["code"]) == (401, "ehr.replay")


def test_feedback_is_handed_on_with_its_reason(client, house):
    path = "/cds-services/readmission/feedback"
    card = {
        "card": str(uuid4()),
        "outcome": "overridden",
        "overrideReason": {
            "reason": {"code": "disagree", "system": f"{BASE}/override-reasons"},
            "userComment": "looks well",
        },
        "outcomeTimestamp": "2026-03-02T06:10:00Z",
    }
    taken = {
        "card": str(uuid4()),
        "outcome": "accepted",
        "outcomeTimestamp": "2026-03-02T06:10:00Z",
    }
    answer = call(client, {"feedback": [card, taken]}, path=path)
    assert answer.status_code == 200
    assert [one.outcome for one in house.said] == ["overridden", "accepted"]
    assert house.said[0].reason == "disagree"
    bodies: list[object] = [{}, {"feedback": []}, {"feedback": [card | {"outcome": "ignored"}]}]
    for broken in bodies:
        assert call(client, broken, path=path).status_code == 400


def test_private_and_symmetric_keys_of_an_issuer_are_refused_at_the_start():
    private = {"keys": [RSAKey.generate_key(2048, {"kid": "a"}).as_dict(private=True)]}
    for keys in (private, {"keys": [{"kty": "oct", "k": "AAAA", "kid": "a"}]}, {"keys": [1]}, {}):
        with pytest.raises(BadInput) as refused:
            asking(SimpleNamespace(spec=SPEC, keys=((ISS, keys),)), HookHouse().first_use)
        assert refused.value.code == "ehr.keys"


def test_without_a_policy_nobody_is_answered():
    client = TestClient(create_app(HookHouse()), base_url="http://localhost")
    assert client.get("/cds-services").status_code == 404


#: The examples of the CDS Hooks 2.0 specification, section Feedback: accepted, with a reason, bare.
EXAMPLES: list[dict[str, Any]] = [
    {
        "card": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
        "outcome": "accepted",
        "acceptedSuggestions": [{"id": "e56e1945-20b3-4393-8503-a1a20fd73152"}],
        "outcomeTimestamp": "2021-12-11T10:05:31Z",
    },
    {
        "card": "9368d37b-283f-44a0-93ea-547cebab93ed",
        "outcome": "overridden",
        "overrideReason": {
            "reason": {
                "code": "d7ecf885",
                "system": "https://terminology.example.com/CodeSystem/override-reason-system",
            },
            "userComment": "clinician entered comment",
        },
        "outcomeTimestamp": "2020-12-11T00:00:00Z",
    },
    {
        "card": "f6b95768-b1c8-40dc-8385-bf3504b82ffb",
        "outcome": "overridden",
        "outcomeTimestamp": "2020-12-11T00:00:00Z",
    },
]


def test_the_specifications_own_examples_of_feedback_are_taken(client, house):
    path = "/cds-services/readmission/feedback"
    assert call(client, {"feedback": EXAMPLES}, path=path).status_code == 200
    told = [(one.outcome, one.reason, one.comment) for one in house.said]
    assert told == [
        ("accepted", "", ""),
        ("overridden", "d7ecf885", "clinician entered comment"),
        ("overridden", "", ""),
    ]
    for field in ("card", "outcome", "outcomeTimestamp"):
        less = {name: value for name, value in EXAMPLES[0].items() if name != field}
        assert call(client, {"feedback": [less]}, path=path).status_code == 400


def test_the_specifications_own_call_is_read_and_an_unknown_service_is_404(client):
    example = {
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "hook": "patient-view",
        "fhirServer": "https://fhir.example.org",
        "fhirAuthorization": {
            "access_token": "x",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "user/Patient.read user/Observation.read",
            "subject": "cds-service4",
        },
        "context": {
            "userId": "Practitioner/example",
            "patientId": "1288992",
            "encounterId": "89284",
        },
        "extension": {"com.example.timestamp": "2017-11-27T22:13:25Z"},
    }
    # Read as it is; without the prefetch that a score needs, it says 412 and no card.
    answer = call(client, example)
    assert (answer.status_code, answer.json()["code"]) == (412, "hook.prefetch")
    whole = example | {"prefetch": {"patient": patient("1288992"), "encounters": bundle()}}
    assert "cards" in call(client, whole).json()
    other = "/cds-services/static-patient-greeter"
    assert call(client, whole, path=other).status_code == 404
