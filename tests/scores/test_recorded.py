"""A score that the data hold: the newest visible value."""

import pytest

from attending.errors import BadInput
from attending.scores.recorded import make
from tests.scores.event_rows import event, scored, stay

CODE = "PHYSIONET2012//SAPS-I"
SCORE = make({"code": CODE})


def saps(time, value, **more):
    return event(CODE, time, value=value, **more)


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ([], None),
        ([saps("2026-03-11T00:00", 12)], 12),
        ([saps("2026-03-11T00:00", 0)], 0),
        ([saps("2026-03-11T00:00", 12), saps("2026-03-12T00:00", 9)], 9),
        ([saps("2026-03-12T00:00", 9), saps("2026-03-12T00:00", 11)], 11),
        ([saps("2026-03-12T00:00", 9, known="2026-03-12T02:00"), saps("2026-03-12T00:00", 11)], 9),
        ([saps("2026-03-13T12:00", 12)], 12),
        ([saps("2026-03-13T12:01", 12)], None),
        ([saps("2026-03-12T00:00", 12, known="2026-03-13T12:00")], 12),
        ([saps("2026-03-12T00:00", 12, known="2026-03-13T12:01")], None),
        ([saps("2026-03-12T00:00", 12, gone="2026-03-13T12:00")], None),
        ([saps("2026-03-12T00:00", 12, gone="2026-03-13T12:01")], 12),
        ([saps("2026-03-12T00:00", None)], None),
        ([saps("2026-03-11T00:00", 12, subject=2)], None),
    ],
)
def test_the_newest_visible_value_is_taken(values, total):
    found = scored(SCORE, stay(), *values)
    assert (found["total"], found["missing_recorded"]) == (total, total is None)


def test_an_old_value_is_missing_where_an_age_is_set():
    young = make({"code": CODE, "max_age_hours": 24})
    assert scored(young, stay(), saps("2026-03-12T12:00", 12))["total"] is None
    assert scored(young, stay(), saps("2026-03-12T12:01", 12))["total"] == 12


def test_a_code_is_needed():
    with pytest.raises(BadInput) as refused:
        make({})
    assert "PHYSIONET2012" in refused.value.hint
