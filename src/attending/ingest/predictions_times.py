"""Read the times of recorded predictions, in the forms in which hospitals write them.

A date of three numbers between slashes is read only where the cells themselves tell which of them
is the day: one of them is above 12. Where both ways would do, no time is read.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import instants
from attending.ingest.predictions_cells import is_text, texts

if TYPE_CHECKING:
    from attending.ingest.cells import Column

#: Day and month first, as Germany writes them: a point tells.
_POINTS = ("%d.%m.%Y", "%d.%m.%y")
_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
#: The end of an instant that names its zone.
_ZONE = r":\d{2}(\.\d+)?\s*([Zz]|[+-]\d{2}:?\d{2})\s*$"
_YEAR_LAST = re.compile(r"^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(\D|$)")


def read_times(column: Column) -> pa.Array | None:
    """Return instants, or None where a cell is none that can be read in one way only.

    >>> read_times(pa.chunked_array([["03/04/2025"]])) is None
    True
    >>> [str(at) for at in read_times(pa.chunked_array([["03/04/2025", "03/31/2025"]])).to_pylist()]
    ['2025-03-04 00:00:00', '2025-03-31 00:00:00']
    >>> [str(at) for at in read_times(pa.chunked_array([["3.4.2025 06:30"]])).to_pylist()]
    ['2025-04-03 06:30:00']
    """
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        if column.null_count:
            return None
        return column.cast(pa.timestamp("us", tz=getattr(column.type, "tz", None))).cast(
            pa.timestamp("us")
        )
    if not is_text(column.type):
        return None
    plain = texts(column)
    if plain.null_count:
        return None
    first = plain[0].as_py() if len(plain) else ""
    if not _YEAR_LAST.match(first):
        found = instants(plain)
        return None if found.null_count else found
    return _year_last(plain)


def lacks_zone(column: Column) -> bool:
    """Return whether a clock time of the column names no zone, so that it is read as UTC.

    >>> lacks_zone(pa.chunked_array([["2026-11-29T20:30+01:00", "2026-11-29 20:30"]]))
    True
    >>> lacks_zone(pa.chunked_array([["2026-11-29"]]))
    False
    """
    if pa.types.is_timestamp(column.type):
        return column.type.tz is None
    if not is_text(column.type):
        return False
    plain = texts(column)
    clocks = pc.match_substring(plain, ":")
    zoned = pc.match_substring_regex(plain, _ZONE)
    return bool(pc.any(pc.and_not(clocks, zoned)).as_py())


def _year_last(plain: Column) -> pa.Array | None:
    """Return instants of which the year stands last, None where two ways of reading would do."""
    coded = plain.combine_chunks().dictionary_encode()
    words = coded.dictionary.to_pylist()
    points = _read_all(words, _POINTS)
    if points is not None:
        return _taken(points, coded)
    ways = [found for forms in (_DAY_FIRST, _MONTH_FIRST) if (found := _read_all(words, forms))]
    if len(ways) != 1:
        return None
    return _taken(ways[0], coded)


def _taken(found: list[datetime], coded: pa.DictionaryArray) -> pa.Array:
    return pa.array(found, pa.timestamp("us")).take(coded.indices)


def _read_all(words: list[str], dates: tuple[str, ...]) -> list[datetime] | None:
    """Return all words as instants in one of the forms with one of the clocks, None where not."""
    for form in (date + clock for date in dates for clock in _CLOCKS):
        if not _reads(words[0], form):
            continue
        found = [_reads(word, form) for word in words]
        known = [one for one in found if one is not None]
        if len(known) == len(words):
            return known
    return None


def _reads(word: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(word, form)  # noqa: DTZ007 - the file names no zone
    except ValueError:
        return None
