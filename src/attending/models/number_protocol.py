"""What an estimator of numbers can do: fit, foretell a number and its interval, be kept as files.

A fitted estimator is data. Its files are LightGBM text or canonical JSON; nothing runs when read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.models.protocol import Matrix, Setting
    from attending.types import Floats


@dataclass(frozen=True)
class Asked:
    """How a number is to be fitted.

    Attributes:
        names: the features, in the order of the columns.
        seed: of all that is drawn.
        level: the share of outcomes that the interval is to hold, above 0 and below 1.
        is_count: whether the outcome is a count, whose mean stays above 0.
        parameters: of the estimator.
    """

    names: Sequence[str]
    seed: int
    level: float
    is_count: bool = False
    parameters: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def tails(self) -> tuple[float, float]:
        """Return the levels of the interval's two ends.

        >>> Asked((), 0, 0.5).tails
        (0.25, 0.75)
        """
        return (1.0 - self.level) / 2.0, (1.0 + self.level) / 2.0


class FittedNumber(Protocol):
    """An estimator of numbers that has been fitted; not yet calibrated."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the features in the order of the columns."""
        ...

    def value(self, x: Matrix) -> Floats:
        """Return the number that is foretold, shape (n,)."""
        ...

    def bounds(self, x: Matrix) -> tuple[Floats, Floats]:
        """Return the low and the high end of the interval, shape (n,) each."""
        ...

    def write(self) -> dict[str, bytes]:
        """Return the files that `NumberEstimator.read` takes, by name."""
        ...


class NumberEstimator(Protocol):
    """One kind of estimator of numbers."""

    #: The names of its files in a bundle.
    file_names: tuple[str, ...]

    def fit(
        self, x: Matrix, y: Floats, asked: Asked, *, tuning: tuple[Matrix, Floats] | None = None
    ) -> FittedNumber:
        """Return the estimator fitted on `x` and `y`; `tuning` rows may only stop it early."""
        ...

    def read(self, files: Mapping[str, bytes], asked: Asked) -> FittedNumber:
        """Return what `FittedNumber.write` wrote."""
        ...
