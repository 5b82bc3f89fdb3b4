"""Turn a foretold number and its interval into calibrated ones, kept as four plain numbers.

The number goes through a line or a ratio; the interval is then widened, or narrowed, until it would
have held its share of the calibration rows (conformalised quantile regression). Both are fitted on
rows of their own.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.errors import Refused
from attending.models.newton import rounded
from attending.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attending.types import Floats

#: With fewer rows a line, and the ends of an interval, follow chance.
MIN_ROWS = 20


@dataclass(frozen=True)
class NumberCalibration:
    """How numbers are mapped: a line, never below 0, and ends widened by `widen`."""

    kind: str
    intercept: float = 0.0
    slope: float = 1.0
    widen: float = 0.0

    def apply(self, value: Floats) -> Floats:
        """Return calibrated numbers; lengths and counts are never below 0.

        >>> NumberCalibration("linear", 1.0, 2.0).apply(np.array([3.0, -5.0])).tolist()
        [7.0, 0.0]
        """
        return np.maximum(self.intercept + self.slope * value, 0.0)

    def ends(self, value: Floats, bounds: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        """Return the calibrated ends of the interval, the low one never below 0.

        The number lies within before the interval is narrowed; after that, a mean may lie outside
        the middle of what is skewed. Ends that would pass each other meet in the middle.

        >>> ends = NumberCalibration("none", widen=1.0).ends(
        ...     np.array([3.0]), (np.array([2.0]), np.array([4.0]))
        ... )
        >>> [end.tolist() for end in ends]
        [[1.0], [5.0]]
        """
        low, high = (self.intercept + self.slope * end for end in bounds)
        number = self.apply(value)
        low = np.maximum(np.minimum(low, number), 0.0)
        high = np.maximum(high, number)
        widen = np.maximum(self.widen, (low - high) / 2.0)
        return np.maximum(low - widen, 0.0), high + widen

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def from_json(found: Mapping[str, Any]) -> NumberCalibration:
    """Return the calibration that plain JSON values say.

    Raises:
        ValueError: an unknown kind, or a slope that is not above 0.

    >>> from_json(NumberCalibration("none").as_json()).slope
    1.0
    """
    numbers = {key: float(found[key]) for key in ("intercept", "slope", "widen")}
    if found["kind"] not in LINES.names() or not numbers["slope"] > 0.0:
        raise ValueError("an unknown calibration")
    return NumberCalibration(str(found["kind"]), **numbers)


#: Intercept and slope from foretold and observed numbers.
LINES: Registry[Callable[[Floats, Floats], tuple[float, float]]] = Registry("number calibration")


@LINES.named("none")
def _none(value: Floats, observed: Floats) -> tuple[float, float]:  # noqa: ARG001 - nothing is fitted
    return 0.0, 1.0


@LINES.named("linear")
def _linear(value: Floats, observed: Floats) -> tuple[float, float]:
    """Return the least-squares line of observed on foretold."""
    off = value - value.mean()
    spread = float(off @ off)
    slope = float(off @ (observed - observed.mean())) / spread if spread > 0.0 else 0.0
    return float(observed.mean()) - slope * float(value.mean()), slope


@LINES.named("ratio")
def _ratio(value: Floats, observed: Floats) -> tuple[float, float]:
    """Return the ratio of observed to expected, through 0."""
    expected = float(value.sum())
    return 0.0, float(observed.sum()) / expected if expected > 0.0 else 0.0


def calibrate(
    kind: str,
    value: Floats,
    bounds: tuple[Floats, Floats],
    *,
    observed: Floats,
    level: float,
) -> NumberCalibration:
    """Return the calibration that the calibration rows ask for.

    Args:
        kind: `none`, `linear` or `ratio`; the interval is widened for each of them.
        value: shape (n,), foretold.
        bounds: the ends of the interval, shape (n,) each.
        observed: shape (n,).
        level: the share that the interval is to hold.

    Raises:
        Refused: fewer than 20 rows, or a slope that is not above 0.

    References:
        Romano, Patterson & Candes, NeurIPS 2019 (conformalised quantile regression).
    """
    if len(observed) < MIN_ROWS:
        raise Refused(
            f"calibration got {len(observed)} rows, expected at least {MIN_ROWS}",
            code="model.calibration_rows",
            hint="Take a larger calibration_fraction, or none.",
            where="model.yaml: split.calibration_fraction",
        )
    intercept, slope = rounded(np.array(LINES.get(kind)(value, observed))).tolist()
    if not slope > 0.0:
        raise Refused(
            f"calibration found a slope of {slope:.3g}; larger predictions come out smaller",
            code="model.calibration_reversed",
            hint="The estimator has no signal on the calibration rows. Look at features and label.",
        )
    plain = NumberCalibration(kind, intercept, slope)
    low, high = plain.ends(value, bounds)
    missed = np.sort(np.maximum(low - observed, observed - high))
    place = min(math.ceil((len(observed) + 1) * level), len(observed)) - 1
    widen = float(rounded(missed[[place]])[0])
    return NumberCalibration(kind, intercept, slope, widen)
