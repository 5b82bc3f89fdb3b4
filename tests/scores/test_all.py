"""What every registered score keeps."""

import pytest

from attending.scores.registered import SCORES
from tests.scores.event_rows import STAY, event, events, rows, stay

NEEDED = {"recorded": {"code": "PHYSIONET2012//SAPS-I"}}
MANY = [
    event("ADMISSION_TYPE//URGENT", stay=STAY),
    event("ICD10CM//I509", "2026-01-05T10:00"),
    event("ENCOUNTER//ADMISSION//ED", "2026-01-05T10:00", stay=3),
    event("PHYSIONET2012//SAPS-I", "2026-03-11T00:00", value=12),
]
LATER = [
    event("ICD10CM//B20", "2026-03-13T13:00", stay=STAY),
    event("ADMISSION_TYPE//ELECTIVE", known="2026-03-13T13:00", stay=STAY),
    event("PHYSIONET2012//SAPS-I", "2026-03-12T00:00", value=2, known="2026-03-13T13:00"),
    event("ENCOUNTER//ADMISSION//ED", "2026-02-05T10:00", known="2026-03-13T13:00", stay=4),
]


@pytest.fixture(params=SCORES.names())
def score(request):
    return SCORES.get(request.param)(NEEDED.get(request.param, {}))


def test_rows_come_back_in_their_order_with_points_and_marks(score):
    asked = rows(stay(subject=2, encounter=9), stay(), stay(subject=3, encounter=8))
    made = score.score(events(*MANY), asked)
    marks = [f"missing_{name}" for name in score.components]
    assert made.column_names == [
        "subject_id",
        "encounter_id",
        "prediction_time",
        "total",
        *score.components,
        *marks,
        "policy",
    ]
    assert made["subject_id"].to_pylist() == [2, 1, 3]


def test_points_add_up_to_the_total(score):
    found = score.score(events(*MANY), rows(stay())).to_pylist()[0]
    assert found["total"] == sum(found[name] for name in score.components) > 0


def test_what_becomes_known_later_changes_nothing(score):
    before = score.score(events(*MANY), rows(stay()))
    assert score.score(events(*MANY, *LATER), rows(stay())).equals(before)


def test_the_order_of_events_changes_nothing(score):
    before = score.score(events(*MANY), rows(stay()))
    turned = events(*MANY).take(list(range(len(MANY)))[::-1])
    assert score.score(turned, rows(stay())).equals(before)


def test_its_codes_are_enough(score):
    kept = [
        row
        for row in MANY
        if any(
            row["code"].startswith(code[:-1]) if code.endswith("*") else row["code"] == code
            for code in score.codes
        )
    ]
    asked = rows(stay())
    assert score.score(events(*kept), asked).equals(score.score(events(*MANY), asked))
