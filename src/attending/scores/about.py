"""What a score says of itself: version, population, reference, range, and its table of points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from attending.types import Floats, Ints


@dataclass(frozen=True)
class About:
    """One score on paper.

    Attributes:
        version: name and year, as reports print it.
        title: what it is, in a line.
        population: in whom it was derived, and what it foretells.
        reference: where its table stands.
        low, high: the range of its total; None where it has no bound.
        points: component -> how an input becomes points, in words.
        notes: what a reader must know before using it.
    """

    version: str
    title: str
    population: str
    reference: str
    low: float | None
    high: float | None
    points: dict[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bands:
    """Points by value, after rounding it as clinicians chart it.

    Attributes:
        edges: where each band but the first begins, that value included.
        points: of each band; one more than the edges.
        places: decimals to round to, half up.
    """

    edges: tuple[float, ...]
    points: tuple[float, ...]
    places: int = 0

    def of(self, values: Floats) -> Floats:
        """Return the points of values, 0 where there is none.

        >>> Bands((35.1, 36.1), (3.0, 1.0, 0.0), places=1).of(np.array([35.0, 35.05, 37, np.nan]))
        array([3., 1., 0., 0.])
        """
        steps = np.rint(np.asarray(self.edges) * 10**self.places)
        points = np.asarray(self.points, dtype=np.float64)
        found = points[np.searchsorted(steps, charted(values, places=self.places), side="right")]
        return np.where(np.isnan(values), 0.0, found)

    @property
    def told(self) -> str:
        """Return the table in one line.

        >>> Bands((9, 12), (3.0, 1.0, 0.0)).told
        '≤8: 3; 9 to 11: 1; ≥12: 0'
        """
        step = 10.0**-self.places
        low = [f"{edge:.{self.places}f}" for edge in self.edges]
        high = [f"{edge - step:.{self.places}f}" for edge in self.edges]
        said = [f"≤{high[0]}"]
        said += [
            begin if begin == end else f"{begin} to {end}"
            for begin, end in zip(low[:-1], high[1:], strict=True)
        ]
        said.append(f"≥{low[-1]}")
        pairs = zip(said, self.points, strict=True)
        return "; ".join(f"{band}: {points:g}" for band, points in pairs)


def charted(values: Floats, *, places: int) -> Ints:
    """Return values in whole steps of the last decimal that is charted, half up; 0 for none.

    Values arrive with seven digits, so 38.05 stands as 38.04999924: it is 38.1, not 38.0.

    >>> charted(np.array([96.5, 38.04999924]), places=1).tolist()
    [965, 381]
    """
    steps = np.round(np.nan_to_num(values) * 10.0**places, 3)
    return np.asarray(np.floor(steps + 0.5), dtype=np.int64)
