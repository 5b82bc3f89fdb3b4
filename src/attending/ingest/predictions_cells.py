"""Read the cells of recorded predictions: outcomes in words, risks in percent, decimal commas.

What may be meant in two ways is never guessed: the refusal says what to write.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import BadInput
from attending.ingest.cells import is_true, numbers
from attending.statistics.special import expit

if TYPE_CHECKING:
    from attending.ingest.cells import Column
    from attending.types import Floats

#: Words for nothing, in lower case.
NOTHING = ("", "na", "n/a", "#n/a", "nan", "null", "none", "nil", ".", "?", "-", "missing")
#: Words that are an event, and words that are none, in lower case.
YES = frozenset(
    [
        "1",
        "1.0",
        "yes",
        "y",
        "true",
        "t",
        "positive",
        "pos",
        "event",
        "case",
        "present",
        "ja",
        "j",
        "wahr",
        "oui",
        "vrai",
        "si",
        "sí",
        "sim",
        "verdadeiro",
        "tak",
        "died",
        "dead",
        "deceased",
        "expired",
        "death",
        "died_in_hospital",
        "verstorben",
        "readmitted",
        "admitted",
    ]
)
NO = frozenset(
    [
        "0",
        "0.0",
        "no",
        "n",
        "false",
        "f",
        "negative",
        "neg",
        "no_event",
        "control",
        "absent",
        "nein",
        "falsch",
        "non",
        "faux",
        "não",
        "nao",
        "falso",
        "nie",
        "alive",
        "survived",
        "survivor",
        "lebend",
        "not_readmitted",
        "not_admitted",
    ]
)
_MOST_POINTS = 60
#: Names that say that their numbers are log odds.
_LOG_ODDS = re.compile(
    r"(^|[^a-z])(logit|log[ _.-]?odds|linear[ _.-]?predictor|lin[ _.-]?pred)([^a-z]|$)",
    re.IGNORECASE,
)
#: Names that say that their numbers are percentages.
_PERCENT = re.compile(r"%|(^|[^a-z])(percent|percentage|pct|perc|prozent)([^a-z]|$)", re.IGNORECASE)


class Cells(NamedTuple):
    """Numbers of a column, NaN where there are none, and how they were read."""

    values: Floats
    reading: str


def texts(column: Column) -> Column:
    """Return a column as trimmed text, words for nothing as null.

    >>> texts(pa.chunked_array([["a ", "NA", None]])).to_pylist()
    ['a', None, None]
    """
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    plain = pc.utf8_trim_whitespace(column.cast(pa.string()))
    nothing = pc.is_in(pc.utf8_lower(plain), value_set=pa.array(NOTHING))
    return pc.if_else(nothing, None, plain)


def read_numbers(column: Column, *, name: str) -> Cells:
    """Return a column as numbers; a comma stands before fractions where no cell has a point.

    Raises:
        BadInput: cells that are no numbers, or both marks.

    >>> read_numbers(pa.chunked_array([["0,5", "1"]]), name="risk").values.tolist()
    [0.5, 1.0]
    """
    if not is_text(column.type):
        if not _is_numeric(column.type):
            raise BadInput(
                f"column '{name}' holds {column.type}, not numbers",
                code="predictions.not_numbers",
                hint="Name another column.",
            )
        return Cells(_floats(column), "")
    plain = texts(column)
    spelled = pc.utf8_rtrim(plain, "%")
    percent = is_true(pc.ends_with(plain, "%"))
    spelled = pc.utf8_trim_whitespace(spelled)
    comma = is_true(pc.match_substring(spelled, ",")).any()
    if comma and is_true(pc.match_substring(spelled, ".")).any():
        raise BadInput(
            f"column '{name}' has points in some numbers and commas in others",
            code="predictions.decimal",
            hint="Write all numbers with a decimal point and nothing between thousands.",
        )
    found = numbers(spelled, decimal="," if comma else ".")
    wrong = int(np.count_nonzero(is_true(plain.is_valid()) & is_true(found.is_null())))
    if wrong:
        raise BadInput(
            f"{wrong} of {len(column)} cells of column '{name}' are no numbers",
            code="predictions.not_numbers",
            hint="Leave cells without a value empty, or name another column.",
        )
    if percent.any() and int(percent.sum()) < len(column) - plain.null_count:
        raise BadInput(
            f"{int(percent.sum())} cells of column '{name}' end with % and others do not",
            code="predictions.percent_mixed",
            hint="Write all of them from 0 to 1.",
        )
    said = ["decimal commas"] if comma else []
    return Cells(_floats(found), ", ".join([*said, *(["with %"] if percent.any() else [])]))


def read_risk(column: Column, *, name: str, percent: bool | None = None) -> Cells:
    """Return risks from 0 to 1, NaN where a cell is empty.

    Args:
        column: of numbers or text.
        name: of the column.
        percent: whether cells are percentages; None where nobody said.

    Raises:
        BadInput: not numbers, outside 0 to 1, perhaps percentages, points, or yes and no.

    >>> read_risk(pa.chunked_array([["50 %", "2 %"]]), name="risk").values.tolist()
    [0.5, 0.02]
    """
    found = read_numbers(column, name=name)
    known = found.values[~np.isnan(found.values)]
    if not known.size:
        raise BadInput(f"column '{name}' is empty", code="predictions.no_risk")
    low, high = float(known.min()), float(known.max())
    if percent is None and _LOG_ODDS.search(name) and low < 0.0:
        return Cells(expit(found.values), "log odds, turned into risks")
    signs = "with %" in found.reading
    named = percent is None and bool(_PERCENT.search(name))
    told = signs or named or percent is True
    outside = int(np.count_nonzero((known < 0) | (known > (100 if told else 1))))
    if outside:
        refusal = _outside(known, name=name, outside=outside, asked=percent)
        raise refusal
    if told:
        if high <= 1.0 and not signs:
            raise BadInput(
                f"column '{name}' is said to be percentages, and no cell is above 1",
                code="predictions.percent",
                hint="Write --no-percent: these are risks from 0 to 1.",
            )
        return Cells(found.values / 100.0, "percentages, divided by 100")
    if low in {0.0, 1.0} and not np.count_nonzero((known != 0) & (known != 1)):
        raise BadInput(
            f"column '{name}' holds only 0 and 1: decisions, not probabilities",
            code="predictions.decisions",
            hint="Name the column of probabilities: --risk COLUMN.",
        )
    return Cells(found.values, ", ".join(part for part in ("0 to 1", found.reading) if part))


def _outside(known: Floats, *, name: str, outside: int, asked: bool | None) -> BadInput:
    """Return the refusal of risks outside 0 to 1, by what they may be."""
    if asked is None and known.min() >= 0 and known.max() <= 100:
        if known.max() <= _MOST_POINTS and not np.count_nonzero(known % 1):
            return BadInput(
                f"column '{name}' holds only whole numbers, none above {_MOST_POINTS}: points, or "
                "percentages?",
                code="predictions.points",
                hint="If percentages, write --percent. Points are no probability: turn them into "
                "one on other patients first, or compare with them: --baseline COLUMN.",
            )
        return BadInput(
            f"{outside} of {known.size} cells of column '{name}' are above 1 and none above 100: "
            "percentages?",
            code="predictions.percent",
            hint="If they are, write --percent. If not, name the column of risks: --risk COLUMN.",
        )
    return BadInput(
        f"{outside} of {known.size} cells of column '{name}' are outside 0 to 1",
        code="predictions.outside",
        hint="A risk is a probability. Log odds are read where the column's name says so, such as "
        "'logit'; distances and points must be turned into a probability first. Another column is "
        "named by --risk COLUMN.",
    )


def read_outcome(column: Column, *, name: str, event: str = "") -> tuple[pa.Array, str]:
    """Return outcomes as 0 and 1, null where a cell is empty, and how they were read.

    Args:
        column: of numbers, truth values or words.
        name: of the column.
        event: the word that is the event; every other word is then none.

    Raises:
        BadInput: words of which nobody can say whether they are the event.

    >>> read_outcome(pa.chunked_array([["Yes", "no", ""]]), name="died")[0].to_pylist()
    [1, 0, None]
    >>> read_outcome(pa.chunked_array([["<30", ">30"]]), name="back", event="<30")[0].to_pylist()
    [1, 0]
    """
    coded = _plain_words(column).combine_chunks().dictionary_encode()
    words = coded.dictionary.to_pylist()
    if event:
        wanted = event.strip().lower()
        if wanted not in words:
            raise BadInput(
                f"no cell of column '{name}' is the word that was given as the event",
                code="predictions.event",
                hint="Write it as the file does: --event WORD.",
            )
        answers: list[int | None] = [int(word == wanted) for word in words]
        reading = f"the event is '{event}', every other word is none"
    else:
        answers = [1 if word in YES else 0 if word in NO else None for word in words]
        strange = sum(answer is None for answer in answers)
        if strange:
            raise BadInput(
                f"column '{name}' holds {len(words)} different words, and {strange} of them are "
                "neither yes nor no",
                code="predictions.outcome_words",
                hint="Say which word is the event: --event WORD. Every other word is then none.",
            )
        reading = f"the event is '{'/'.join(sorted(set(words) & YES)) or 'absent'}'"
    taken = pa.array(answers, pa.int8()).take(coded.indices)
    return taken, reading


def _plain_words(column: Column) -> Column:
    """Return cells in lower case; whole numbers without a point and what follows it."""
    words = pc.utf8_lower(texts(column))
    return pc.replace_substring_regex(words, r"^([+-]?\d+)[.,]0+$", r"\1")


def read_baseline(column: Column, *, name: str) -> tuple[Floats, bool]:
    """Return what is compared with as numbers, and whether it is yes and no: decisions.

    Raises:
        BadInput: neither numbers nor yes and no.

    >>> read_baseline(pa.chunked_array([["Y", "N", ""]]), name="flag")
    (array([ 1.,  0., nan]), True)
    """
    try:
        return read_numbers(column, name=name).values, False
    except BadInput as not_numbers:
        try:
            return _floats(read_outcome(column, name=name)[0]), True
        except BadInput:
            raise not_numbers from None


def is_text(kind: pa.DataType) -> bool:
    """Return whether cells are words, plain or coded."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))


def _is_numeric(kind: pa.DataType) -> bool:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return any(test(inner) for test in tests)


def _floats(column: Column) -> Floats:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    plain = whole.cast(pa.float64())
    return np.asarray(plain.to_numpy(zero_copy_only=False), dtype=np.float64)
