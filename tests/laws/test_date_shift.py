"""Laws of a date shift: within a patient every interval, order and feature stays as it was."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from attending.engines.tables import in_order, micros
from attending.features.compiled import compiled
from attending.features.online import for_patient
from attending.ingest.date_shift import CLOCKS, DateShift
from attending.times import DAY, HOUR, from_micros
from tests.engines.tables import event, events
from tests.features.specs import feature, spec
from tests.laws.test_features import AT, BRIEF, WIDE, bits, rows, tables

KEY = b"k" * 32
NULL = -(1 << 62)
MONTH = compiled(spec(feature("month", kind="calendar", part="month")))


def clocks(table):
    """Return the instants of the rows, one column a clock."""
    return np.stack([micros(table[name], null=NULL) for name in CLOCKS])


def vector(table, by, plan=WIDE):
    return for_patient(
        plan,
        table,
        subject_id=1,
        encounter_id=None,
        prediction_time=from_micros(round(AT * HOUR) + by),
        index_start=from_micros(round((AT - 30) * HOUR) + by),
    )


@BRIEF
@given(tables, st.lists(rows(subject=2), max_size=10), st.binary(min_size=32, max_size=32))
def test_every_interval_within_a_patient_stays_and_the_order_too(mine, others, key):
    before = events(mine + others)
    moved = DateShift(key).moved(before)
    was, now = clocks(before), clocks(moved)
    assert np.array_equal(was == NULL, now == NULL)
    subjects = np.asarray(before["subject_id"])
    for subject in np.unique(subjects):
        there = (was != NULL) & (subjects == subject)
        (by,) = np.unique((now - was)[there])
        assert by < 0
        assert by % (7 * DAY) == 0
        assert by >= -104 * 7 * DAY
    assert in_order(moved).equals(moved)


@BRIEF
@given(tables, st.binary(min_size=32, max_size=32))
def test_features_are_equal_to_the_bit(mine, key):
    before = events(mine)
    shift = DateShift(key)
    by = int(shift.micros(np.array([1]))[0])
    assert bits(vector(before, 0)) == bits(vector(shift.moved(before), by))


def test_the_month_is_the_feature_that_does_not_stay():
    before = events([event(1, 1, "LAB", 1.0)])
    months = {
        vector(shift.moved(before), int(shift.micros(np.array([1]))[0]), MONTH).row()[0]
        for shift in (DateShift(bytes([number]) * 32) for number in range(40))
    }
    assert len(months) > 6


def test_patients_have_offsets_of_their_own_in_the_whole_range():
    weeks = DateShift(KEY).micros(np.arange(1, 20_001)) // (7 * DAY)
    assert (weeks.min(), weeks.max()) == (-104, -1)
    counts = np.bincount(-weeks)[1:]
    assert counts.min() > 120
    assert counts.max() < 280
    other = DateShift(b"j" * 32).micros(np.arange(1, 20_001)) // (7 * DAY)
    assert (weeks == other).mean() < 0.02


def test_an_empty_table_is_moved_to_itself():
    empty = events([])
    assert DateShift(KEY).moved(empty).equals(empty)
    assert pa.types.is_timestamp(DateShift(KEY).moved(empty)["time"].type)
