"""What scope rules need to know of each prediction: age, class, site, unit, death; as known then.

One function serves one patient and a million: pairs of predictions and rows of the same subject
are formed by position, and only rows visible at the prediction time count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from attending.engines.ages import years_between
from attending.records.events import ADMISSION, BIRTH, DEATH, DISCHARGE, TEST_PATIENT

if TYPE_CHECKING:
    from attending.types import Ints, Mask

TRANSFER = "TRANSFER_TO//"
#: The codes that scope rules read; a trailing star is a prefix.
CODES = (BIRTH, DEATH, TEST_PATIENT, f"{ADMISSION}*", f"{TRANSFER}*", f"{DISCHARGE}*")
COLUMNS = (
    "subject_id",
    "time",
    "code",
    "known_at",
    "superseded_at",
    "encounter_id",
    "site",
)
NO_ENCOUNTER = -1
UNKNOWN_AGE = -1
#: In place of how long a stay has been over.
OPEN = -1

#: Shape (n,), Python text or None.
Texts: TypeAlias = NDArray[np.object_]
_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Asked:
    """The predictions that are asked for: shape (n,) each, instants in microseconds UTC."""

    subject: Ints
    encounter: Ints
    time: Ints
    index_start: Ints

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.subject)


@dataclass(frozen=True)
class Facts:
    """What was known of each prediction at its time; -1 or None where nothing was.

    Attributes:
        anyone: whether any of the rows that are read here was known of the patient.
        test: whether the record was made to try a system out.
        closed: microseconds since the stay ended; -1 while it is open.
    """

    age_years: Ints
    encounter_class: Texts
    site: Texts
    unit: Texts
    dead: Mask
    subject: Ints
    anyone: Mask
    test: Mask
    closed: Ints


@dataclass(frozen=True)
class _Pairs:
    """Pairs of a prediction and a visible row of its subject, rows in canonical order."""

    asked: Ints
    row: Ints
    codes: Texts
    sites: Texts
    times: Ints
    known: Mask


def asked_from(cohort: pa.Table) -> Asked:
    """Return what a cohort table asks for."""
    return Asked(
        _ints(cohort.column("subject_id"), 0),
        _ints(cohort.column("encounter_id"), NO_ENCOUNTER),
        _micros(cohort.column("prediction_time"), 0),
        _micros(cohort.column("index_start"), 0),
    )


def facts(rows: pa.Table, asked: Asked) -> Facts:
    """Return what `rows` show of each prediction at its time.

    Args:
        rows: events in canonical order; others than those of `CODES` are passed over.
        asked: the predictions.
    """
    rows = _only_needed(rows)
    pairs = _pairs(rows, asked)
    encounter = _ints(rows.column("encounter_id"), NO_ENCOUNTER)
    same = (asked.encounter[pairs.asked] == NO_ENCOUNTER) | (
        encounter[pairs.row] == asked.encounter[pairs.asked]
    )
    begun = pairs.times <= asked.time[pairs.asked]
    starts = _starting(pairs, ADMISSION) & same & begun
    # The row of the index admission itself wins over a later one of the same stay.
    at_index = pairs.times == asked.index_start[pairs.asked]
    n = len(asked)
    birth = np.full(n, _NEVER)
    born = (pairs.codes == BIRTH) & pairs.known
    birth[pairs.asked[born]] = pairs.times[born]
    classes = _last(pairs.codes, pairs, (starts, starts & at_index), n=n)
    return Facts(
        age_years=_age(birth, asked.time),
        encounter_class=_without(classes, ADMISSION),
        site=_last(pairs.sites, pairs, (starts, starts & at_index), n=n),
        unit=_without(
            _last(pairs.codes, pairs, (_starting(pairs, TRANSFER) & same & begun,), n=n), TRANSFER
        ),
        dead=_told(pairs, (pairs.codes == DEATH) & begun, n=n),
        subject=asked.subject,
        anyone=_told(pairs, np.ones(len(pairs.asked), np.bool_), n=n),
        test=_told(pairs, pairs.codes == TEST_PATIENT, n=n),
        closed=_closed(pairs, asked, same & begun),
    )


def _only_needed(rows: pa.Table) -> pa.Table:
    code = rows.column("code").cast(pa.string())
    wanted = pc.is_in(code, value_set=pa.array([BIRTH, DEATH, TEST_PATIENT]))
    for prefix in (ADMISSION, TRANSFER, DISCHARGE):
        wanted = pc.or_(wanted, pc.starts_with(code, prefix))
    kept = rows.select(list(COLUMNS)).filter(wanted)
    for name in ("code", "site"):
        at = kept.column_names.index(name)
        kept = kept.set_column(at, name, kept.column(name).cast(pa.string()))
    return kept


def _pairs(rows: pa.Table, asked: Asked) -> _Pairs:
    """Return every prediction with every row of its subject that was visible at its time."""
    subject = _ints(rows.column("subject_id"), 0)
    low = np.searchsorted(subject, asked.subject, side="left")
    many = np.searchsorted(subject, asked.subject, side="right") - low
    which = np.repeat(np.arange(len(asked)), many)
    row = np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many) + np.repeat(low, many)
    at = asked.time[which]
    seen = _micros(rows.column("known_at"), _NEVER)[row] <= at
    seen &= at < _micros(rows.column("superseded_at"), _NEVER)[row]
    which, row = which[seen], row[seen]
    times = _micros(rows.column("time"), _NEVER)[row]
    return _Pairs(
        which,
        row,
        rows.column("code").to_numpy(zero_copy_only=False)[row],
        rows.column("site").to_numpy(zero_copy_only=False)[row],
        times,
        times != _NEVER,
    )


def _told(pairs: _Pairs, picked: Mask, *, n: int) -> Mask:
    """Return of which predictions a picked row was known."""
    told = np.zeros(n, np.bool_)
    told[pairs.asked[picked]] = True
    return told


def _closed(pairs: _Pairs, asked: Asked, here: Mask) -> Ints:
    """Return for how long the stay that is asked about has been over."""
    named = asked.encounter[pairs.asked] != NO_ENCOUNTER
    over = _starting(pairs, DISCHARGE) & here & named
    closed = np.full(len(asked), OPEN)
    closed[pairs.asked[over]] = (asked.time[pairs.asked] - pairs.times)[over]
    return closed


def _starting(pairs: _Pairs, prefix: str) -> Mask:
    found: Mask = np.array([code.startswith(prefix) for code in pairs.codes], np.bool_)
    return found


def _last(values: Texts, pairs: _Pairs, picks: tuple[Mask, ...], *, n: int) -> Texts:
    """Return the value of each prediction's last picked row; a later pick wins over an earlier."""
    out = np.full(n, None, object)
    for pick in picks:
        out[pairs.asked[pick]] = values[pick]
    return out


def _without(codes: Texts, prefix: str) -> Texts:
    cut = [None if code is None else code.removeprefix(prefix) for code in codes]
    out = np.full(len(cut), None, object)
    out[:] = cut
    return out


def _age(birth: Ints, at: Ints) -> Ints:
    """Return whole years by the calendar: the birthday itself begins the year."""
    known = birth != _NEVER
    years = np.floor(years_between(np.where(known, birth, at), at)).astype(np.int64)
    found: Ints = np.where(known, years, UNKNOWN_AGE)
    return found


def _ints(column: pa.ChunkedArray, missing: int) -> Ints:
    filled = pc.fill_null(column, missing) if column.null_count else column
    ints: Ints = filled.to_numpy(zero_copy_only=False).astype(np.int64)
    return ints


def _micros(column: pa.ChunkedArray, missing: int) -> Ints:
    return _ints(column.cast(pa.timestamp("us")).cast(pa.int64()), missing)
