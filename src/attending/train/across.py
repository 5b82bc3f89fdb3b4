"""Measures of two models on the same rows, in the data and in every draw of patients.

A draw weighs patients by a hash of (seed, draw, patient). So a patient has one weight in a draw
whatever the rows, the label or the model, and a difference between any two cells is paired.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.statistics.bootstrap import bootstrap, draw_weights
from attending.statistics.bootstrap_draws import DRAWN
from attending.statistics.catalog import MEASURES
from attending.statistics.number_bootstrap import DRAWN as DRAWN_OF_NUMBERS
from attending.statistics.number_bootstrap import number_bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.statistics.number_bootstrap import Predicted
    from attending.types import Floats, Ints, Outcomes

#: Draws of a measure that needs a fit of its own, such as the slope: each draw fits again.
FITTED_DRAWS = 200
#: Above so many rows such a measure has no interval: a draw would take seconds.
MOST_FITTED_ROWS = 200_000
_MODELS = ("before", "after")


class Rows(NamedTuple):
    """One run's test rows under one run's label, as both models score them.

    Attributes:
        outcome: shape (n,), known: 0 or 1, days, or a count.
        said: of the first run's model and of the second's, shape (n,) each.
        cluster: shape (n,), the patient or unit of each row.
    """

    outcome: Floats
    said: tuple[Predicted, Predicted]
    cluster: Ints


def measures_across(agreed: Sequence[str], outcome_type: str) -> list[str]:
    """Return which of the agreed measures are scored across, each once.

    >>> measures_across(["auroc", "psi", "auroc"], "yes_no")
    ['auroc']
    >>> measures_across(["mae", "interval_coverage"], "number")
    ['mae', 'interval_coverage']
    """
    names = list(dict.fromkeys(agreed))
    if outcome_type == "yes_no":
        return [name for name in names if MEASURES.get(name).kind in {"ranking", "risk"}]
    return [name for name in names if name in DRAWN_OF_NUMBERS]


def drawn(
    rows: Rows, names: Sequence[str], *, outcome_type: str, draws: int, seed: int
) -> dict[str, tuple[Floats, Floats]]:
    """Return by measure the values of both models: the data first, then draw by draw.

    Args:
        rows: what is scored.
        names: measures, as `measures_across` gave them.
        outcome_type: of both runs.
        draws: how many; a measure that is fitted anew in each has fewer, or none.
        seed: part of every weight.

    Returns:
        Arrays of shape (draws + 1,); NaN where a measure is not defined.

    >>> from attending.statistics.number_bootstrap import Predicted
    >>> said = Predicted(np.array([0.1, 0.4, 0.35, 0.8])), Predicted(np.array([0.1, 0.2, 0.3, 0.4]))
    >>> found = drawn(Rows(np.array([0.0, 0, 1, 1]), said, np.arange(4)), ["auroc"],
    ...     outcome_type="yes_no", draws=50, seed=1)
    >>> [(float(one[0]), len(one)) for one in found["auroc"]]
    [(0.75, 51), (1.0, 51)]
    """
    if not rows.outcome.size:
        return {name: (np.array([np.nan]), np.array([np.nan])) for name in names}
    if outcome_type != "yes_no":
        return _of_numbers(rows, names, draws=draws, seed=seed)
    return _of_risks(rows, names, draws=draws, seed=seed)


def _of_numbers(
    rows: Rows, names: Sequence[str], *, draws: int, seed: int
) -> dict[str, tuple[Floats, Floats]]:
    models = dict(zip(_MODELS, rows.said, strict=True))
    made = number_bootstrap(rows.outcome, models, rows.cluster, draws=draws, seed=seed)
    return {name: (made.values(name, "before"), made.values(name, "after")) for name in names}


def _of_risks(
    rows: Rows, names: Sequence[str], *, draws: int, seed: int
) -> dict[str, tuple[Floats, Floats]]:
    outcome = rows.outcome.astype(np.int8)
    risks = {model: said.value for model, said in zip(_MODELS, rows.said, strict=True)}
    made = bootstrap(outcome, risks, rows.cluster, draws=draws, seed=seed)
    found = {
        name: (made.values(name, "before"), made.values(name, "after"))
        for name in names
        if name in DRAWN
    }
    for name in names:
        if name not in found:
            both = (
                _fitted(name, outcome, risks[model], cluster=rows.cluster, draws=draws, seed=seed)
                for model in _MODELS
            )
            found[name] = (next(both), next(both))
    return found


def _fitted(
    name: str, outcome: Outcomes, risk: Floats, *, cluster: Ints, draws: int, seed: int
) -> Floats:
    """Return a measure that no running sum gives: each draw repeats rows by their weight."""
    values = [_figure(name, outcome, risk)]
    owners, owner = np.unique(cluster, return_inverse=True)
    times = min(draws, FITTED_DRAWS) if outcome.size <= MOST_FITTED_ROWS else 0
    for draw in range(1, times + 1):
        weight = draw_weights(owners, draw=draw, seed=seed)[owner]
        kept = np.repeat(np.arange(outcome.size), weight)
        values.append(_figure(name, outcome[kept], risk[kept]))
    return np.array(values)


def _figure(name: str, outcome: Outcomes, risk: Floats) -> float:
    """Return a measure, NaN where it is not defined: one outcome only, or no spread of risks."""
    try:
        return float(MEASURES.get(name).compute(outcome, risk))
    except BadInput:
        return float("nan")
