"""What every registered score says of itself, and the shape of its table."""

import pytest

from attending.errors import BadInput
from attending.scores.registered import SCORES
from tests.scores.event_rows import STAY, event, events, rows, sign, stay

NEEDED = {"recorded": {"code": "PHYSIONET2012//SAPS-I"}}
MANY = [
    event("MEDS_BIRTH", "1930-01-05T10:00"),
    event("ADMISSION_TYPE//URGENT", stay=STAY),
    event("ICD10CM//I509", "2026-01-05T10:00"),
    event("ENCOUNTER//ADMISSION//ED", "2026-01-05T10:00", stay=3),
    event("PHYSIONET2012//SAPS-I", "2026-03-11T00:00", value=12),
    sign("respiration", 32),
    sign("systolic", 85),
    sign("platelets", 40),
]
LATER = [
    event("ICD10CM//B20", "2026-03-13T13:00", stay=STAY),
    event("ADMISSION_TYPE//ELECTIVE", known="2026-03-13T13:00", stay=STAY),
    event("PHYSIONET2012//SAPS-I", "2026-03-12T00:00", value=2, known="2026-03-13T13:00"),
    event("ENCOUNTER//ADMISSION//ED", "2026-02-05T10:00", known="2026-03-13T13:00", stay=4),
    sign("respiration", 16, "2026-03-13T11:00", known="2026-03-13T12:01"),
    sign("platelets", 4, "2026-03-13T11:00", gone="2026-03-13T11:30"),
    sign("systolic", 200, "2026-03-13T12:01"),
]


@pytest.fixture(params=SCORES.names())
def score(request):
    return SCORES.get(request.param)(NEEDED.get(request.param, {}))


def test_rows_come_back_in_their_order_with_points_marks_and_inputs(score):
    asked = rows(stay(subject=2, encounter=9), stay(), stay(subject=3, encounter=8))
    made = score.score(events(*MANY), asked)
    expected = ["subject_id", "encounter_id", "prediction_time", "total", "completeness"]
    expected += [*score.components, *(f"missing_{name}" for name in score.components)]
    expected += [
        f"{what}_{name}" for name in score.components for what in ("time", "known_at", "row")
    ]
    assert made.column_names[: len(expected) + 1] == [*expected, "policy"]
    assert made["subject_id"].to_pylist() == [2, 1, 3]


def test_points_add_up_to_the_total(score):
    found = score.score(events(*MANY), rows(stay())).to_pylist()[0]
    assert found["total"] == sum(found[name] for name in score.components) > 0


def test_what_becomes_known_later_changes_nothing(score):
    before = score.score(events(*MANY), rows(stay()))
    assert score.score(events(*MANY, *LATER), rows(stay())).equals(before)


def test_a_shard_without_rows_or_without_events_is_no_error(score):
    assert score.score(events(*MANY), rows()).num_rows == 0
    assert score.score(events(), rows(stay())).num_rows == 1


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


def test_a_score_says_what_it_is(score):
    about = score.about
    assert about.version and about.title and about.population and about.reference
    assert tuple(about.points) == score.components
    assert about.low is None or about.low < about.high
    assert score.name.startswith(about.version)


@pytest.mark.parametrize("name", SCORES.names())
def test_an_unknown_parameter_is_refused_with_the_nearest_name(name):
    with pytest.raises(BadInput) as refused:
        SCORES.get(name)({"polic": "strict"})
    assert refused.value.code == "score.parameter" and "policy" in refused.value.hint
