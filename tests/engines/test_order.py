"""Whether rows stand in canonical order is found without the compiler, as the kernel finds it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attending.engines.kernel_sort import unsorted_at
from attending.engines.order import refuse_unsorted
from attending.errors import IntegrityBroken

_ROWS = st.lists(st.tuples(*[st.integers(0, 2)] * 3), max_size=6)


@given(_ROWS, st.booleans())
def test_both_ways_find_the_same_first_row_out_of_order(rows, in_order):
    columns = np.array(sorted(rows) if in_order else rows, np.int64).reshape(-1, 3).T
    subject, time, known = (np.ascontiguousarray(column) for column in columns)
    at = unsorted_at(subject, time, known)
    if at == -1:
        assert rows == sorted(rows) or in_order
        refuse_unsorted(subject, time, known)
    else:
        with pytest.raises(IntegrityBroken, match=f"row {at} of {len(rows)} is out of order"):
            refuse_unsorted(subject, time, known)
