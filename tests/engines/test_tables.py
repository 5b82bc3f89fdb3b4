"""Canonical order, and digests that see cells and not layout."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attending.engines import tables
from attending.engines.plan import AGGREGATES, Column, Predictions, compile_plan
from attending.engines.tables import digest_table, in_order
from attending.errors import IntegrityBroken
from tests.engines.tables import event, events


def table(**columns):
    return pa.table({"x": [1.0, None, 3.0], "s": ["a", None, "b"], **columns})


def test_a_digest_sees_every_cell_every_null_and_every_name():
    same = digest_table(table())
    others = [
        table(x=[1.0, 0.0, 3.0]),
        table(x=[1.0, None, 3.5]),
        table(s=["a", "", "b"]),
        table(s=["ab", None, ""]),
        table().rename_columns(["x", "t"]),
        table(x=pa.array([1.0, None, 3.0], pa.float32())),
        table().slice(0, 2),
    ]
    assert len({same, *map(digest_table, others)}) == 8
    chunked = pa.concat_tables([table().slice(0, 1), table().slice(1)])
    assert digest_table(chunked) == same
    assert digest_table(pa.concat_tables([table(), table()]).slice(3)) == same


def test_a_digest_of_instants_and_numbers_does_not_read_what_lies_under_a_null():
    times = pa.array([5, None], pa.timestamp("us"))
    hidden = pa.Array.from_buffers(
        times.type, 2, [times.buffers()[0], pa.py_buffer(np.array([5, 77], np.int64))]
    )
    assert digest_table(pa.table({"t": times})) == digest_table(pa.table({"t": hidden}))


def test_canonical_order_is_the_same_for_every_order_of_rows():
    rows = [event(1, 2, "A", 2.0), event(1, 2, "A", 1.0), event(1, None, "B"), event(1, 2, "A")]
    first = events(rows)
    assert first["numeric_value"].to_pylist() == [None, None, 1.0, 2.0]
    assert in_order(first.take([3, 1, 2, 0])).equals(first)


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 2, 1], [2, 0, 1]])
def test_the_kernel_refuses_rows_that_are_not_in_canonical_order(order):
    rows = events([event(1, 2, "A", 1.0), event(1, 2, "A", 1.0, known=3), event(2, 1, "A", 1.0)])
    plan = compile_plan([Column(("A",), name, window_us=10) for name in AGGREGATES])
    at = Predictions.at(np.array([1]), np.array([10]), np.array([0]))
    assert plan.fill(rows, at).values.shape == (len(AGGREGATES), 1)
    with pytest.raises(IntegrityBroken, match=r"row [12] of 3 is out of order") as refused:
        plan.fill(rows.take(order), at)
    assert refused.value.exit_code == 4


@given(st.lists(st.none() | st.text(max_size=5), max_size=9), st.data())
def test_texts_are_digested_by_what_they_say_however_they_are_held(texts, data):
    start = data.draw(st.integers(0, len(texts)))
    said = texts[start:]
    expected = [
        np.array([len((one or "").encode()) for one in said], "<i8").tobytes(),
        "".join(one or "" for one in said).encode(),
    ]
    nulls = bytes(one is None for one in said)
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        parts = [pa.array(some, pa.string()) for some in (texts[:2], texts[2:])]
        whole = pa.chunked_array(parts)
        held = whole.cast(kind).slice(start)
        assert b"".join(map(bytes, tables._cells(held))) == b"".join(expected) + nulls
