"""Part rows in time within the training rows: earlier ones to fit on, later ones to judge by.

The same rules hold as between training and test: an outcome must have been known before the later
rows begin, the embargo lies between, and no patient and no stay is on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from attending.train.hashing import hashed

if TYPE_CHECKING:
    from attending.types import Ints

_PURPOSE_FOLD = 5
_PURPOSE_LATER = 6


class Rows(Protocol):
    """What of the cohort's rows is looked at here; times in microseconds."""

    @property
    def subject(self) -> Ints:
        """Return the patient of each row."""
        ...

    @property
    def encounter(self) -> Ints:
        """Return the stay of each row, -1 for none."""
        ...

    @property
    def time(self) -> Ints:
        """Return the prediction times."""
        ...

    @property
    def horizon_end(self) -> Ints:
        """Return where the horizons end."""
        ...


@dataclass(frozen=True)
class Gaps:
    """What lies between earlier and later rows, microseconds.

    Attributes:
        delay: how long after the horizon a label is known.
        embargo: before the later rows begin; none of the earlier rows predicts in it.
        calendar: whether times of different patients can be compared at all.
    """

    delay: int
    embargo: int
    calendar: bool


@dataclass(frozen=True)
class Parted:
    """Row numbers: earlier and later ones, and where the later ones begin, microseconds."""

    earlier: Ints
    later: Ints
    begins: int | None


def latest_part(rows: Rows, at: Ints, *, share: float, gaps: Gaps, seed: int) -> Parted:
    """Return the latest share of rows, and those that are wholly before them.

    Without a calendar the later rows are those of patients drawn by hash.

    Args:
        rows: all rows.
        at: the rows to part.
        share: of the rows that is to be later, 0 to 1.
        gaps: what lies between.
        seed: of the draw where there is no calendar.
    """
    if not gaps.calendar:
        draw = hashed(rows.subject[at], seed=seed, purpose=_PURPOSE_LATER)
        return Parted(at[draw >= share], at[draw < share], None)
    times = np.sort(rows.time[at])
    begins = int(times[min(int(len(times) * (1.0 - share)), len(times) - 1)])
    return part_at(rows, at, begins=begins, ends=None, gaps=gaps)


def folds_of(rows: Rows, at: Ints, *, count: int, gaps: Gaps, seed: int) -> list[Parted]:
    """Return folds, each fitting on all that is before its own later rows.

    The rows' times are cut into one part more than there are folds; the first only fits.

    Args:
        rows: all rows.
        at: the training rows.
        count: how many folds.
        gaps: what lies between earlier and later rows.
        seed: of the draw where there is no calendar.
    """
    if not gaps.calendar:
        draw = hashed(rows.subject[at], seed=seed, purpose=_PURPOSE_FOLD)
        place = (draw * max(count, 2)).astype(np.int64)
        return [Parted(at[place != k], at[place == k], None) for k in range(count)]
    times = np.sort(rows.time[at])
    cuts = [int(times[len(times) * (k + 1) // (count + 1)]) for k in range(count)]
    ends: list[int | None] = [*cuts[1:], None]
    return [
        part_at(rows, at, begins=begin, ends=end, gaps=gaps)
        for begin, end in zip(cuts, ends, strict=True)
    ]


def part_at(rows: Rows, at: Ints, *, begins: int, ends: int | None, gaps: Gaps) -> Parted:
    """Return rows from an instant on, and those that are wholly before it.

    Args:
        rows: all rows.
        at: the rows to part.
        begins: first prediction time of the later rows.
        ends: first prediction time after them; None for no end.
        gaps: what lies between.
    """
    time = rows.time[at]
    later = at[(time >= begins) & ((time < ends) if ends is not None else True)]
    known = rows.horizon_end[at] + gaps.delay <= begins
    early = (time < begins) & known & (time <= begins - gaps.embargo)
    apart = ~np.isin(rows.subject[at], rows.subject[later])
    stays = rows.encounter[later]
    apart &= ~np.isin(rows.encounter[at], stays[stays >= 0])
    return Parted(at[early & apart], later, begins)
