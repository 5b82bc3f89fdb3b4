"""Turn columns of text into numbers and instants; a cell that is neither becomes null."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.times import DAY

if TYPE_CHECKING:
    from attending.types import Ints, Mask

Column: TypeAlias = pa.ChunkedArray
INSTANT = pa.timestamp("us")
_ZONED = pa.timestamp("us", tz="UTC")
_NUMBER = r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$"
#: Digits with points, commas, blanks or quotes among them, and any sign or dash before them.
_LOOKS_LIKE_A_NUMBER = r"^\s*[+\-\x{2212}\x{2012}-\x{2015}]?\s*[.,]?\d[\d.,'\x{a0}\x{202f} ]*\s*$"
#: A number with a word behind it, as `0.2 h` or `85 %`.
_NUMBER_AND_WORD = r"^\s*[+\-\x{2212}]?[.,]?\d[\d.,]*\s*[\pL%\x{b0}\[{/]"
_OFFSET = re.compile(r"\d(Z|z|[+-]\d{2}:?\d{2})\s*$")
_DATE_LENGTH = 10
#: The last microsecond of a day: a date without a time is known by then, and not before.
LAST_OF_DAY = DAY - 1
#: Stands for a null time in arrays of microseconds; earlier than any.
NO_TIME = np.iinfo(np.int64).min


def numbers(column: Column, *, decimal: str = ".") -> Column:
    """Return a column of text as numbers, null where the text is no finite number.

    Args:
        column: of text.
        decimal: the mark before fractions, a point or a comma.

    >>> numbers(pa.chunked_array([["1.5", "<0.01", None, "-2", "1e999"]])).to_pylist()
    [1.5, None, None, -2.0, None]
    >>> numbers(pa.chunked_array([["1.5", "1,5", "12"]]), decimal=",").to_pylist()
    [None, 1.5, 12.0]
    """
    spelled = pc.utf8_trim_whitespace(column)
    if decimal != ".":
        pointed = pc.if_else(pc.match_substring(spelled, "."), None, spelled)
        spelled = pc.replace_substring(pointed, decimal, ".")
    kept = pc.if_else(pc.match_substring_regex(spelled, _NUMBER), spelled, None)
    values = kept.cast(pa.float64())
    fits = pc.less(pc.abs(values), float(np.finfo(np.float32).max))
    return pc.if_else(fits, values, None)


def strange_numbers(column: Column, read: Column) -> Mask:
    """Return where a text looks like a number, and is not written as the others are.

    It may be a thousand or a thousandth: which of them is never guessed.

    Args:
        column: of text.
        read: its numbers, null where there is none.

    >>> cells = pa.chunked_array([["1,5", "1.234,5", "\u22124", "1.5", "<1", "2+", None]])
    >>> strange_numbers(cells, numbers(cells)).tolist()
    [True, True, True, False, False, False, False]
    """
    strange = is_true(read.is_null()) & is_true(column.is_valid())
    if strange.any():
        texts = column.filter(pa.array(strange))
        strange[strange] = is_true(pc.match_substring_regex(texts, _LOOKS_LIKE_A_NUMBER))
    return strange


def numbers_with_a_word(column: Column) -> Mask:
    """Return where a text is a number and a word, in a column whose one unit was declared.

    The word may be another unit: the number is not in the declared one, and no text either.

    >>> cells = pa.chunked_array([["0.2 h", "85%", "12", "<1", "2+", "none", None]])
    >>> numbers_with_a_word(cells).tolist()
    [True, True, False, False, False, False, False]
    """
    return is_true(pc.match_substring_regex(column, _NUMBER_AND_WORD))


def instants(column: Column) -> Column:
    """Return RFC 3339 text, or text without a zone, as UTC; null where it is neither.

    >>> cells = pa.chunked_array([["2023-01-05T13:00:00Z", "2023-01-05 13:00:00", "soon"]])
    >>> [str(at) for at in instants(cells).to_pylist()]
    ['2023-01-05 13:00:00', '2023-01-05 13:00:00', 'None']
    """
    for form in _forms(column):
        try:
            return column.cast(form).cast(INSTANT)
        except pa.ArrowInvalid:
            continue
    coded = column.dictionary_encode().unify_dictionaries()
    words = coded.chunk(0).dictionary if coded.num_chunks else pa.array([], pa.string())
    found = pa.chunked_array([[_instant(text) for text in words.to_pylist()]], type=INSTANT)
    places = pa.chunked_array([chunk.indices for chunk in coded.chunks], type=pa.int32())
    return found.take(places)


def _forms(column: Column) -> tuple[pa.DataType, ...]:
    """Return how texts may be read, first as the first of them is: a wrong guess is slow."""
    first = column.drop_null().slice(0, 1).to_pylist()
    zoned = bool(first) and _OFFSET.search(first[0]) is not None
    return (_ZONED, INSTANT) if zoned else (INSTANT, _ZONED)


def _instant(text: str | None) -> pa.Scalar:
    if text is None:
        return None
    for form in (_ZONED, INSTANT):
        try:
            return pa.scalar(text.strip()).cast(form).cast(INSTANT)
        except pa.ArrowInvalid:
            continue
    return None


def shifted(column: Column, micros: int | Column) -> Column:
    """Return instants moved by a length in microseconds."""
    length = micros if isinstance(micros, (pa.Array, pa.ChunkedArray)) else pa.scalar(micros)
    return pc.add(column, length.cast(pa.duration("us")))


def end_of_day(column: Column) -> Column:
    """Return the last microsecond of the day of each instant.

    >>> end_of_day(instants(pa.chunked_array([["2023-01-05"]])))[0].as_py().isoformat()
    '2023-01-05T23:59:59.999999'
    """
    return shifted(pc.floor_temporal(column, unit="day"), LAST_OF_DAY)


def later(first: Column, second: Column) -> Column:
    """Return the later of two instants; null only where both are."""
    return pc.max_element_wise(first, second, skip_nulls=True)


def micros(column: Column) -> Ints:
    """Return instants as microseconds, `NO_TIME` where null."""
    filled = pc.fill_null(column.cast(pa.int64()), int(NO_TIME))
    return np.asarray(filled, dtype=np.int64)


def is_true(condition: Column) -> Mask:
    """Return a column of truth values as an array; null counts as false."""
    return np.asarray(pc.fill_null(condition, False), dtype=np.bool_)  # noqa: FBT003 - arrow


def joined(*parts: str | Column) -> Column:
    """Return `A//B` codes of fixed words and columns; null where a part is null.

    >>> joined("LOINC", pa.chunked_array([["2160-0", None]])).to_pylist()
    ['LOINC//2160-0', None]
    """
    return pc.binary_join_element_wise(*parts, "//")


def looked_up(column: Column, table: dict[str, str | None]) -> Column:
    """Return each text's entry in a table, null where it has none.

    >>> looked_up(pa.chunked_array([["F", "x"]]), {"F": "FEMALE"}).to_pylist()
    ['FEMALE', None]
    """
    keys = pa.array(list(table), type=pa.string())
    places = pc.index_in(column, value_set=keys)
    return pa.chunked_array([pa.array(list(table.values()), type=pa.string())]).take(places)
