"""A prediction as FHIR R4, accepted by models made from the specification's own definitions."""

from __future__ import annotations

import json
import warnings

import pytest

from attending.web.fhir_prediction import as_fhir
from tests.serve.ward import release
from tests.web.paper_house import PaperHouse
from tests.web.test_hooks import MADE
from tests.web.visitor import visitor_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fhir.resources.R4B.bundle import Bundle
    from fhir.resources.R4B.provenance import Provenance
    from fhir.resources.R4B.riskassessment import RiskAssessment

NAME = "e" * 32
CONTENT = MADE | {
    "subject_id": "4886448066181632",
    "encounter_id": "1698869576116173",
    "run": "a" * 64,
    "artifact": "b" * 64,
    "release": "c" * 64,
    "made_at": "2026-03-02T06:00:01Z",
}


def accepted(content):
    """Return both resources as the specification's models read them, nothing lost."""
    found = as_fhir(NAME, content, outcome="An unplanned readmission")
    Bundle.model_validate(found)
    risk, made = (one["resource"] for one in found["entry"])
    for kind, one in ((RiskAssessment, risk), (Provenance, made)):
        again = json.loads(kind.model_validate(one).model_dump_json())
        assert again.keys() >= one.keys() - {"resourceType"}
    return risk, made


def test_a_live_score_is_a_risk_assessment_with_its_provenance():
    risk, made = accepted(CONTENT)
    (told,) = risk["prediction"]
    assert (risk["status"], told["probabilityDecimal"]) == ("final", 31.4)
    assert risk["subject"]["identifier"]["value"] == CONTENT["subject_id"]
    assert made["target"] == [{"reference": f"RiskAssessment/{NAME}"}]
    digests = [one["what"]["identifier"]["value"] for one in made["entity"]]
    assert digests == [f"urn:sha256:{letter * 64}" for letter in "bac"]


def test_points_are_no_probability_and_no_score_is_cancelled_with_its_reason():
    risk, _ = accepted(CONTENT | {"kind": "fallback", "score": 11.0, "scored_by": "LACE"})
    (told,) = risk["prediction"]
    assert "probabilityDecimal" not in told
    assert told["qualitativeRisk"]["text"].startswith("11 points")
    none = {"kind": "no_score", "score": None, "reasons": "out_of_scope:under_age", "band": ""}
    risk, _ = accepted(CONTENT | none)
    assert (risk["status"], "prediction" in risk) == ("cancelled", False)
    assert {"text": "out_of_scope:under_age"} in risk["note"]


def test_the_second_opinion_refuses_what_is_no_risk_assessment():
    """The control: the models do look."""
    risk, _ = accepted(CONTENT)
    changes: tuple[dict[str, object], ...] = (
        {"status": 7}, {"prediction": "high"}, {"subject": []}, {"unknown": 1},
    )  # fmt: skip
    for broken in changes:
        with pytest.raises(ValueError, match="validation error"):
            RiskAssessment.model_validate(risk | broken)


class House(PaperHouse):
    def plan(self, model):
        return release()

    def prediction(self, request_id, *, by):
        return CONTENT


def test_it_is_given_by_its_id_to_who_asks_for_fhir():
    visitor = visitor_of(House(roles=("operator",)))
    assert visitor.sign_in().status_code == 303
    answer = visitor.get(f"/v1/predictions/{NAME}", headers={"accept": "application/fhir+json"})
    assert answer.headers["content-type"] == "application/fhir+json"
    outcome = release().intended_use.outcome
    risk = answer.json()["entry"][0]["resource"]
    assert risk["prediction"][0]["outcome"]["text"] == outcome
    plain = visitor.get(f"/v1/predictions/{NAME}", headers={"accept": "application/json"})
    assert plain.json()["model"] == "readmission"
