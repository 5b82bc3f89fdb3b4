"""Events read by the column are those that are read row by row, or they are left to that way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attending.errors import BadInput
from attending.lifecycle.plain_events import plain_events
from attending.serve.asked_events import as_asked, as_events, digest_events
from attending.web import wire
from attending.web.questions import as_question

ASKED = {
    "subject_id": "48864480",
    "prediction_time": "2026-03-02T06:00:00Z",
    "index_start": "2026-02-26T01:38:28Z",
}
_INSTANTS = st.one_of(
    st.sampled_from(
        [
            "2026-03-01T06:00:00Z", "2026-03-01T06:00:00.5+05:30", "2026-02-29T06:00:00Z",
            "2024-02-29T23:59:59.999999-14:00", "2026-03-01T24:00:00Z", "2026-03-01T06:00Z",
            "2026-03-01T06:00:60Z", "2026-03-01T06:00:00.1234567Z", "2026-03-01 06:00:00Z",
            "2026-03-01T06:00:00z", "2026-03-01T06:00:00", "2026-03-01", "2026-03-01T06:00:00Z\n",
            "1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-13-01T06:00:00Z", 5, 1e9, True,
        ]
    ),
    st.datetimes().map(lambda at: at.isoformat() + "Z"),
)  # fmt: skip
_TEXTS = st.text(max_size=3) | st.sampled_from(["A", "LOINC//2160-0", "\ud800", "x" * 201, 5, []])
_NUMBERS = st.floats() | st.integers() | st.sampled_from([1.4, 7, 2**60, 1e300, "1", True])
_PSEUDONYMS = st.sampled_from(["48864480", "7", "07", "9" * 16, "9" * 17, "7\n", "\u0667", 7, ""])
_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "code": st.sampled_from(["A", "B"]) | _TEXTS,
            "known_at": st.just("2026-03-01T06:00:00Z") | _INSTANTS,
        },
        optional={
            "time": st.none() | _INSTANTS,
            "superseded_at": st.none() | _INSTANTS,
            "numeric_value": st.none() | _NUMBERS,
            "text_value": st.none() | _TEXTS,
            "unit": st.none() | _TEXTS,
            "subject_id": st.none() | _PSEUDONYMS,
            "encounter_id": st.none() | _PSEUDONYMS,
            "site": st.none() | _TEXTS,
            "other": st.none(),
        },
    ),
    max_size=3,
)


def slowly(body):
    """What reading row by row gives, None when it refuses."""
    try:
        request = wire.PredictionRequest.model_validate_json(body, strict=True)
        question = as_question("m", request)
        return as_events(question.events, subject_id=question.subject_id)
    except (ValueError, BadInput):
        return None


@given(_ROWS.map(lambda rows: rows + rows[:1]))
def test_what_is_plain_gives_the_rows_of_the_slow_way_to_the_bit(rows):
    found = plain_events(rows, subject_id=ASKED["subject_id"])
    if found is None:
        return
    slow = slowly(json.dumps({**ASKED, "events": rows}))
    assert slow is not None
    assert slow.equals(found)
    assert digest_events(as_asked(found)) == digest_events(slow)


def test_a_usual_body_is_read_by_the_column_and_gives_the_same_question():
    at = {"time": "2026-03-01T06:00:00Z", "known_at": "2026-03-01T07:00:00.25+01:00"}
    rows = [
        {"code": "LOINC//2160-0", "numeric_value": 1.4, "unit": "mg/dL", "site": "NORTH", **at},
        {"code": "LOINC//2160-0", "numeric_value": 2, "encounter_id": "77", "text_value": "", **at},
        {"code": "SEX//F", "subject_id": ASKED["subject_id"], "known_at": at["known_at"]},
    ]
    body = json.dumps({**ASKED, "events": [*rows, rows[0]]}).encode()
    request = wire.asked(body)
    assert (request.events, request.n_events) == ((), 3)
    assert as_asked(as_question("m", request).events).equals(slowly(body))


@pytest.mark.fault("S01")
@pytest.mark.parametrize(
    ("field", "bad"),
    [("known_at", "2026-02-30T00:00:00Z"), ("code", ""), ("unit", 5), ("numeric_value", "1"),
     ("encounter_id", "0"), ("superseded_at", "soon"), ("code", None), ("made_up", 1)],
)  # fmt: skip
def test_s01_what_is_wrong_in_one_event_is_named_and_nothing_is_scored(field, bad):
    good = {"code": "A", "known_at": "2026-03-01T06:00:00Z"}
    assert wire.asked(json.dumps({**ASKED, "events": [good]}).encode()).n_events == 1  # control
    with pytest.raises(BadInput) as refused:
        wire.asked(json.dumps({**ASKED, "events": [good, {**good, field: bad}]}).encode())
    assert "events.1" in str(refused.value)
