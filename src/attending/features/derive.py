"""Derived features: a tree of operations over features that are there already."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.conversions import conversion
from attending.engines import kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from attending.specs.expression import Expression
    from attending.types import Floats, Ints, Mask


class Operand(NamedTuple):
    """One part of a tree at every prediction; the instants are None without a trace."""

    values: Floats
    state: NDArray[np.uint8]
    newest_time: Ints | None
    newest_known: Ints | None


def derive(expression: Expression, operand: Callable[[str], Operand], n: int) -> Operand:
    """Return what an expression gives.

    Missing where an operand is, with the first such operand's reason; `coalesce` takes the first
    operand that is not missing. The marks and the newest instants are those of what was used.

    Args:
        expression: the tree.
        operand: gives a feature by its name.
        n: how many predictions there are.
    """
    parts = [_part(one, operand, n) for one in expression.of]
    if expression.op == "coalesce":
        return _first_present(parts)
    values = _values(expression, [part.values for part in parts])
    return Operand(
        values,
        _state(values, np.stack([part.state for part in parts], axis=1)),
        _newest([part.newest_time for part in parts]),
        _newest([part.newest_known for part in parts]),
    )


def _part(part: str | float | Expression, operand: Callable[[str], Operand], n: int) -> Operand:
    if isinstance(part, str):
        return operand(part)
    if isinstance(part, float | int):
        nothing = np.full(n, kernel.STATIC)
        return Operand(np.full(n, float(part)), np.zeros(n, np.uint8), nothing, nothing)
    return derive(part, operand, n)


def _values(expression: Expression, values: Sequence[Floats]) -> Floats:
    first = values[0]
    if expression.op == "convert":
        return _converted(expression, first)
    if expression.op == "clip":
        return np.minimum(np.maximum(first, values[1]), values[2])
    if expression.op == "log":
        return _log(first)
    for other in values[1:]:
        first = _OPERATIONS[expression.op](first, other)
    return first


def _converted(expression: Expression, values: Floats) -> Floats:
    how = conversion(str(expression.unit), str(expression.into), molar_mass=expression.molar_mass)
    return values * how.factor + how.offset


def _log(values: Floats) -> Floats:
    """Return natural logarithms one by one: an array's may differ in the last bit by its length."""
    there = values > 0.0
    found = np.full_like(values, np.nan)
    found[there] = [math.log(value) for value in values[there].tolist()]
    return found


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below != 0.0)


def _compared(holds: Callable[[Floats, Floats], Mask]) -> Callable[[Floats, Floats], Floats]:
    def compare(a: Floats, b: Floats) -> Floats:
        missing = np.isnan(a) | np.isnan(b)
        return np.where(missing, np.nan, holds(a, b).astype(np.float64))

    return compare


_OPERATIONS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "sum": np.add,
    "difference": np.subtract,
    "product": np.multiply,
    "ratio": _ratio,
    "min": np.minimum,
    "max": np.maximum,
    "above": _compared(np.greater),
    "at_least": _compared(np.greater_equal),
    "below": _compared(np.less),
    "at_most": _compared(np.less_equal),
    "equal": _compared(np.equal),
}


def _state(values: Floats, state: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the first missing operand's reason, or that the operation has no value."""
    reasons = state & 0x0F
    first = np.argmax(reasons > 0, axis=1)
    reason = reasons[np.arange(len(values)), first]
    reason[(reason == 0) & np.isnan(values)] = kernel.NO_VALUE
    marks = np.bitwise_or.reduce(state & 0xF0, axis=1)
    return np.asarray(reason | marks, dtype=np.uint8)


def _newest(instants: Sequence[Ints | None]) -> Ints | None:
    held = [one for one in instants if one is not None]
    return np.max(held, axis=0) if len(held) == len(instants) else None


def _first_present(parts: Sequence[Operand]) -> Operand:
    chosen = parts[0]
    for part in parts[1:]:
        take = np.isnan(chosen.values) & ~np.isnan(part.values)
        chosen = Operand(
            np.where(take, part.values, chosen.values),
            np.where(take, part.state, chosen.state),
            _taken(take, part.newest_time, chosen.newest_time),
            _taken(take, part.newest_known, chosen.newest_known),
        )
    return chosen


def _taken(take: Mask, one: Ints | None, other: Ints | None) -> Ints | None:
    return None if one is None or other is None else np.where(take, one, other)
