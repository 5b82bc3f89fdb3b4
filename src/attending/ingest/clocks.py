"""Turn a column of written instants into UTC by a mapping's pattern and time zone.

An instant that a pattern does not fit, or that no calendar has, becomes null. A local time that the
clock skipped in spring becomes null and is told apart. One that came twice in autumn is taken as
the earlier when it says what happened, and as the later when it says since when it was known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import BadInput
from attending.ingest.cells import INSTANT, Column, is_true
from attending.times import DAY, MINUTE, SECOND, parse_instant, to_micros

if TYPE_CHECKING:
    from attending.types import Ints, Mask

RELATIVE_START = to_micros(parse_instant("2000-01-01T00:00:00Z"))
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DIRECTIVES = {
    "Y": r"(?P<Y>\d{4})", "y": r"(?P<y>\d{2})", "m": r"(?P<m>\d{1,2})", "d": r"(?P<d>\d{1,2})",
    "b": r"(?P<b>[A-Za-z]{3})", "H": r"(?P<H>\d{1,2})", "I": r"(?P<I>\d{1,2})",
    "p": r"(?P<p>[AaPp][Mm])", "M": r"(?P<M>\d{1,2})", "S": r"(?P<S>\d{1,2})",
    "f": r"(?P<f>\d{1,9})", "z": r"(?P<z>Z|z|[+-]\d{2}:?\d{2})",
}  # fmt: skip
_ISO = (
    r"(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"(?:[T ](?P<H>\d{2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"\s?(?P<z>Z|z|[+-]\d{2}:?\d{2})?)?"
)
_CENTURY_TURNS = 69


@dataclass(frozen=True)
class Clocked:
    """Instants in UTC, and what is to be known of how they were written.

    Attributes:
        at: null where there is no such instant.
        ends: the last microsecond of its day on the written clock.
        skipped: local times that the clock jumped over.
        date_only: written without a time of day.
    """

    at: Column
    ends: Column
    skipped: Mask
    date_only: Mask


def pattern_of(form: str) -> str:
    r"""Return the regular expression of a mapping's time pattern.

    Raises:
        BadInput: a directive that is not known, or no year, month and day.

    >>> pattern_of("%Y%m%d")
    '^\\s*(?P<Y>\\d{4})(?P<m>\\d{1,2})(?P<d>\\d{1,2})\\s*$'
    """
    if form == "iso":
        return rf"^\s*{_ISO}\s*$"
    pieces = re.split(r"%(.)", form)
    unknown = [one for one in pieces[1::2] if one not in _DIRECTIVES]
    named = set(pieces[1::2])
    twice = len(named) != len(pieces[1::2])
    if unknown or twice or not (named & {"Y", "y"} and named & {"m", "b"} and "d" in named):
        raise BadInput(
            f"got the time format '{form}', expected %Y, %m and %d once each, and other parts",
            code="mapping.format",
            hint="Write one such as '%d/%m/%Y %H:%M', or leave it out for 2026-01-31 14:30.",
        )
    whole = [_DIRECTIVES[one] if at % 2 else re.escape(one) for at, one in enumerate(pieces)]
    return "^\\s*" + "".join(whole) + "\\s*$"


def clocked(column: Column, form: str, *, zone: str, late: bool = False) -> Clocked:
    """Return written instants as UTC.

    Args:
        column: text.
        form: `iso` or a pattern.
        zone: an IANA name, `floating` or `relative`; the latter two are never converted.
        late: which of two equal local times is meant in autumn.

    >>> cells = pa.chunked_array([["2026-03-29 02:30", "2026-07-01 12:00", "2026-02-30"]])
    >>> found = clocked(cells, "iso", zone="Europe/Berlin")
    >>> [str(at) for at in found.at.to_pylist()], found.skipped.tolist()
    (['None', '2026-07-01 10:00:00', 'None'], [True, False, False])
    """
    pieces = _Pieces(column, pattern_of(form))
    local, good = pieces.micros()
    shift, has_shift = pieces.offset()
    real = zone not in {"floating", "relative"}
    at, skipped = _to_utc(local, zone, late=late) if real else (local, np.zeros_like(good))
    ends = _to_utc(_day_end(local), zone, late=True)[0] if real else _day_end(local)
    good &= real | ~has_shift
    skipped &= good & ~has_shift
    bad = ~good | skipped

    def made(times: Ints, written: Ints) -> Column:
        utc = np.where(has_shift, written - shift, times)
        return pa.chunked_array([pa.array(utc, mask=bad).cast(INSTANT)])

    date_only = ~pieces.has("H") & ~pieces.has("I")
    return Clocked(made(at, local), made(ends, _day_end(local)), skipped, date_only)


def _day_end(local: Ints) -> Ints:
    return np.asarray(local - local % DAY + DAY - 1, dtype=np.int64)


def _to_utc(local: Ints, zone: str, *, late: bool) -> tuple[Ints, Mask]:
    naive = pa.array(local).cast(INSTANT)
    both = [
        pc.assume_timezone(naive, zone, ambiguous=which, nonexistent=which)
        for which in ("latest" if late else "earliest", "earliest")
    ]
    back = pc.local_timestamp(both[0]).cast(pa.int64())
    at = np.asarray(both[0].cast(pa.int64()), dtype=np.int64)
    return at, np.asarray(np.asarray(back) != local, dtype=np.bool_)


class _Pieces:
    """The numbers of written instants, -1 where a part is not written."""

    def __init__(self, column: Column, pattern: str) -> None:
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        self.count = len(whole)
        self._names = set(re.findall(r"\?P<(\w)>", pattern))
        found = pc.extract_regex(whole, pattern)
        self.fits = is_true(found.is_valid())
        self._text = {name: pc.struct_field(found, name) for name in self._names}

    def has(self, name: str) -> Mask:
        """Return where a part is written."""
        if name not in self._names:
            return np.zeros(self.count, dtype=np.bool_)
        return is_true(pc.greater(pc.binary_length(self._text[name]), 0))

    def number(self, name: str) -> Ints:
        """Return a part as numbers, 0 where it is not written."""
        if name not in self._names:
            return np.zeros(self.count, dtype=np.int64)
        text = pc.if_else(pc.equal(self._text[name], ""), None, self._text[name])
        return np.asarray(pc.fill_null(text.cast(pa.int64()), 0), dtype=np.int64)

    def micros(self) -> tuple[Ints, Mask]:
        """Return microseconds since 1970 on the written clock, and where there is such a time."""
        days, good = self._days()
        hour, in_day = self._hour()
        minute, second = self.number("M"), self.number("S")
        good &= in_day & (minute < 60) & (second < 60)
        clock = (hour * 60 + minute) * 60 + second
        return days * DAY + clock * SECOND + self._fraction(), good

    def _days(self) -> tuple[Ints, Mask]:
        year, month, day = self._year(), self._month(), self.number("d")
        good = self.fits & (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1)
        months = np.where(good, (year - 1970) * 12 + month - 1, 0)
        first = months.astype("datetime64[M]").astype("datetime64[D]")
        after = (months + 1).astype("datetime64[M]").astype("datetime64[D]")
        good &= day <= (after - first).astype(np.int64)
        return first.astype(np.int64) + np.where(good, day - 1, 0), good

    def _year(self) -> Ints:
        if "y" not in self._names:
            return self.number("Y")
        short = self.number("y")
        return np.asarray(short + np.where(short < _CENTURY_TURNS, 2000, 1900), dtype=np.int64)

    def _month(self) -> Ints:
        if "b" not in self._names:
            return self.number("m")
        places = pc.index_in(pc.utf8_lower(self._text["b"]), value_set=pa.array(_MONTHS))
        return np.asarray(pc.fill_null(places.cast(pa.int64()), -1), dtype=np.int64) + 1

    def _hour(self) -> tuple[Ints, Mask]:
        if "I" not in self._names:
            hour = self.number("H")
            return hour, hour < 24
        twelve = self.number("I")
        after_noon = np.zeros(self.count, dtype=np.bool_)
        if "p" in self._names:
            after_noon = is_true(pc.equal(pc.utf8_lower(self._text["p"]), "pm"))
        hour = np.asarray(twelve % 12 + np.where(after_noon, 12, 0), dtype=np.int64)
        return hour, (twelve >= 1) & (twelve <= 12)

    def _fraction(self) -> Ints:
        if "f" not in self._names:
            return np.zeros(self.count, dtype=np.int64)
        padded = pc.utf8_slice_codeunits(pc.utf8_rpad(self._text["f"], 6, "0"), 0, 6)
        return np.asarray(pc.fill_null(padded.cast(pa.int64()), 0), dtype=np.int64)

    def offset(self) -> tuple[Ints, Mask]:
        """Return the written offset from UTC in microseconds, and where one is written."""
        here = self.has("z")
        if not here.any():
            return np.zeros(self.count, dtype=np.int64), here
        parts = pc.extract_regex(self._text["z"], r"^(?P<s>[+-])(?P<h>\d{2}):?(?P<m>\d{2})$")
        hours = pc.fill_null(pc.struct_field(parts, "h").cast(pa.int64()), 0)
        minutes = pc.fill_null(pc.struct_field(parts, "m").cast(pa.int64()), 0)
        sign = np.where(is_true(pc.equal(pc.struct_field(parts, "s"), "-")), -1, 1)
        length = (np.asarray(hours) * 60 + np.asarray(minutes)) * sign * MINUTE
        return np.asarray(length, dtype=np.int64), here
