"""A score says what became of patients of a similar risk, and whether this one is unlike them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from attending.lifecycle import answering, scoring, validating
from attending.lifecycle.cohorts import project_snapshot
from attending.lifecycle.engines import engine_over
from attending.web.questions import answered
from tests.lifecycle.test_answering import as_asked
from tests.lifecycle.ward import SECOND, make_ward

CODE = "LOINC//2160-0"


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("certainty"))
    yield made
    made.desk.home.close()


def with_value(asked, value):
    """Return the same question with every creatinine another."""
    rows = [one | {"numeric_value": value} if one["code"] == CODE else one for one in asked.events]
    return replace(asked, events=tuple(rows))


def later(asked, seconds):
    return replace(asked, prediction_time=asked.prediction_time + timedelta(seconds=seconds))


@pytest.mark.requirement("F13")
def test_a_score_says_its_band_and_marks_who_is_unlike_the_training_patients(ward, monkeypatch):
    monkeypatch.setattr(answering, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(answering, "CHECK_SECONDS", 0.0)
    desk, project = ward.desk, ward.project
    rows = [row for row in scoring.score(desk, project).table.to_pylist() if row["kind"] == "live"]
    engine = engine_over(desk, project_snapshot(desk, project))
    questions = [as_asked(engine, row, ward.run.model) for row in rows[:40]]
    service = answering.answering(desk.home.root, [project], clock=lambda: SECOND)

    # Not validated: there is no band, and the answer says so.
    bare = service.answer(later(questions[0], 3), by="omar").content
    assert "risk_low" not in bare
    assert bare["band_words"].startswith("No validated patients")

    validating.validate_run(desk, project, ward.run)
    found = [service.answer(later(one, 5), by="omar").content for one in questions]
    banded = [one for one in found if "risk_low" in one]
    assert banded
    for one in banded:
        assert 0 <= one["risk_low"] <= one["risk_high"] <= 1
        assert "similar risk" in one["band_words"]
    assert sum(one["unlike_training"] for one in found) < len(found) / 4

    number = next(
        at
        for at, one in enumerate(found)
        if not one["unlike_training"]
        and any(x["feature"] == "creatinine_last" and x["value"] for x in one["inputs"])
    )
    strange = service.answer(with_value(later(questions[number], 7), 38.0), by="omar")
    service.home.close()
    assert strange.content["unlike_training"]
    assert "creatinine_last" in strange.content["outside"]
    assert answered(strange).unlike_training is None  # in silent nobody is told
    told = answered(replace(strange, content=strange.content | {"stage": "limited"}))
    assert told.unlike_training and told.band_words and "creatinine_last" in told.outside
