from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from attending.digests import canonical
from attending.lifecycle.desk import note
from attending.records.ledger import Subject
from tests.web.example_home import MODEL, REQUEST, SUBJECT
from tests.web.test_pages import rows, words

LIST = f"/models/{MODEL}/predictions"
PATH = f"{LIST}/{REQUEST}"
WHY = "review of silent alerts of the north ward"


def token_of(visitor, path):
    return re.search(r'name="token" value="([0-9a-f]{64})"', visitor.get(path).text).group(1)


@pytest.mark.requirement("F1")
def test_a_prediction_is_relived_with_both_clocks_reasons_and_what_was_missing(enter, example):
    visitor = enter("clara")
    asked = visitor.get(PATH)
    assert SUBJECT not in asked.text  # nothing of the patient before the purpose
    shown = visitor.post(PATH, data={"purpose": WHY, "token": token_of(visitor, PATH)})
    assert shown.status_code == 200
    said = words(shown)
    for expected in (
        *("31.0 %", "25.0 %", "yes", "v1", "silent", SUBJECT, "NORTH"),
        "unlike them creatinine_last",
        "steady when tried",
        "not what causes the outcome",
        "The score cannot be made again here",
    ):
        assert expected in said, expected
    assert rows(shown) == [
        ("Creatinine, last creatinine_last", "2.4 mg/dL", "raised it by 0.420 2.4 mg/dL",
         "2025-09-29 06:00 UTC", "2025-09-29 07:10 UTC"),
        ("Age in years age", "71", "–", "–", "–"),
        ("Albumin, last albumin_last", "no row in the window"),
    ]  # fmt: skip
    (entry,) = example.entries("patients.read")
    assert (entry.actor, entry.subject) == ("clara", REQUEST)
    assert entry.details["purpose"] == WHY
    assert SUBJECT not in str(entry)
    assert shown.headers["cache-control"] == "no-store"


def keep_of_a_batch(example, request, **said):
    """Keep a row of a batch beside the prediction of the home, and return its page."""
    with example.desk() as desk:
        made = desk.home.predictions.get(REQUEST)
        asked_alone = {"inputs", "outcome", "scored_by"}
        whole = {k: v for k, v in json.loads(made.content).items() if k not in asked_alone}
        row = replace(
            made, request_id=request, score=said["score"], content=canonical(whole | said)
        )
        with desk.home.database.transaction() as unit:
            desk.home.predictions.add(unit, [row])
            subject = Subject(kind="prediction", digest=request)
            note(desk, unit, action="score.one", subject=subject, details={"model": MODEL})
    return f"{LIST}/{request}"


def test_a_fallback_score_is_told_with_its_own_threshold_where_the_row_has_it(enter, example):
    kept = {"kind": "fallback", "score": 8.0}
    now = keep_of_a_batch(example, "cd" * 16, **kept, threshold=10.0, scored_by="LACE")
    # An older release kept the model's threshold, which this score was never held against.
    then = keep_of_a_batch(example, "ef" * 16, **kept, threshold=0.25)
    visitor = enter("clara")
    told = [
        words(visitor.post(path, data={"purpose": WHY, "token": token_of(visitor, path)}))
        for path in (now, then)
    ]
    assert all("8 points" in one for one in told)
    assert "10 points" in told[0]
    the_plans = "the plan\N{RIGHT SINGLE QUOTATION MARK}s"
    assert [the_plans in one for one in told] == [False, True]
    assert not any("0.25 points" in one or "25.0 %" in one for one in told)
    assert "the fallback score LACE" in told[0]
    # Where the model gave no score there is nothing to be the same, missing or a factor.
    for one in told:
        assert "What was missing" not in one and "These factors show" not in one
        assert "same" not in one.partition("Re-lived")[2].partition("Explanations")[0]
        assert not re.search(r"\d\d-\d\dT\d\d:", one)


def test_without_a_purpose_nothing_is_shown_and_nothing_is_said_to_have_been(enter, example):
    visitor = enter("clara")
    token = token_of(visitor, PATH)
    for path in (PATH, LIST):
        for purpose in ("", "  why  ", "x" * 201):
            refused = visitor.post(path, data={"purpose": purpose, "token": token})
            assert refused.status_code == 422, (path, purpose)
            assert "Expected the purpose in a sentence" in words(refused)
            assert SUBJECT not in refused.text
    forged = visitor.post(PATH, data={"purpose": WHY, "token": "0" * 64})
    assert forged.status_code == 403
    assert example.entries("patients.read") == ()


def test_the_newest_predictions_are_listed_without_who_they_are_of(enter, example):
    visitor = enter("nora") if "nora" in example.secrets else enter("omar")
    assert LIST in visitor.get("/patients").text
    shown = visitor.post(LIST, data={"purpose": WHY, "token": token_of(visitor, LIST)})
    assert f'action="{PATH}"' in shown.text
    assert SUBJECT not in shown.text
    (entry,) = example.entries("patients.read")
    assert (entry.subject, entry.details["predictions"]) == (MODEL, 1)
    one = visitor.post(
        LIST, data={"purpose": WHY, "prediction": REQUEST, "token": token_of(visitor, LIST)}
    )
    assert SUBJECT in one.text
    absent = visitor.post(
        LIST, data={"purpose": WHY, "prediction": "0" * 32, "token": token_of(visitor, LIST)}
    )
    assert absent.status_code == 404


def test_who_may_not_see_patients_is_refused_and_has_no_entry_to_them(enter, example):
    visitor = enter("dana")
    assert 'href="/patients"' not in visitor.get("/").text
    token = token_of(visitor, "/")
    for path in ("/patients", LIST, PATH):
        refused = visitor.get(path, headers={"accept": "application/json"})
        assert (refused.status_code, refused.json()["code"]) == (403, "access.role")
    for path in (LIST, PATH, f"{PATH}/page"):
        refused = visitor.post(path, data={"purpose": WHY, "token": token})
        assert refused.status_code == 403, path
    assert example.entries("patients.read") == ()


def test_a_prediction_of_another_model_is_not_found_under_this_one(enter):
    visitor = enter("clara")
    other = f"/models/other-model/predictions/{REQUEST}"
    answer = visitor.post(other, data={"purpose": WHY, "token": token_of(visitor, PATH)})
    assert answer.status_code == 404
    assert SUBJECT not in answer.text


def test_without_an_explanation_there_is_no_page_for_the_clinician(enter):
    visitor = enter("clara")
    token = token_of(visitor, PATH)
    shown = visitor.post(PATH, data={"purpose": WHY, "token": token})
    assert "One page for the clinician" not in shown.text
    answer = visitor.post(f"{PATH}/page", data={"purpose": WHY, "token": token})
    assert answer.status_code == 404
