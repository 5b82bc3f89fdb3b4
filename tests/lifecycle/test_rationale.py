"""The clinician's short text goes with the score, in the store and when it is looked at again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from attending.errors import NotFound
from attending.explain.sentence import LONGEST, NO_ACTION
from attending.lifecycle import answering, explaining, scoring
from attending.lifecycle.cohorts import project_snapshot
from attending.lifecycle.engines import engine_over
from attending.records.explanation import NOT_CAUSAL
from tests.lifecycle.test_answering import as_asked
from tests.lifecycle.ward import SECOND, make_ward


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("rationale"))
    yield made
    made.desk.home.close()


@pytest.mark.requirement("F5")
def test_a_score_comes_with_a_short_text_of_values_trend_and_the_agreed_action(ward):
    desk, project = ward.desk, ward.project
    table = scoring.score(desk, project).table.to_pylist()
    engine = engine_over(desk, project_snapshot(desk, project))
    rows = [row for row in table if row["kind"] == "live"]
    told = [next(row for row in rows if row["flagged"] is flag) for flag in (True, False)]
    service = answering.answering(desk.home.root, [project], clock=lambda: SECOND)
    made = []
    for row in [*told, *rows[:10]]:
        asked = as_asked(engine, row, ward.run.model)
        due = row["prediction_time"].replace(tzinfo=UTC) + timedelta(seconds=9)
        later = replace(asked, prediction_time=due)
        made.append(service.answer(later, by="omar"))
    service.home.close()

    action = project.release.delivery[0].wording
    for found in made:
        text = found.content["rationale"]
        assert len(text) <= LONGEST
        assert text.startswith("Risk ")
        assert text.endswith(action if found.content["flagged"] else NO_ACTION)
        assert found.content["factors"][0]["words"].split(" (")[0] in text
    texts = " ".join(found.content["rationale"] for found in made)
    assert "in this stay" in texts and (" up " in texts or " down " in texts)

    again = explaining.explain_request(desk, project, made[0].request_id)
    assert again.explanation.sentence == made[0].content["rationale"]
    assert again.explanation.not_causal == NOT_CAUSAL
    with pytest.raises(NotFound):
        explaining.explain_request(desk, project, "no such request")
