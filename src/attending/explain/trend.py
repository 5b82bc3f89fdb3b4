"""Which way a value goes, from the features that measure its change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.times import format_length

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.specs.features import FeatureSpec, FeaturesSpec

_LEVELS = frozenset({"last", "first", "mean", "median", "min", "max", "ewm"})


def trends(spec: FeaturesSpec, values: Mapping[str, float | None]) -> dict[str, str]:
    """Return by feature how its value moves, where another feature of the same codes says so.

    Args:
        spec: the features, a change among them by `aggregate: delta` or `slope`.
        values: of this patient, by feature; None where missing.
    """
    moves = [one for one in spec.features if one.aggregate in {"delta", "slope"}]
    found: dict[str, str] = {}
    for level in spec.features:
        if level.aggregate not in _LEVELS:
            continue
        for move in moves:
            value = values.get(move.name)
            if _codes(move) == _codes(level) and value is not None:
                found.setdefault(level.name, in_words(move, value))
    return found


def _codes(feature: FeatureSpec) -> tuple[object, ...]:
    return (feature.codes, feature.code_list)


def in_words(move: FeatureSpec, value: float) -> str:
    """Return a change in words, such as `up 0.6 in this stay`."""
    held = move.window
    span = f"in {format_length(held)}" if isinstance(held, int) else "in this stay"
    if value == 0:
        return f"unchanged {span}"
    way = "up" if value > 0 else "down"
    each = " an hour" if move.aggregate == "slope" else ""
    return f"{way} {abs(value):.2g}{each} {span}"
