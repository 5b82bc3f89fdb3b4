"""Cells read as they lie in memory are those that Arrow tells."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attending.engines.tables import micros, numbers, whole_numbers
from attending.records.in_memory import in_memory, null_cells

_WHOLE = st.lists(st.none() | st.integers(-(2**62), 2**62), max_size=20)


@given(_WHOLE, st.data())
@pytest.mark.parametrize("kind", [pa.int64(), pa.timestamp("us"), pa.timestamp("us", "UTC")])
def test_whole_numbers_and_instants_are_read_alike_in_one_piece_and_in_two(kind, cells, data):
    start = data.draw(st.integers(0, len(cells)))
    one = pa.array(cells, pa.int64()).cast(kind).slice(start)
    two = pa.chunked_array([one.slice(0, 1), one.slice(1)])
    read = whole_numbers if pa.types.is_integer(kind) else micros
    expected = [-1 if cell is None else cell for cell in cells[start:]]
    assert (in_memory(one) is None) == (kind == pa.timestamp("us", "UTC"))  # left to Arrow
    assert in_memory(two) is None
    assert read(one, null=-1).tolist() == read(two, null=-1).tolist() == expected


@given(st.lists(st.none() | st.floats(width=32, allow_nan=False), max_size=20), st.integers(0, 20))
def test_floats_are_read_with_nan_for_null(cells, start):
    held = pa.array(cells, pa.float32()).slice(min(start, len(cells)))
    expected = [np.nan if cell is None else cell for cell in cells[start:]]
    found = numbers(held)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, np.array(expected, np.float64))


def test_other_units_are_turned_into_microseconds():
    seconds = pa.array([2, None], pa.timestamp("s"))
    assert micros(seconds, null=-1).tolist() == [2_000_000, -1]
    assert null_cells(seconds).tolist() == [False, True]


def test_cells_of_no_fixed_width_are_left_to_arrow():
    assert in_memory(pa.array(["a"])) is None
    assert in_memory(pa.array([True])) is None
