"""What the training rows looked like, feature by feature: the reference for drift and sensitivity.

Only counts and quantiles are kept, never a patient's row.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.models.newton import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.models.protocol import Matrix
    from attending.types import Floats

#: Quantiles that a reference keeps.
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_DECILES = np.arange(1, 10) / 10
_PAIR_ROWS = 20_000
_PAIR_FEATURES = 400
CORRELATED = 0.7


@dataclass(frozen=True)
class Reference:
    """One feature in the training rows.

    Attributes:
        name: the feature.
        rows: training rows.
        missing: share of them where it was missing.
        quantiles: at `LEVELS`, of the rows that have it; empty when none has.
        edges: inner edges of bins, rising; bin i holds edges[i-1] < value <= edges[i].
        shares: share of each bin among the rows that have it, one more than `edges`.
    """

    name: str
    rows: int
    missing: float
    quantiles: tuple[float, ...]
    edges: tuple[float, ...]
    shares: tuple[float, ...]

    def at(self, level: float) -> float | None:
        """Return the training quantile at one of `LEVELS`, None when it was never measured."""
        return self.quantiles[LEVELS.index(level)] if self.quantiles else None


def summarise(values: Floats, *, name: str) -> Reference:
    """Return the reference of one column; bins are its deciles, ties merged.

    >>> summarise(np.array([1.0, 2.0, 3.0, np.nan]), name="a").missing
    0.25
    """
    seen = values[~np.isnan(values)]
    missing = float(rounded(np.array([1.0 - len(seen) / max(len(values), 1)]))[0])
    if not len(seen):
        return Reference(name, len(values), missing, (), (), ())
    quantiles = rounded(np.quantile(seen, LEVELS)).tolist()
    edges = np.unique(rounded(np.quantile(seen, _DECILES)))
    at = np.searchsorted(edges, seen, side="left")
    shares = rounded(np.bincount(at, minlength=len(edges) + 1) / len(seen))
    return Reference(
        name,
        len(values),
        missing,
        tuple(quantiles),
        tuple(edges.tolist()),
        tuple(shares.tolist()),
    )


def correlated_pairs(x: Matrix, *, names: Sequence[str]) -> tuple[tuple[str, str, float], ...]:
    """Return pairs of features whose rank correlation is 0.7 or more in size.

    Rows are thinned evenly to 20,000 and features beyond 400 are left out, to bound the work.

    >>> correlated_pairs(np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]), names=["a", "b"])
    (('a', 'b', 1.0),)
    """
    thin = x[:: max(1, -(-len(x) // _PAIR_ROWS)), :_PAIR_FEATURES]
    ranks = np.column_stack([_centred_ranks(column) for column in thin.T])
    length = np.sqrt((ranks**2).sum(axis=0))
    scale = np.where(length > 0, length, 1.0)
    rho = (ranks / scale).T @ (ranks / scale)
    first, second = np.nonzero(np.triu(np.abs(rho) >= CORRELATED, k=1))
    return tuple(
        (names[a], names[b], round(float(rho[a, b]), 3))
        for a, b in zip(first.tolist(), second.tolist(), strict=True)
    )


def _centred_ranks(column: Floats) -> Floats:
    """Return mid-ranks about their mean; a missing value stands at the mean."""
    seen = ~np.isnan(column)
    out = np.zeros(len(column))
    if seen.any():
        _, group, counts = np.unique(column[seen], return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        middle = ends - (counts - 1) / 2.0
        ranks = middle[group]
        out[seen] = ranks - ranks.mean()
    return out


def as_json(reference: Reference) -> dict[str, Any]:
    """Return plain JSON values."""
    return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(reference).items()}


def from_json(found: Mapping[str, Any]) -> Reference:
    """Return the reference that plain JSON values say.

    >>> from_json(as_json(Reference("a", 1, 1.0, (), (), ()))).name
    'a'
    """
    numbers = {key: _floats(found[key]) for key in ("quantiles", "edges", "shares")}
    return Reference(
        name=str(found["name"]),
        rows=int(found["rows"]),
        missing=float(found["missing"]),
        **numbers,
    )


def _floats(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
