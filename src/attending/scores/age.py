"""Age in completed years at a prediction, from the birth that is visible then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from attending.records.events import BIRTH
from attending.scores.about import Bands
from attending.scores.evidence import Evidence, of_events
from attending.scores.pairs import pair

if TYPE_CHECKING:
    import pyarrow as pa

    from attending.types import Floats, Ints, Mask

BIRTH_CODES = (BIRTH,)
_CHARLSON = Bands((50, 60, 70, 80), (0.0, 1.0, 2.0, 3.0, 4.0))


def ages(events: pa.Table, rows: pa.Table) -> tuple[Floats, Evidence]:
    """Return ages in completed years, NaN where no birth is visible, and the birth's row."""
    births = events.filter(pc.equal(events["code"], BIRTH))
    pairs = pair(births, rows)
    newest = pairs.newest(pairs.visible & (pairs.time <= pairs.at))
    evidence = of_events(births, newest)
    at = np.zeros(rows.num_rows, dtype=np.int64)
    at[pairs.row] = pairs.at
    years = completed_years(np.where(newest >= 0, evidence.time, 0), at)
    return np.where(newest >= 0, years, np.nan), evidence


def completed_years(born: Ints, at: Ints) -> Ints:
    """Return birthdays passed between two instants, in microseconds since 1970.

    >>> day = 86_400_000_000
    >>> completed_years(np.array([0, 0]), np.array([364 * day, 365 * day])).tolist()
    [0, 1]
    """
    (year, rest), (year_at, rest_at) = _in_year(born), _in_year(at)
    return year_at - year - (rest_at < rest)


def _in_year(micros: Ints) -> tuple[Ints, Ints]:
    """Return the calendar year, and a number that grows with month, day and time of day."""
    at = micros.astype("datetime64[us]")
    year, month = at.astype("datetime64[Y]"), at.astype("datetime64[M]")
    in_month = (at - month).astype(np.int64)
    months = (month - year).astype(np.int64)
    return year.astype(np.int64), months * (32 * 86_400_000_000) + in_month


def age_points(events: pa.Table, rows: pa.Table) -> tuple[Floats, Mask, Evidence]:
    """Return Charlson's points for age: one for each decade from 50 to 80."""
    years, evidence = ages(events, rows)
    return _CHARLSON.of(years), np.isnan(years), evidence
