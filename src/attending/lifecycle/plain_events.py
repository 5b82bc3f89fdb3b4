"""Events as machines mostly write them, read by the column: a thousand rows in a millisecond.

What is not in the plain form is left to the slow reading, row by row, which takes more forms of an
instant and names the field that is wrong. Both give the same rows.
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.engines.tables import instants
from attending.engines.whole_seconds import whole_seconds
from attending.records.events import EVENTS
from attending.serve.asked_events import MOST_EVENTS, SOURCE, distinct_in_order

if TYPE_CHECKING:
    from collections.abc import Callable

#: Letters that a code, a unit or a site may have, and a free text.
_WORD, _TEXT = 200, 10_000
_PSEUDONYM = re.compile(r"[1-9][0-9]{0,15}")
#: Every such text that Arrow reads is read alike by the slow way; `Z` or an offset is required.
_INSTANT = (
    r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
    r"(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"
)
#: Whole numbers up to here are floats without rounding.
_EXACT = 2**53
_NONE = type(None)
_NO_INSTANT = np.iinfo(np.int64).min


def plain_events(rows: object, *, subject_id: str) -> pa.Table | None:
    """Return rows of one patient in canonical order, each once; None if not all are plain.

    Args:
        rows: as JSON said them.
        subject_id: whose they must be, as decimal text.

    >>> at = "2026-03-01T06:00:00Z"
    >>> plain_events([{"code": "A", "known_at": at}] * 2, subject_id="7").num_rows
    1
    >>> plain_events([{"code": "A", "known_at": "yesterday"}], subject_id="7")
    """
    if not isinstance(rows, list) or len(rows) > MOST_EVENTS or set(map(type, rows)) - {dict}:
        return None
    names = set().union(*rows)
    if names - {*_COLUMNS, "subject_id"} or not _PSEUDONYM.fullmatch(subject_id):
        return None
    try:
        _require(_texts(_column(rows, "subject_id", names)) <= {subject_id})
        columns = {
            name: read(_column(rows, name, names))
            for name, read in _COLUMNS.items()
            if name in names or name in _REQUIRED
        }
    except (_NotPlainError, pa.ArrowException, UnicodeError):
        return None
    size = len(rows)
    columns["subject_id"] = pa.array(np.full(size, int(subject_id)))
    columns["source"] = pa.array([SOURCE] * size, pa.string())
    arrays = [_as_told(columns.get(field.name), field.type, size) for field in EVENTS]
    return distinct_in_order(pa.Table.from_arrays(arrays, schema=EVENTS))


def _as_told(column: pa.Array | None, kind: pa.DataType, size: int) -> pa.Array:
    """Return a column in the type of the table; nulls where nothing was said."""
    if column is None:
        return pa.nulls(size, kind)
    return column if column.type == kind else column.cast(kind)


class _NotPlainError(Exception):
    """A column has a value that is not in the plain form; nothing is said of it."""


def _column(rows: list[dict[str, Any]], name: str, names: set[str]) -> list[Any]:
    """Return what each row says under a name, None where it says nothing."""
    if name not in names:
        return [None] * len(rows)
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:
        return [row.get(name) for row in rows]


def _require(holds: bool) -> None:  # noqa: FBT001 - says what it requires
    if not holds:
        raise _NotPlainError


def _words(values: list[Any], *, most: int = _WORD, least: int = 1) -> pa.Array:
    said = _texts(values)
    _require(all(least <= len(text) <= most for text in said))
    return pa.array(values, pa.large_string())


def _texts(values: list[Any]) -> set[str]:
    """Return the different texts of a column, in which there is nothing else but nulls."""
    _require(set(map(type, values)) <= {str, _NONE})
    return set(values) - {None}


def _required(read: Callable[[list[Any]], pa.Array]) -> Callable[[list[Any]], pa.Array]:
    def all_there(values: list[Any]) -> pa.Array:
        _require(None not in values)
        return read(values)

    return all_there


def _numbers(values: list[Any]) -> pa.Array:
    kinds = set(map(type, values))
    _require(kinds <= {float, int, _NONE})
    if int in kinds:
        _require(all(abs(one) <= _EXACT for one in values if type(one) is int))
        values = [float(one) if type(one) is int else one for one in values]
    found = pa.array(values, pa.float64()).cast(pa.float32(), safe=False)
    _require(pc.all(pc.is_finite(found)).as_py() is not False)
    return found


def _pseudonyms(values: list[Any]) -> pa.Array:
    numbers = {text: int(text) for text in _texts(values) if _PSEUDONYM.fullmatch(text)}
    _require(numbers.keys() >= set(values) - {None})
    return pa.array([numbers.get(text) for text in values], pa.int64())


def _instants(values: list[Any]) -> pa.Array:
    _require(set(map(type, values)) <= {str, _NONE})
    found = whole_seconds(values, null=_NO_INSTANT)
    if found is not None:
        return instants(found, null=_NO_INSTANT)
    texts = pa.array(values, pa.string())
    _require(pc.all(pc.match_substring_regex(texts, _INSTANT)).as_py() is not False)
    return texts.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))


def _free_text(values: list[Any]) -> pa.Array:
    return _words(values, most=_TEXT, least=0)


#: How each column is read that a request may bring.
_COLUMNS: dict[str, Callable[[list[Any]], pa.Array]] = {
    "code": _required(_words),
    "time": _instants,
    "known_at": _required(_instants),
    "superseded_at": _instants,
    "numeric_value": _numbers,
    "text_value": _free_text,
    "unit": _words,
    "encounter_id": _pseudonyms,
    "site": _words,
}
#: What every row says.
_REQUIRED = frozenset({"code", "known_at"})
