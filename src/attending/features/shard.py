"""Features of one shard or one patient: a pure function that every engine maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.engines import kernel
from attending.engines.ages import years_between
from attending.engines.plan import NO_START
from attending.features.bedside import scored, tables
from attending.features.derive import Operand, derive

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from numpy.typing import NDArray

    from attending.engines.plan import Filled, Predictions
    from attending.features.compiled import Compiled
    from attending.specs.expression import Expression
    from attending.specs.features import FeatureSpec
    from attending.types import Floats, Ints

_HOUR = 3_600_000_000.0


class Cells(NamedTuple):
    """One array a feature, and the state of every cell; NaN is missing.

    `newest_time` and `newest_known` are microseconds, `kernel.STATIC` for none, and have rows
    only when they were asked for.
    """

    values: list[Floats]
    state: NDArray[np.uint8]
    newest_time: list[Ints]
    newest_known: list[Ints]


def compute(
    compiled: Compiled, events: pa.Table, predictions: Predictions, *, trace: bool = False
) -> Cells:
    """Return every feature at every prediction from the rows of whole patients.

    Args:
        compiled: the features.
        events: rows in canonical order, with the columns that the kernel reads.
        predictions: ascending by subject; `NO_START` where the start of the stay is unknown.
        trace: also return the instants of the newest row behind each cell.

    Raises:
        IntegrityBroken: the rows are not in canonical order.
    """
    start = predictions.start
    unknown = start == NO_START
    safe = predictions._replace(start=np.where(unknown, predictions.time + 1, start))
    filled = compiled.plan.fill(events, safe, trace=trace)
    values = [filled.values[column] for column in compiled.column]
    state = np.ascontiguousarray(filled.state[:, compiled.column])
    cells = Cells(values, state, *_traces(compiled, filled))
    scores = tables(compiled.scores, events, predictions) if compiled.scores else {}
    for number in compiled.special:
        if number in scores:
            _score(compiled, number, made=scores[number], cells=cells)
            continue
        _special(compiled, number, filled=filled, predictions=safe, cells=cells)
        if compiled.spec.features[number].kind == "stay_hours":
            values[number][unknown] = np.nan
            state[unknown, number] = kernel.NO_VALUE
    return cells


def _traces(compiled: Compiled, filled: Filled) -> tuple[list[Ints], list[Ints]]:
    if not len(filled.newest_time):
        return [], []
    return (
        [filled.newest_time[column] for column in compiled.column],
        [filled.newest_known[column] for column in compiled.column],
    )


def _special(
    compiled: Compiled, number: int, *, filled: Filled, predictions: Predictions, cells: Cells
) -> None:
    """Put in place a feature that is not simply a column of the kernel."""
    feature = compiled.spec.features[number]
    if feature.expression is not None:
        _derive(compiled, number, feature.expression, cells=cells)
    elif feature.kind == "age":
        cells.values[number] = _ages(cells.values[number], predictions.time)
    elif feature.kind == "static":
        state = cells.state[:, number]
        cells.values[number] = _known_only(
            cells.values[number], filled, beside=compiled.beside[number], state=state
        )
    else:
        cells.values[number] = _from_clock(feature, predictions)
        cells.state[:, number] = kernel.PRESENT


def _ages(born: Floats, at: Ints) -> Floats:
    missing = np.isnan(born)
    years = years_between(np.where(missing, at, born).astype(np.int64), at)
    return np.where(missing, np.nan, years)


def _known_only(values: Floats, filled: Filled, *, beside: int, state: NDArray[np.uint8]) -> Floats:
    """Return 1 or 0 where the vocabulary was seen at all; a sex not recorded is not male."""
    absent = filled.values[beside] == 0.0
    state[absent] = filled.state[absent, beside] & 0xF0 | kernel.NEVER_MEASURED
    return np.where(absent, np.nan, values)


def _from_clock(feature: FeatureSpec, predictions: Predictions) -> Floats:
    """Return what the prediction's own instants say."""
    at = predictions.time
    if feature.kind == "stay_hours":
        return (at - predictions.start) / _HOUR
    return clock_part(str(feature.part), at)


def clock_part(part: str, at: Ints) -> Floats:
    """Return the hour, weekday or month of instants.

    >>> clock_part("weekday", np.array([0])).tolist()
    [3.0]
    """
    return _PARTS[part](at).astype(np.float64)


def _month(at: Ints) -> Ints:
    return at.astype("M8[us]").astype("M8[M]").astype(np.int64) % 12 + 1


#: In UTC, or in the source's own floating time. Weekday: Monday is 0; 1970-01-01 was a Thursday.
_PARTS: dict[str, Callable[[Ints], Ints]] = {
    "hour": lambda at: at // 3_600_000_000 % 24,
    "weekday": lambda at: (at // 86_400_000_000 + 3) % 7,
    "month": _month,
}


def _derive(compiled: Compiled, number: int, expression: Expression, *, cells: Cells) -> None:
    names = compiled.spec.names

    def operand(name: str) -> Operand:
        at = names.index(name)
        traced = (
            (cells.newest_time[at], cells.newest_known[at]) if cells.newest_time else (None,) * 2
        )
        return Operand(cells.values[at], cells.state[:, at], *traced)

    _put(cells, number, derive(expression, operand, len(cells.state)))


def _score(compiled: Compiled, number: int, *, made: pa.Table, cells: Cells) -> None:
    component = compiled.spec.features[number].component
    components = (component,) if component else compiled.scores[number].components
    state = cells.state[:, number]
    _put(cells, number, scored(made, components, total=component is None, state=state))


def _put(cells: Cells, number: int, made: Operand) -> None:
    cells.values[number] = made.values
    cells.state[:, number] = made.state
    if cells.newest_time and made.newest_time is not None and made.newest_known is not None:
        cells.newest_time[number] = made.newest_time
        cells.newest_known[number] = made.newest_known
