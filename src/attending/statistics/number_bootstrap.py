"""Clustered bootstrap of numbers: weighted sums of every draw, read as measures and differences.

All measures of numbers are made from a few sums over rows. These are summed once over the rows of
each cluster (a patient, or a unit); a draw then weighs clusters, by the weights of `bootstrap`,
so that all models and groups of one draw share them: differences are paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput, did_you_mean
from attending.statistics.bootstrap import draw_weights
from attending.statistics.bootstrap_draws import Spread, spread
from attending.statistics.pinball_loss import row_pinball
from attending.statistics.poisson_deviance import row_deviance

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from numpy.typing import NDArray

    from attending.types import Floats, Ints, Mask


class Predicted(NamedTuple):
    """The predictions of one model: a number each, NaN where it has none, and perhaps an interval.

    `level` is the share that the interval is to hold, such as 0.8.
    """

    value: Floats
    low: Floats | None = None
    high: Floats | None = None
    level: float = 0.8


class _Sums(NamedTuple):
    """Sums of every draw over one model and group."""

    rows: Floats
    observed: Floats
    predicted: Floats
    absolute: Floats
    squared: Floats
    observed_squares: Floats
    predicted_squares: Floats
    products: Floats
    deviance: Floats
    covered: Floats
    width: Floats
    pinball: Floats


_FORMULAS: dict[str, Callable[[_Sums], Floats]] = {
    "mae": lambda s: s.absolute / s.rows,
    "rmse": lambda s: np.sqrt(s.squared / s.rows),
    "r_squared": lambda s: 1.0 - s.squared / (s.observed_squares - s.observed**2 / s.rows),
    "mean_error": lambda s: (s.predicted - s.observed) / s.rows,
    "observed_expected_total": lambda s: s.observed / s.predicted,
    "number_slope": lambda s: (
        (s.products - s.observed * s.predicted / s.rows)
        / (s.predicted_squares - s.predicted**2 / s.rows)
    ),
    "poisson_deviance": lambda s: s.deviance / s.rows,
    "interval_coverage": lambda s: s.covered / s.rows,
    "interval_width": lambda s: s.width / s.rows,
    "pinball_loss": lambda s: s.pinball / s.rows,
    "mean_observed": lambda s: s.observed / s.rows,
    "mean_predicted": lambda s: s.predicted / s.rows,
}

#: The measures that draws give; those of an interval only for a model that has one.
DRAWN = tuple(_FORMULAS)


@dataclass(frozen=True)
class NumberDraws:
    """Sums of every draw, by group and model; row 0 is the data themselves."""

    places: dict[tuple[str, str], int]
    totals: NDArray[np.float64]

    @property
    def count(self) -> int:
        """Return how many draws there are beside the data themselves."""
        return int(self.totals.shape[0]) - 1

    def values(self, measure: str, model: str, *, group: str = "all") -> Floats:
        """Return the measure in the data (first) and in every draw; NaN where it is not defined.

        Raises:
            BadInput: a measure, model or group that was not drawn.
        """
        if measure not in _FORMULAS or (group, model) not in self.places:
            raise BadInput(
                f"got measure '{measure}' of '{model}' in '{group}', which was not drawn",
                code="statistics.not_drawn",
                hint=did_you_mean(measure, _FORMULAS),
            )
        sums = _Sums(*self.totals[:, self.places[group, model], :].T)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = _FORMULAS[measure](sums)
        return np.where(np.isfinite(found), found, np.nan)

    def point(self, measure: str, model: str, *, group: str = "all") -> float | None:
        """Return the measure in the data themselves, or None where it is not defined."""
        value = float(self.values(measure, model, group=group)[0])
        return None if np.isnan(value) else value

    def interval(self, measure: str, model: str, *, group: str = "all") -> Spread:
        """Return the 95 % percentile interval over all draws in which the measure is defined."""
        return spread(self.values(measure, model, group=group)[1:])


def number_bootstrap(  # noqa: PLR0913 - as `bootstrap`
    observed: Floats,
    models: Mapping[str, Predicted],
    cluster: Ints,
    *,
    groups: Mapping[str, Mask] | None = None,
    only: Collection[tuple[str, str]] | None = None,
    draws: int = 500,
    seed: int = 20_260_101,
) -> NumberDraws:
    """Return weighted sums of every draw.

    Args:
        observed: shape (n,), finite.
        models: by name; a NaN value leaves the row out of that model.
        cluster: shape (n,), the patient or unit of each row; clusters are drawn, not rows.
        groups: by name, which rows belong; `all` is always there.
        only: the (group, model) pairs to sum; every model in every group when absent.
        draws: how many, beside the data themselves.
        seed: part of every weight.

    Raises:
        BadInput: no rows, or no draws.

    >>> made = number_bootstrap(
    ...     np.array([1.0, 3.0]), {"m": Predicted(np.array([2.0, 3.0]))}, np.arange(2), draws=50
    ... )
    >>> made.point("mae", "m"), made.count
    (0.5, 50)
    """
    if observed.size == 0 or draws < 1:
        raise BadInput(
            f"got {observed.size} rows and {draws} draws, expected 1 or more of both",
            code="statistics.draws",
        )
    owners, owner = np.unique(cluster, return_inverse=True)
    places: dict[tuple[str, str], int] = {}
    parts: list[NDArray[np.float64]] = []
    for group, member in {"all": np.ones(observed.size, np.bool_), **(groups or {})}.items():
        for name, model in models.items():
            if only is not None and (group, name) not in only:
                continue
            places[group, name] = len(parts)
            parts.append(_by_owner(observed, model, member=member, owner=owner, n=len(owners)))
    sums = np.stack(parts, axis=1)
    flat = np.ascontiguousarray(sums.reshape(len(owners), -1))
    totals = np.empty((draws + 1, *sums.shape[1:]))
    for draw in range(draws + 1):
        weight = draw_weights(owners, draw=draw, seed=seed).astype(np.float64)
        # One order of addition whatever the threads of a linear algebra library.
        totals[draw] = np.einsum("i,ij->j", weight, flat).reshape(sums.shape[1:])
    return NumberDraws(places, totals)


def _by_owner(
    observed: Floats, model: Predicted, *, member: Mask, owner: Ints, n: int
) -> NDArray[np.float64]:
    """Return the sums of each cluster, shape (clusters, sums)."""
    kept = member & ~np.isnan(model.value)
    y, p = observed[kept], model.value[kept]
    off = y - p
    columns = [np.ones(y.size), y, p, np.abs(off), off**2, y**2, p**2, y * p, row_deviance(y, p)]
    columns += _of_interval(y, model, kept)
    return np.column_stack([np.bincount(owner[kept], held, minlength=n) for held in columns])


def _of_interval(y: Floats, model: Predicted, kept: Mask) -> list[Floats]:
    if model.low is None or model.high is None:
        return [np.full(y.size, np.nan)] * 3
    low, high = model.low[kept], model.high[kept]
    tail = (1.0 - model.level) / 2.0
    both = row_pinball(y, low, level=tail) + row_pinball(y, high, level=1.0 - tail)
    inside = ((low <= y) & (y <= high)).astype(np.float64)
    return [inside, high - low, np.asarray(both / 2.0)]
