"""What a measure is, and the collection of all of them: `catalog.py` fills it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from attending.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

#: What a measure takes. `ranking`: outcomes and any score; `risk`: outcomes and probabilities;
#: `threshold`: outcomes, probabilities and a threshold; `drift`: reference and current values;
#: `number`: observed and predicted numbers; `interval`: observed numbers, low and high ends;
#: `quantile`: observed numbers, a predicted quantile and its level.
Kind: TypeAlias = Literal["ranking", "risk", "threshold", "drift", "number", "interval", "quantile"]
#: Which way is better. `target:0` and `target:1` mean that nearer to it is better.
Direction: TypeAlias = Literal["higher", "lower", "target:0", "target:1"]

_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Measure:
    """A measure: its function, and what a reader must know to read its value."""

    name: str
    label: str
    kind: Kind
    compute: Callable[..., float]
    direction: Direction
    reference: str
    low: float | None = 0.0
    high: float | None = 1.0
    unit: str = ""

    def improvement(self, value: float, other: float) -> float:
        """Return how much better `value` is than `other`; negative when it is worse.

        >>> brier = Measure("b", "Brier", "risk", max, "lower", "Brier 1950")
        >>> round(brier.improvement(0.10, 0.15), 2)
        0.05
        """
        if self.direction == "higher":
            return value - other
        if self.direction == "lower":
            return other - value
        target = float(self.direction.removeprefix("target:"))
        return abs(other - target) - abs(value - target)


class Interval(NamedTuple):
    """A value with its interval, its standard error and the method; None where there is none."""

    value: float
    low: float | None
    high: float | None
    se: float | None
    method: str


#: All measures by name.
MEASURES: Registry[Measure] = Registry("measure")


def register(measure: Measure) -> Measure:
    """Return the measure after it has been put into the collection."""
    return MEASURES.add(measure.name, measure)


def z_of(level: float) -> float:
    """Return the two-sided standard normal quantile of a confidence level.

    >>> round(z_of(0.95), 6)
    1.959964
    """
    if level == 0.95:
        return _Z95
    from scipy.special import ndtri  # noqa: PLC0415 - rarely needed

    return float(ndtri(0.5 + level / 2.0))
