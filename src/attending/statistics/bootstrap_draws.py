"""What a bootstrap leaves: sums of every draw, read as measures, intervals and differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from attending.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.types import Floats

S = TypeVar("S")


class _Sums(NamedTuple):
    """Sums of every draw over one model and group; `pairs` counts concordant pairs twice."""

    events: Floats
    others: Floats
    pairs: Floats
    precision: Floats
    expected: Floats
    squares: Floats

    @property
    def rows(self) -> Floats:
        return self.events + self.others


class _Flagged(NamedTuple):
    """Sums of every draw at a threshold, with all events and others, and the odds of it."""

    tp: Floats
    fp: Floats
    events: Floats
    others: Floats
    odds: float

    @property
    def rows(self) -> Floats:
        return self.events + self.others


_PLAIN: dict[str, Callable[[_Sums], Floats]] = {
    "auroc": lambda s: s.pairs / (2.0 * s.events * s.others),
    "average_precision": lambda s: s.precision / s.events,
    "brier": lambda s: s.squares / s.rows,
    "scaled_brier": lambda s: 1.0 - s.squares * s.rows / (s.events * s.others),
    "observed_expected": lambda s: s.events / s.expected,
    "prevalence": lambda s: s.events / s.rows,
}

_AT: dict[str, Callable[[_Flagged], Floats]] = {
    "sensitivity": lambda f: f.tp / f.events,
    "specificity": lambda f: 1.0 - f.fp / f.others,
    "ppv": lambda f: f.tp / (f.tp + f.fp),
    "npv": lambda f: (f.others - f.fp) / (f.rows - f.tp - f.fp),
    "alert_rate": lambda f: (f.tp + f.fp) / f.rows,
    "nne": lambda f: (f.tp + f.fp) / f.tp,
    "net_benefit": lambda f: (f.tp - f.fp * f.odds) / f.rows,
    "standardised_net_benefit": lambda f: (f.tp - f.fp * f.odds) / f.events,
    "net_benefit_treat_all": lambda f: (f.events - f.others * f.odds) / f.rows,
}

#: The measures that draws give, without and with a threshold.
DRAWN = tuple(_PLAIN)
DRAWN_AT = tuple(_AT)


@dataclass(frozen=True)
class Spread:
    """A percentile interval over draws, and how many draws could not be used."""

    low: float | None
    high: float | None
    used: int
    dropped: int


@dataclass(frozen=True)
class Draws:
    """Sums of every draw, by group and model; row 0 is the data themselves."""

    names: dict[tuple[str, str], int]
    rows: dict[tuple[str, str], int]
    thresholds: dict[float, int]
    totals: Any
    at_marks: Any
    seed: int

    @property
    def count(self) -> int:
        """Return how many draws there are beside the data themselves."""
        return int(self.totals.shape[0]) - 1

    def values(
        self,
        measure: str,
        model: str,
        *,
        group: str = "all",
        threshold: float | None = None,
        weighed_at: float | None = None,
    ) -> Floats:
        """Return the measure in the data (first) and in every draw; NaN where it is not defined.

        Args:
            measure: `auroc`, `average_precision`, `brier`, `scaled_brier`, `observed_expected`,
                `prevalence`; at a threshold also `sensitivity`, `specificity`, `ppv`, `npv`, `nne`,
                `alert_rate`, `net_benefit`, `standardised_net_benefit`, `net_benefit_treat_all`.
            model: one of the risks.
            group: one of the groups, or `all`.
            threshold: one of the thresholds given to `bootstrap`.
            weighed_at: the risk whose odds weigh a false alert in net benefit, where flags are not
                of risks; the threshold itself when absent.

        Raises:
            BadInput: a measure, model, group or threshold that was not drawn.
        """
        at = self._pass(model, group)
        sums = _Sums(*self.totals[:, at, :].T)
        with np.errstate(divide="ignore", invalid="ignore"):
            if threshold is None:
                return _finite(_known(_PLAIN, measure)(sums))
            flagged = self.at_marks[:, at, self._mark(threshold), :]
            weight = threshold if weighed_at is None else weighed_at
            odds = weight / (1.0 - weight) if weight < 1.0 else np.inf
            both = _Flagged(flagged[:, 0], flagged[:, 1], sums.events, sums.others, odds)
            return _finite(_known(_AT, measure)(both))

    def point(
        self, measure: str, model: str, *, group: str = "all", threshold: float | None = None
    ) -> float | None:
        """Return the measure in the data themselves, or None where it is not defined."""
        value = float(self.values(measure, model, group=group, threshold=threshold)[0])
        return None if np.isnan(value) else value

    def interval(
        self,
        measure: str,
        model: str,
        *,
        group: str = "all",
        threshold: float | None = None,
        level: float = 0.95,
    ) -> Spread:
        """Return the percentile interval of a measure over all draws in which it is defined."""
        values = self.values(measure, model, group=group, threshold=threshold)
        return spread(values[1:], level=level)

    def difference(
        self,
        measure: str,
        pair: tuple[str, str],
        *,
        group: str = "all",
        threshold: float | None = None,
    ) -> Floats:
        """Return model minus other, draw by draw, on the same rows and weights.

        Raises:
            BadInput: the two were drawn on different rows.
        """
        model, other = pair
        if self.rows[group, model] != self.rows[group, other]:
            raise BadInput(
                f"got {self.rows[group, model]} and {self.rows[group, other]} rows, "
                "expected the same rows for a difference",
                code="statistics.not_paired",
                hint="Name a group of the rows that both have.",
            )
        first = self.values(measure, model, group=group, threshold=threshold)
        return first - self.values(measure, other, group=group, threshold=threshold)

    def _pass(self, model: str, group: str) -> int:
        if (group, model) not in self.names:
            known = [f"{g} {m}" for g, m in self.names]
            raise BadInput(
                f"got model '{model}' in group '{group}', which was not drawn",
                code="statistics.not_drawn",
                hint=did_you_mean(f"{group} {model}", known),
            )
        return self.names[group, model]

    def _mark(self, threshold: float) -> int:
        if threshold not in self.thresholds:
            raise BadInput(
                f"got threshold {threshold}, which was not drawn",
                code="statistics.not_drawn",
                hint="Give it to `bootstrap` with the others.",
            )
        return self.thresholds[threshold]


def spread(values: Floats, *, level: float = 0.95) -> Spread:
    """Return the percentile interval of draws; those that are not defined are dropped and counted.

    >>> spread(np.array([0.0, 1.0, 2.0, 3.0, np.nan]), level=0.5)
    Spread(low=0.75, high=2.25, used=4, dropped=1)
    """
    kept = values[~np.isnan(values)]
    if kept.size == 0:
        return Spread(None, None, 0, int(values.size))
    tail = (1.0 - level) / 2.0
    low, high = np.quantile(kept, [tail, 1.0 - tail])
    return Spread(float(low), float(high), int(kept.size), int(values.size - kept.size))


def _known(formulas: dict[str, Callable[[S], Floats]], name: str) -> Callable[[S], Floats]:
    """Return the formula of a measure.

    Raises:
        BadInput: no such measure.
    """
    if name not in formulas:
        raise BadInput(
            f"got measure '{name}', which the bootstrap does not make",
            code="statistics.not_drawn",
            hint=did_you_mean(name, formulas),
        )
    return formulas[name]


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)
