"""CDS Hooks as a public implementation reads and speaks it: healthchain, in its own environment.

`make figures` makes healthchain.json: what its models said of every answer of ours, of the
specification's own examples and of broken ones, and calls and feedback that its client makes.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from attending.lifecycle.ehr import EhrPolicy
from attending.web.app import create_app
from tests.web.hook_answers import answers
from tests.web.test_hooks import ISS, PUBLIC, SPEC, HookHouse, call
from tests.web.visitor import TestClient

PUBLIC_SAID = json.loads((Path(__file__).parent / "healthchain.json").read_text(encoding="utf-8"))


@pytest.fixture
def house():
    return HookHouse()


@pytest.fixture
def client(house):
    app = create_app(house, ehr=EhrPolicy(SPEC, ((ISS, PUBLIC),)))
    return TestClient(app, base_url="http://localhost")


def test_discovery_and_cards_are_those_that_the_public_models_took():
    """Discovery, a flagged patient, one below, a fallback, no score and silent: nothing lost."""
    now = answers()
    assert now.keys() == PUBLIC_SAID["answers"].keys()
    for name, told in PUBLIC_SAID["answers"].items():
        assert now[name] == told["sent"], f"{name} has changed: run `make figures`"
        assert (told["accepted"], told["passed_over"]) == (True, [])


def test_the_public_models_take_the_specifications_examples_and_refuse_what_is_broken():
    """The control: their yes says something."""
    assert all(one["accepted"] for one in PUBLIC_SAID["published"].values())
    assert len(PUBLIC_SAID["broken"]) == 9
    assert not any(one["accepted"] for one in PUBLIC_SAID["broken"].values())


@pytest.mark.parametrize("sent", PUBLIC_SAID["calls"], ids=lambda one: one["hook"])
def test_a_call_of_the_public_client_gets_its_card(client, house, sent):
    answer = call(client, sent)
    assert answer.status_code == 200
    assert answer.json()["cards"][0]["summary"].startswith("Risk of")
    assert house.asked[0].patient == sent["context"]["patientId"]
    less = {name: value for name, value in sent.items() if name != "context"}
    assert call(client, less).status_code == 400


def test_feedback_of_the_public_client_is_taken(client, house):
    path = "/cds-services/readmission/feedback"
    sent = PUBLIC_SAID["feedback"]
    assert call(client, {"feedback": sent}, path=path).status_code == 200
    assert [one.outcome for one in house.said] == ["accepted", "overridden"]
    assert {one.request_id for one in house.said} == {"e" * 32}
    assert call(client, {"feedback": [sent[0] | {"card": "7"}]}, path=path).status_code == 400
