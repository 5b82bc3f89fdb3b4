"""Which way a value goes, from the features that measure its change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.times import stated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.specs.features import FeatureSpec, FeaturesSpec

_LEVELS = frozenset({"last", "first", "mean", "median", "min", "max", "ewm"})


def moves_of(spec: FeaturesSpec) -> tuple[tuple[str, FeatureSpec], ...]:
    """Return each feature that is a level with each of the same codes that measures its change.

    Args:
        spec: the features, a change among them by `aggregate: delta` or `slope`.
    """
    moves = [one for one in spec.features if one.aggregate in {"delta", "slope"}]
    levels = [one for one in spec.features if one.aggregate in _LEVELS]
    return tuple(
        (level.name, move) for level in levels for move in moves if _codes(move) == _codes(level)
    )


def trends(
    moves: Sequence[tuple[str, FeatureSpec]], values: Mapping[str, float | None]
) -> dict[str, str]:
    """Return by feature how its value moves, where another feature of the same codes says so.

    Args:
        moves: of the features, as `moves_of` gives them.
        values: of this patient, by feature; None where missing.
    """
    found: dict[str, str] = {}
    for level, move in moves:
        value = values.get(move.name)
        if value is not None and level not in found:
            found[level] = in_words(move, value)
    return found


def _codes(feature: FeatureSpec) -> tuple[object, ...]:
    return (feature.codes, feature.code_list)


def in_words(move: FeatureSpec, value: float) -> str:
    """Return a change in words, such as `up 0.6 in this stay`."""
    held = move.window
    span = f"in {stated(held)}" if isinstance(held, int) else "in this stay"
    if value == 0:
        return f"unchanged {span}"
    way = "up" if value > 0 else "down"
    each = " an hour" if move.aggregate == "slope" else ""
    return f"{way} {abs(value):.2g}{each} {span}"
