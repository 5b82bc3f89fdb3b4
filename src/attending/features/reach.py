"""Which predictions had an observation within reach: known at their time, inside a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.features.lineage import uses

if TYPE_CHECKING:
    from attending.specs.features import FeaturesSpec
    from attending.types import Ints, Mask

#: How far back a feature looks: microseconds, the `encounter`, or `ever`.
Reach: TypeAlias = int | str
_AT_ONCE = 200_000
_NEVER = np.iinfo(np.int64).max
_NO_ENCOUNTER = -1


def reaches(spec: FeaturesSpec, code: str) -> frozenset[Reach]:
    """Return how far back the features look that read a code; empty when none reads it.

    A feature as of a clock time looks from an earlier instant, so it counts as `ever`: the list
    is then longer than it need be, never shorter.
    """
    found: set[Reach] = set()
    for use in uses(spec):
        feature = spec.feature(use.name)
        if feature.expression is None and any(_reads(one, code) for one in use.codes):
            found.add("ever" if feature.window is None or feature.as_of else feature.window)
    return frozenset(found)


def _reads(pattern: str, code: str) -> bool:
    return code.startswith(pattern[:-1]) if pattern.endswith("*") else code == pattern


def reached(predictions: pa.Table, rows: pa.Table, far: frozenset[Reach]) -> Mask:
    """Return which predictions had one of the rows within reach.

    Args:
        predictions: columns `subject_id`, `encounter_id`, `prediction_time`.
        rows: events, with both clocks.
        far: how far back is looked; a window is (p - length, p].

    >>> import pyarrow as pa
    >>> asked = pa.table({"subject_id": [1, 1], "encounter_id": [5, 5], "prediction_time": [9, 90]})
    >>> seen = {"subject_id": [1], "encounter_id": [5], "time": [5], "known_at": [8]}
    >>> row = pa.table(seen | {"superseded_at": pa.array([None], pa.int64())})
    >>> reached(asked, row, frozenset({10})).tolist()
    [True, False]
    """
    order = np.argsort(_ints(predictions, "subject_id"), kind="stable")
    ordered = predictions.take(pa.array(order))
    marks = np.zeros(len(order), np.bool_)
    for start in range(0, rows.num_rows, _AT_ONCE):
        some = rows.slice(start, _AT_ONCE)
        row, at = _pairs(_ints(some, "subject_id"), _ints(ordered, "subject_id"))
        marks[order[at[_seen(ordered, some, far, pairs=(row, at))]]] = True
    return marks


def _pairs(whose: Ints, subjects: Ints) -> tuple[Ints, Ints]:
    """Return every pair of a row and a prediction of its patient, by position."""
    first = np.searchsorted(subjects, whose, "left")
    many = np.searchsorted(subjects, whose, "right") - first
    row = np.repeat(np.arange(len(whose)), many)
    step = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
    return row, first[row] + step


def _seen(
    asked: pa.Table, rows: pa.Table, far: frozenset[Reach], *, pairs: tuple[Ints, Ints]
) -> Mask:
    row, at = pairs
    p, time = _ints(asked, "prediction_time")[at], _ints(rows, "time")[row]
    visible = (time <= p) & (_ints(rows, "known_at", _NEVER)[row] <= p)
    visible &= p < _ints(rows, "superseded_at", _NEVER)[row]
    inside = np.zeros(len(row), np.bool_)
    for one in far:
        if one == "encounter":
            stay = _ints(rows, "encounter_id", _NO_ENCOUNTER)[row]
            inside |= stay == _ints(asked, "encounter_id", _NO_ENCOUNTER)[at]
        else:
            inside |= time > p - one if isinstance(one, int) else np.ones(len(row), np.bool_)
    return visible & inside


def _ints(table: pa.Table, name: str, missing: int = 0) -> Ints:
    return np.asarray(pc.fill_null(table[name].cast(pa.int64()), missing), dtype=np.int64)
