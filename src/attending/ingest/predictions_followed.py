"""Follow-up of recorded predictions: who was lost before the outcome could be known, and when.

A file of this kind says of each row until when it was followed. An outcome of "no" at a time before
the horizon then means "not so far": the row was lost, unless a competing event came first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from attending.errors import BadInput

if TYPE_CHECKING:
    from attending.types import Floats, Mask

#: The longest time is taken as the horizon where so many of all rows end at it.
_AT_HORIZON = 0.1


class FollowedOutcomes(NamedTuple):
    """Outcomes at the horizon, null where not known, and until when each row was followed.

    Attributes:
        followed: up to the horizon; null where the row says nothing.
        lost: how many were lost before the horizon.
    """

    outcome: pa.Array
    followed: pa.Array
    horizon: float
    lost: int


def horizon_of(time: Floats, said: float | None, *, name: str) -> float:
    """Return the horizon: what was said, or the longest time where many rows end at it.

    Raises:
        BadInput: none was said, and no such time stands out.

    >>> horizon_of(np.array([3.0, 30, 30, 12]), None, name="days")
    30.0
    """
    if said is not None:
        return said
    known = time[~np.isnan(time)]
    longest = float(known.max())
    if longest <= 0 or np.count_nonzero(known >= longest) < _AT_HORIZON * known.size:
        raise BadInput(
            f"column '{name}' says how long rows were followed, and nothing says the horizon",
            code="predictions.which_horizon",
            hint="Write --horizon 30, in the unit of the column. If it is no follow-up, take the "
            "column out of the file.",
        )
    return longest


def followed_outcomes(
    outcome: pa.Array, time: Floats, competing: Mask, *, horizon: float
) -> FollowedOutcomes:
    """Return outcomes at the horizon, from outcomes at the end of each row's own following.

    An event after the horizon is none within it. Without an event, a row that was followed to the
    horizon has none; before it, a row with a competing event has none, and any other was lost.

    Args:
        outcome: 0 and 1, null where nothing is said.
        time: shape (n,), 0 or more, NaN where nothing is said.
        competing: shape (n,), whether another event ended the following.
        horizon: in the unit of `time`, above 0.

    Raises:
        BadInput: rows with an outcome and no time, or with the event and a competing one.

    >>> made = followed_outcomes(pa.array([0, 0, 1, 0]), np.array([30.0, 9, 4, 5]),
    ...                          np.array([False, False, False, True]), horizon=30.0)
    >>> made.outcome.to_pylist(), made.lost
    ([0, None, 1, 0], 1)
    """
    said = np.asarray(outcome.fill_null(-1).to_numpy(zero_copy_only=False), np.int8)
    _check(said, time, competing)
    timed = ~np.isnan(time)
    early = timed & (np.nan_to_num(time) < horizon)
    event = (said == 1) & (np.nan_to_num(time) <= horizon)
    none = (said >= 0) & timed & ~event & (~early | competing) | (early & competing & (said != 1))
    lost = early & ~event & ~none
    at_horizon = np.where(event, 1, np.where(none, 0, -1)).astype(np.int8)
    told = event | none | lost
    return FollowedOutcomes(
        pa.array(at_horizon, mask=at_horizon < 0),
        pa.array(np.minimum(np.nan_to_num(time), horizon), mask=~told),
        horizon,
        int(np.count_nonzero(lost)),
    )


def _check(said: np.ndarray[tuple[int], np.dtype[np.int8]], time: Floats, competing: Mask) -> None:
    untimed = int(np.count_nonzero((said >= 0) & np.isnan(time)))
    if untimed:
        raise BadInput(
            f"{untimed} rows have an outcome and no time until which they were followed",
            code="predictions.follow_up_missing",
            hint="Give each row with an outcome its time; leave both empty where nothing is known.",
        )
    both = int(np.count_nonzero((said == 1) & competing))
    if both:
        raise BadInput(
            f"{both} rows have both the event and a competing event",
            code="predictions.competing",
            hint="Say which came first: a row has the one or the other.",
        )
