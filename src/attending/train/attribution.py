"""Attribute the change of a measure to rows, label and model, by scoring across two runs.

A measure is known in every cell (whose rows, whose label, whose model). Going from the first run to
the second, the factors are changed one at a time; what the measure does at each step is that
factor's part. Orders differ, so the parts are the mean over them (Shapley values), and they add up.
An order that scores a model on rows that it was fitted on is left out while another is left.
The same is done in every draw of patients: the parts of a draw add up to the change of that draw.

References:
    Shapley, A value for n-person games, 1953.
"""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from attending.records.run_diff import Ends, Shares
from attending.statistics.bootstrap_draws import spread
from attending.statistics.catalog import MEASURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.records.run_diff import Factor
    from attending.types import Floats

#: Whose rows, label and model: False is the first run's, True the second's.
CellKey: TypeAlias = tuple[bool, bool, bool]

FACTORS: tuple[Factor, ...] = ("population", "label", "model")
#: An interval is given when the figure is defined in at least this share of the draws.
FEWEST_DRAWS = 0.9


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
    figures: Mapping[CellKey, Floats], ways: Sequence[Sequence[CellKey]]
) -> dict[Factor, Floats]:
    """Return each factor's part of the change from the first cell to the last, draw by draw.

    Args:
        figures: by cell, shape (draws,).
        ways: as `orders` gave them.

    >>> cells = {key: np.array([0.8 - 0.1 * key[0] - 0.02 * key[2]]) for key in sum(orders(), ())}
    >>> {name: round(float(part[0]), 3) for name, part in shares(cells, orders()).items()}
    {'population': -0.1, 'label': 0.0, 'model': -0.02}
    """
    size = len(next(iter(figures.values())))
    parts: dict[Factor, Floats] = {name: np.zeros(size) for name in FACTORS}
    for way in ways:
        for before, after in pairwise(way):
            factor = next(name for name, a, b in zip(FACTORS, before, after, strict=True) if a != b)
            parts[factor] = parts[factor] + (figures[after] - figures[before]) / len(ways)
    return parts


def attributed(
    name: str, values: Mapping[CellKey, Floats], ways: Sequence[Sequence[CellKey]]
) -> Shares | None:
    """Return how a measure changed, with each factor's part and their intervals over draws.

    Args:
        name: the measure.
        values: by cell, the figure in the data and then in every draw, NaN where not defined.
        ways: as `orders` gave them.

    Returns:
        None where the measure is not defined in the data of a cell that is passed.
    """
    passed = {key: values[key] for way in ways for key in way}
    if any(np.isnan(found[0]) for found in passed.values()):
        return None
    parts: dict[str, Floats] = {str(which): part for which, part in shares(passed, ways).items()}
    first, last = passed[False, False, False], passed[True, True, True]
    every = {"before": first, "after": last, "change": last - first, **parts}
    measure = MEASURES.get(name)
    return Shares(
        measure=name,
        label_text=measure.label,
        direction=measure.direction,
        **{which: float(found[0]) for which, found in every.items()},
        intervals={which: _ends(found[1:]) for which, found in every.items() if len(found) > 1},
    )


def _ends(draws: Floats) -> Ends:
    found = spread(draws)
    if found.used < FEWEST_DRAWS * len(draws):
        return Ends(low=None, high=None, draws=found.used)
    return Ends(low=found.low, high=found.high, draws=found.used)
