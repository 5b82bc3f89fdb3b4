"""Running counts of a made-up year, from which the window of any day is one subtraction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.monitor.reference import BINS, Counts, bin_of
from attending.monitor.simulated_year import DAYS
from attending.monitor.workflow import Responses, Usage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.monitor.simulated_year import Year
    from attending.records.monitoring import Reference
    from attending.types import Floats, Ints


@dataclass(frozen=True)
class Windows:
    """Running counts by day, from which any window is one subtraction."""

    year: Year
    rows: Ints
    bins: Ints
    score_bins: Ints
    risk: Floats
    used: Ints

    def between(self, first: int, last: int) -> Counts:
        """Return the counts from the start of day `first` to the end of day `last`."""
        low, high = int(self.rows[first]), int(self.rows[last + 1])
        return Counts(
            high - low,
            self.bins[last + 1] - self.bins[first],
            high - low,
            self.score_bins[last + 1] - self.score_bins[first],
            float(self.risk[last + 1] - self.risk[first]),
            values=lambda at: self.year.x[low:high, at],
        )

    def newest(self, last: int, least: int) -> int:
        """Return the latest first day with at least that many rows to the end of day `last`."""
        wanted = self.rows[last + 1] - least
        return max(int(np.searchsorted(self.rows, wanted, side="right")) - 1, 0)

    def usage(self, first: int, last: int) -> tuple[Usage, Responses]:
        """Return how the score was used, and what people did with its alerts."""
        scored = int(self.rows[last + 1] - self.rows[first])
        refused, alerted, seen, against = (self.used[last + 1] - self.used[first]).tolist()
        used = Usage(
            asked=scored + refused, refused=refused, unscored=0, scored=scored, alerted=alerted
        )
        return used, Responses(shown=alerted, acknowledged=seen, overridden=against)


def windows(held: Reference, year: Year) -> Windows:
    """Return the running counts of a year in a reference's bins."""
    k, wide = len(held.features), BINS + 1
    bins = np.empty(year.x.shape, np.int8)
    for at, one in enumerate(held.features):
        bins[:, at] = bin_of(np.array(one.edges), year.x[:, at])
    place = year.day[:, None] * k * wide + np.arange(k)[None, :] * wide + bins
    daily = np.bincount(place.ravel(), minlength=DAYS * k * wide).reshape(DAYS, k, wide)
    score = bin_of(np.array(held.score_edges), year.risk)
    scores = np.bincount(year.day * BINS + score, minlength=DAYS * BINS).reshape(DAYS, BINS)
    shown = (year.flagged, year.acknowledged, year.overridden)
    used = [np.bincount(year.day[some], minlength=DAYS) for some in shown]
    return Windows(
        year,
        _running(np.bincount(year.day, minlength=DAYS)),
        _running(daily),
        _running(scores),
        _running(np.bincount(year.day, weights=year.risk, minlength=DAYS)),
        _running(np.stack([year.refused.sum(axis=1), *used], axis=1)),
    )


def _running(daily: NDArray[Any]) -> NDArray[Any]:  # counts or sums
    """Return sums up to each day, with a leading zero."""
    return np.concatenate([np.zeros((1, *daily.shape[1:]), daily.dtype), daily.cumsum(axis=0)])
