"""What scope rules need to know of each prediction: age, class, site, unit, death; as known then.

One function serves one patient and a million: pairs of predictions and rows of the same subject
are formed by position, and only rows visible at the prediction time count.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from attending.engines.ages import years_between
from attending.engines.tables import coded, micros, whole_numbers
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


class _Pairs(NamedTuple):
    """Pairs of a prediction and a visible row of its subject, rows in canonical order."""

    asked: Ints
    kinds: NDArray[np.uint8]
    codes: Texts
    sites: Texts
    stays: Ints
    times: Ints
    known: Mask

    def says(self, code: str) -> Mask:
        """Return which rows have a code of `_BITS`, or start as it does where it is a prefix."""
        told: Mask = (self.kinds & _BITS[code]) > 0
        return told


def asked_from(cohort: pa.Table) -> Asked:
    """Return what a cohort table asks for."""
    return Asked(
        whole_numbers(cohort.column("subject_id")),
        whole_numbers(cohort.column("encounter_id"), null=NO_ENCOUNTER),
        micros(cohort.column("prediction_time"), null=0),
        micros(cohort.column("index_start"), null=0),
    )


def facts(rows: pa.Table, asked: Asked) -> Facts:
    """Return what `rows` show of each prediction at its time.

    Args:
        rows: events in canonical order; others than those of `CODES` are passed over.
        asked: the predictions.
    """
    pairs = _pairs(rows, asked)
    same = (asked.encounter[pairs.asked] == NO_ENCOUNTER) | (
        pairs.stays == asked.encounter[pairs.asked]
    )
    begun = pairs.times <= asked.time[pairs.asked]
    starts = pairs.says(ADMISSION) & same & begun
    # The row of the index admission itself wins over a later one of the same stay.
    at_index = pairs.times == asked.index_start[pairs.asked]
    n = len(asked)
    birth = np.full(n, _NEVER)
    born = pairs.says(BIRTH) & pairs.known
    birth[pairs.asked[born]] = pairs.times[born]
    classes = _last(pairs.codes, pairs, (starts, starts & at_index), n=n)
    return Facts(
        age_years=_age(birth, asked.time),
        encounter_class=_without(classes, ADMISSION),
        site=_last(pairs.sites, pairs, (starts, starts & at_index), n=n),
        unit=_without(
            _last(pairs.codes, pairs, (pairs.says(TRANSFER) & same & begun,), n=n), TRANSFER
        ),
        dead=_told(pairs, pairs.says(DEATH) & begun, n=n),
        subject=asked.subject,
        anyone=_told(pairs, np.ones(len(pairs.asked), np.bool_), n=n),
        test=_told(pairs, pairs.says(TEST_PATIENT), n=n),
        closed=_closed(pairs, asked, same & begun),
    )


#: What a code says, as bits; one that starts as a prefix does carries that prefix's.
_BITS = {BIRTH: 1, DEATH: 2, TEST_PATIENT: 4, ADMISSION: 8, TRANSFER: 16, DISCHARGE: 32}
_PREFIXES = (ADMISSION, TRANSFER, DISCHARGE)


@lru_cache(maxsize=1 << 14)
def _kind(code: str | None) -> int:
    """Return what a code says to scope rules, 0 for nothing.

    >>> _kind("MEDS_BIRTH"), _kind("ENCOUNTER//ADMISSION//INPATIENT"), _kind("LOINC//718-7")
    (1, 8, 0)
    """
    if code is None:
        return 0
    whole = 0 if code in _PREFIXES else _BITS.get(code, 0)
    return whole + sum(_BITS[prefix] for prefix in _PREFIXES if code.startswith(prefix))


def _pairs(rows: pa.Table, asked: Asked) -> _Pairs:
    """Return every prediction with every row of its subject that was visible at its time."""
    code, words = coded(rows.column("code"))
    kinds = np.array([_kind(word) for word in words], np.uint8)[code]
    needed = np.flatnonzero(kinds)
    which, place = _of_subject(whole_numbers(rows.column("subject_id"))[needed], asked)
    row, at = needed[place], asked.time[which]
    seen = micros(rows.column("known_at"), null=_NEVER)[row] <= at
    seen &= at < micros(rows.column("superseded_at"), null=_NEVER)[row]
    which, row = which[seen], row[seen]
    times = micros(rows.column("time"), null=_NEVER)[row]
    sites, named = coded(rows.column("site").take(pa.array(row)))
    return _Pairs(
        asked=which,
        kinds=kinds[row],
        codes=_texts(words)[code[row]],
        sites=_texts(named)[sites],
        stays=whole_numbers(rows.column("encounter_id"), null=NO_ENCOUNTER)[row],
        times=times,
        known=times != _NEVER,
    )


def _of_subject(subject: Ints, asked: Asked) -> tuple[Ints, Ints]:
    """Return every prediction with the place of every row of its subject."""
    low = np.searchsorted(subject, asked.subject, side="left")
    many = np.searchsorted(subject, asked.subject, side="right") - low
    which = np.repeat(np.arange(len(asked)), many)
    row = np.arange(len(which)) - np.repeat(np.cumsum(many) - many, many) + np.repeat(low, many)
    return which, row


def _texts(words: list[str | None]) -> Texts:
    texts = np.empty(len(words), object)
    texts[:] = words
    return texts


def _told(pairs: _Pairs, picked: Mask, *, n: int) -> Mask:
    """Return of which predictions a picked row was known."""
    told = np.zeros(n, np.bool_)
    told[pairs.asked[picked]] = True
    return told


def _closed(pairs: _Pairs, asked: Asked, here: Mask) -> Ints:
    """Return for how long the stay that is asked about has been over."""
    named = asked.encounter[pairs.asked] != NO_ENCOUNTER
    over = pairs.says(DISCHARGE) & here & named
    closed = np.full(len(asked), OPEN)
    closed[pairs.asked[over]] = (asked.time[pairs.asked] - pairs.times)[over]
    return closed


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
