"""Which alerts are sent when a patient who has just had one is left in peace for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput

if TYPE_CHECKING:
    from attending.types import Ints, Mask


def snoozed(flag: Mask, patient: Ints, time_us: Ints, *, snooze_us: int) -> Mask:
    """Return which flagged rows send an alert; the others fall into the snooze of an earlier one.

    An alert at the very end of a snooze is sent. A flagged row that sends none does not lengthen
    the snooze, and of rows at one instant the first given sends.

    Args:
        flag: shape (n,), whether the risk is at least the threshold.
        patient: shape (n,), whose prediction it is.
        time_us: shape (n,), when the prediction was made, microseconds.
        snooze_us: how long a patient makes no further alert; 0 sends every one.

    Raises:
        BadInput: columns of unequal length, or a snooze below 0.

    >>> rows = np.array([True, True, True, True])
    >>> snoozed(rows, np.array([1, 1, 1, 2]), np.array([0, 5, 10, 5]), snooze_us=10).tolist()
    [True, False, True, True]
    """
    if not flag.size == patient.size == time_us.size or snooze_us < 0:
        raise BadInput(
            f"got columns of {flag.size}, {patient.size} and {time_us.size} rows and a snooze of "
            f"{snooze_us}, expected one length and 0 or more",
            code="statistics.snooze",
        )
    sent = flag.copy()
    if snooze_us == 0:
        return sent
    rows = np.flatnonzero(flag)
    rows = rows[np.lexsort((rows, time_us[rows], patient[rows]))]
    who, open_until = None, 0
    for row, one, at in zip(
        rows.tolist(), patient[rows].tolist(), time_us[rows].tolist(), strict=True
    ):
        if one == who and at < open_until:
            sent[row] = False
            continue
        who, open_until = one, at + snooze_us
    return sent
