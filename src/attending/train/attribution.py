"""Attribute the change of a measure to rows, label and model, by scoring across two runs.

A measure is known in every cell (whose rows, whose label, whose model). Going from the first run to
the second, the factors are changed one at a time; what the measure does at each step is that
factor's part. Orders differ, so the parts are the mean over them (Shapley values), and they add up.
An order that scores a model on rows that it was fitted on is left out while another is left.

References:
    Shapley, A value for n-person games, 1953.
"""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.records.run_diff import Factor

#: Whose rows, label and model: False is the first run's, True the second's.
CellKey: TypeAlias = tuple[bool, bool, bool]

FACTORS: tuple[Factor, ...] = ("population", "label", "model")


def orders(spoilt: Sequence[CellKey] = ()) -> list[tuple[CellKey, ...]]:
    """Return the orders in which factors may be changed, each as the cells that it passes.

    Args:
        spoilt: cells whose model was fitted on their rows.

    >>> len(orders()), len(orders(spoilt=[(False, False, True), (False, True, True)]))
    (6, 3)
    """
    every = [_cells(order) for order in permutations(range(len(FACTORS)))]
    sound = [cells for cells in every if not set(cells) & set(spoilt)]
    return sound or every


def _cells(order: Sequence[int]) -> tuple[CellKey, ...]:
    passed: list[CellKey] = [(False, False, False)]
    for at in order:
        changed = list(passed[-1])
        changed[at] = True
        passed.append((changed[0], changed[1], changed[2]))
    return tuple(passed)


def shares(
    figures: Mapping[CellKey, float], ways: Sequence[Sequence[CellKey]]
) -> dict[Factor, float]:
    """Return each factor's part of the change from the first cell to the last.

    >>> cells = {key: 0.8 - 0.1 * key[0] - 0.02 * key[2] for key in set(sum(orders(), ()))}
    >>> {name: round(part, 3) for name, part in shares(cells, orders()).items()}
    {'population': -0.1, 'label': 0.0, 'model': -0.02}
    """
    parts: dict[Factor, float] = dict.fromkeys(FACTORS, 0.0)
    for way in ways:
        for before, after in pairwise(way):
            factor = next(name for name, a, b in zip(FACTORS, before, after, strict=True) if a != b)
            parts[factor] += (figures[after] - figures[before]) / len(ways)
    return parts
