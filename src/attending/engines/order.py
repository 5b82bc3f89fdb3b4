"""The canonical order of rows, checked without compiling anything.

The kernel checks the same in one compiled pass; here, what reads few rows need not load it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import IntegrityBroken

if TYPE_CHECKING:
    from attending.types import Ints


def refuse_unsorted(subject: Ints, time: Ints, known: Ints) -> None:
    """Check that rows stand in canonical order.

    Raises:
        IntegrityBroken: a row stands before an earlier one.

    >>> import numpy as np
    >>> ordered = np.array([1, 1])
    >>> refuse_unsorted(ordered, np.array([1, 2]), np.array([1, 2]))
    """
    later = known[1:] < known[:-1]
    for column in (time, subject):
        later = (column[1:] < column[:-1]) | ((column[1:] == column[:-1]) & later)
    refuse_out_of_order(int(later.argmax()) + 1 if later.any() else -1, len(subject))


def refuse_out_of_order(at: int, rows: int) -> None:
    """Refuse the row that stands before an earlier one; -1 stands for none.

    Raises:
        IntegrityBroken: there is one.
    """
    if at != -1:
        raise IntegrityBroken(
            f"row {at} of {rows} is out of order, expected subject, time, known_at",
            code="engine.unsorted",
            hint="Ingest the snapshot again; its rows were changed after it was sealed.",
        )
