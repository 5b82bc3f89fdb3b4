"""Look at one column of a file: what its cells could be, and what its name says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import is_true, numbers
from attending.ingest.clocks import clocked

if TYPE_CHECKING:
    from attending.ingest.cells import Column

#: How instants are written, the likelier first; of a pair that fits alike, both are kept.
FORMATS = (
    "iso", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y", "%m/%d/%Y", "%m/%d/%Y %I:%M %p", "%d/%m/%Y %I:%M %p", "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y", "%d-%b-%Y %H:%M", "%d-%b-%Y %H:%M:%S", "%d-%b-%Y",
    "%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d",
)  # fmt: skip
_ENOUGH = 0.98
_LONG_TEXT = 60
_OFFSET = r"(Z|[+-]\d{2}:?\d{2})$"
#: What a column's name says, the first that fits.
_ROLES = {
    "identifier": "ssn phone email e_mail address street surname first_name last_name full_name "
    "maiden patient_name drivers passport zip postcode birth_place birthplace",
    "birth": "birth dob",
    "patient": "patient subject person mrn member beneficiary record_?id pat_?id nbr",
    "encounter": "encounter visit hadm stay csn admission_?id account claim_?id case_?id",
    "unit": "units?$ uom",
    "known": "result(ed)?_?(at|time|date|dt) stored? issued recorded entered entry verif signed "
    "posted filed available report(ed)?_? received loaded updated paid submitted",
    "site": "site facility hospital$ campus location$",
    "value": "^val value reading result(_?num)?$ measurement$ quantity amount",
    "code": "code$ ^code loinc test item param analyte cpt icd ndc drug procedure modality "
    "event_?type medication kind type$",
}
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Look:
    """What was seen of a column; no cell of it is kept.

    Attributes:
        role: what its name says, empty when nothing.
        formats: patterns of time that fit all its cells.
        offsets: whether every instant carries its offset from UTC.
        filled: share of cells with text; `distinct`: how many texts there are.
    """

    name: str
    role: str
    formats: tuple[str, ...]
    offsets: bool
    number: bool
    long_text: bool
    filled: float
    distinct: int
    unique: bool

    @property
    def instant(self) -> bool:
        """Return whether its cells are instants."""
        return bool(self.formats)


def look_at(name: str, column: Column) -> Look:
    """Return what a column looks like.

    >>> found = look_at("drawn", pa.chunked_array([["03/04/2026 10:00", "25/04/2026 11:00"]]))
    >>> found.formats, found.number
    (('%d/%m/%Y %H:%M',), False)
    """
    text = column.filter(column.is_valid())
    count = len(text)
    number = _share(numbers(text).is_valid(), count) >= _ENOUGH
    formats = _formats(text, number=number)
    distinct = len(pc.unique(text))
    return Look(
        name=name,
        role=role_of(name),
        formats=formats,
        offsets=bool(formats) and _share(pc.match_substring_regex(text, _OFFSET), count) == 1,
        number=number and not formats,
        long_text=bool(count) and float(pc.mean(pc.utf8_length(text)).as_py()) > _LONG_TEXT,
        filled=count / max(len(column), 1),
        distinct=distinct,
        unique=distinct == len(column) > 1,
    )


def role_of(name: str) -> str:
    """Return what a column's name says.

    >>> role_of("PatientID"), role_of("stored_at"), role_of("LOINC_CODE"), role_of("colour")
    ('patient', 'known', 'code', '')
    """
    words = _CAPITAL.sub("_", name.strip()).lower().replace(" ", "_").replace("-", "_")
    for role, patterns in _ROLES.items():
        if any(re.search(pattern, words) for pattern in patterns.split()):
            return role
    return ""


def _formats(text: Column, *, number: bool) -> tuple[str, ...]:
    if not len(text):
        return ()
    fits = []
    for form in FORMATS:
        if number and len(form) < len("%Y%m%d%H%M") and form != "%Y%m%d":
            continue
        found = clocked(text, form, zone="UTC").at
        years = pc.year(found)
        sane = pc.and_(pc.greater(years, 1890), pc.less(years, 2150))
        if _share(sane, len(text)) >= _ENOUGH:
            fits.append(form)
    return tuple(fits)


def _share(condition: pa.ChunkedArray, count: int) -> float:
    return float(np.sum(is_true(condition))) / count if count else 0.0
