"""Schemathesis asks every route of the OpenAPI description: what fits, what does not, who may."""

from __future__ import annotations

import warnings
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from attending.lifecycle.desk import create_home
from attending.lifecycle.intake import open_intake
from attending.times import parse_instant
from attending.web.app import create_app
from attending.web.front_desk import FrontDesk
from attending.web.openapi import described
from tests.web.paper_house import PaperHouse
from tests.web.visitor import Visitor

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.core.failures import FailureGroup
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi.checks import positive_data_acceptance

AT = parse_instant("2026-03-02T06:30:00Z")
EXAMPLES = 12
BASE = "http://localhost"
OPERATIONS = [
    f"{verb.upper()} {path}" for path, verbs in described()["paths"].items() for verb in verbs
]
#: Nothing is said with these, so nothing wrong can be.
SILENT = ("GET /v1/openapi.json", "GET /v1/intake")


class Door(PaperHouse):
    """Predictions of paper, and the feeds of a real home."""

    def __init__(self, root):
        super().__init__(roles=("operator", "nurse_leader"))
        front = FrontDesk(root=root, clock=lambda: AT)
        front.intake = open_intake(root, clock=lambda: AT)
        self.take_fhir, self.take_hl7 = front.take_fhir, front.take_hl7
        self.take_scores = front.take_scores
        self.feeds, self.letters, self.front = front.feeds, front.letters, front

    def worklist(self, model, *, site, unit, by):
        return [{"request_id": "e" * 32, "site": site}]


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The description over the app, and the words of somebody who is signed in."""
    root = tmp_path_factory.mktemp("wire") / "home"
    desk = create_home(root, at=AT - timedelta(days=1), seed=7)
    feeds = "feeds:\n  - {name: ehr, kind: fhir}\n  - {name: lab, kind: hl7v2, site: NORTH}\n"
    (root / "policy" / "intake.yaml").write_text(feeds)
    house = Door(root)
    app = create_app(house)
    visitor = Visitor(app, base_url=BASE, follow_redirects=False, headers={"accept": "text/html"})
    assert visitor.sign_in().status_code == 303
    cookie = "; ".join(f"{one.name}={one.value}" for one in visitor.cookies.jar)
    schema = schemathesis.openapi.from_dict(described())
    schema.app = app
    yield {one.ok().label: one.ok() for one in schema.get_all_operations()}, {"cookie": cookie}
    house.front.intake.home.close()
    desk.home.close()


def fuzz(operation, mode, *, headers, check, examples=EXAMPLES):
    """Ask one operation many times, the same each run."""

    @settings(
        max_examples=examples, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate],
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def once(case):
        check(case, case.call(base_url=BASE, headers=headers))

    once()


def conforms(case, answer):
    """Hold an answer against the description, with every check that Schemathesis has.

    That all events are of one patient cannot be said in a schema, so that refusal is none of its.
    """
    other = answer.status_code == 422 and answer.json().get("code") == "request.other_patient"
    case.validate_response(answer, excluded_checks=[positive_data_acceptance] if other else [])


@pytest.mark.parametrize("label", OPERATIONS)
def test_schemathesis_finds_no_failure(asked, label):
    operations, words = asked
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    for mode in modes[:1] if label in SILENT else modes:
        fuzz(operations[label], mode, headers=words, check=conforms)


def test_without_a_token_every_route_answers_401_as_described(asked):
    operations, _ = asked

    def refused(case, answer):
        assert answer.status_code == 401
        case.validate_response(answer, excluded_checks=[positive_data_acceptance])

    for one in operations.values():
        fuzz(one, GenerationMode.POSITIVE, headers={"accept": "*/*"}, check=refused, examples=2)


def test_a_route_that_breaks_its_description_is_found(asked):
    """The control: an answer of another status than any that is described fails."""
    operations, words = asked

    def broken(case, answer):
        answer.status_code = 418
        case.validate_response(answer)

    with pytest.raises(FailureGroup):
        fuzz(operations["GET /v1/intake"], GenerationMode.POSITIVE, headers=words, check=broken)
