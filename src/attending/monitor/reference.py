"""The frozen picture of the validated model's inputs and scores that later windows are held to.

Edges are made once, from the reference, and never move: a drift measure whose bins follow the
data cannot see a slow change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from attending.errors import BadInput
from attending.monitor.units import far_share
from attending.records.monitoring import FeatureReference, Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

    from attending.types import Floats, Risks

#: Shape (n,), numpy datetime64 in microseconds, UTC.
Times: TypeAlias = NDArray[np.datetime64]
#: Shape (k, BINS + 1), int64.
Grid: TypeAlias = NDArray[np.int64]

BINS = 10
_WEEK = np.timedelta64(7, "D")


@dataclass(frozen=True)
class About:
    """What the reference belongs to, and what the findings will say about each feature.

    `sources` names the feed of a feature (a code prefix or a table), so that a dead feed is one
    finding; `weights` are shares of the model's mean absolute contribution, adding up to 1.
    """

    model: str
    version: str
    site: str = ""
    threshold: float | None = None
    auroc: tuple[float, float, float] | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    made_from: tuple[str, ...] = ()


def reference(
    features: pa.Table,
    risk: Risks,
    names: Sequence[str],
    *,
    about: About,
    outcome: Floats | None = None,
    times: Times | None = None,
) -> Reference:
    """Return the frozen reference of a validated model.

    Args:
        features: the feature table of the validation rows; null is missing.
        risk: shape (n,), the model's predictions for them.
        names: the feature columns, in the order of the model.
        about: what the reference belongs to.
        outcome: shape (n,), 0 or 1, NaN where not mature.
        times: shape (n,), prediction times, for the expected weekly volume.

    Raises:
        BadInput: no rows, or as many risks as rows are not given.
    """
    if features.num_rows == 0 or features.num_rows != len(risk):
        raise BadInput(
            f"got {features.num_rows} rows and {len(risk)} risks, expected the same, above 0",
            code="monitor.reference_rows",
            hint="Pass the validation rows and the model's risks for the same rows.",
        )
    score_edges = _edges(risk)
    mature = outcome[~np.isnan(outcome)] if outcome is not None else np.empty(0)
    weekly_mean, weekly_sd = _weekly(times)
    low, high = (about.auroc[1], about.auroc[2]) if about.auroc else (None, None)
    return Reference(
        model=about.model,
        version=about.version,
        site=about.site,
        n=len(risk),
        features=tuple(_feature(name, column(features, name), about) for name in names),
        score_edges=tuple(score_edges.tolist()),
        score_shares=_shares(score_edges, risk)[:-1],
        mean_risk=float(risk.mean()),
        threshold=about.threshold,
        alert_rate=None if about.threshold is None else float((risk >= about.threshold).mean()),
        base_rate=float(mature.mean()) if len(mature) else None,
        auroc=about.auroc[0] if about.auroc else None,
        auroc_low=low,
        auroc_high=high,
        weekly_mean=weekly_mean,
        weekly_sd=weekly_sd,
        made_from=about.made_from,
    )


def column(table: pa.Table, name: str) -> Floats:
    """Return one column as float64, NaN where missing.

    Raises:
        BadInput: the table has no such column.
    """
    if name not in table.column_names:
        raise BadInput(
            f"the feature table has no column '{name}'",
            code="monitor.column",
            hint="Build the features with the feature set that the model was trained on.",
        )
    values: Floats = table.column(name).to_numpy(zero_copy_only=False).astype(np.float64)
    return values


def _edges(values: Floats) -> Floats:
    """Return the inner decile edges, each an observed value, without repeats."""
    known = values[~np.isnan(values)]
    if len(known) == 0:
        return np.empty(0)
    inner = np.arange(1, BINS) / BINS
    return np.unique(np.quantile(known, inner, method="inverted_cdf"))


def bin_of(edges: Floats, values: Floats) -> NDArray[np.int8]:
    """Return the bin of each value: closed on the right, ends open, BINS where missing.

    >>> bin_of(np.array([1.0, 2.0]), np.array([0.5, 1.0, 1.5, 9.0, np.nan])).tolist()
    [0, 0, 1, 2, 10]
    """
    bins = np.searchsorted(edges, values, side="left").astype(np.int8)
    bins[np.isnan(values)] = BINS
    return bins


def _shares(edges: Floats, values: Floats) -> tuple[float, ...]:
    """Return the share of rows in each bin, missing last."""
    counts = np.bincount(bin_of(edges, values), minlength=BINS + 1)
    return tuple((counts / max(len(values), 1)).tolist())


def _feature(name: str, values: Floats, about: About) -> FeatureReference:
    known = values[~np.isnan(values)]
    edges = _edges(values)
    deciles = np.quantile(known, np.arange(1, BINS) / BINS) if len(known) else np.empty(0)
    return FeatureReference(
        name=name,
        source=about.sources.get(name, ""),
        clinical_label=about.labels.get(name, ""),
        edges=tuple(edges.tolist()),
        quantiles=tuple(deciles.tolist()),
        shares=_shares(edges, values),
        missing_rate=float(np.isnan(values).mean()),
        weight=float(about.weights.get(name, 0.0)),
        far=far_share(deciles, values),
    )


def _weekly(times: Times | None) -> tuple[float | None, float | None]:
    """Return mean and deviation of predictions in a whole week, or None for under four weeks."""
    if times is None or len(times) == 0:
        return None, None
    week = (times - times.min()) // _WEEK
    whole = int((times.max() - times.min()) // _WEEK)
    if whole < 4:
        return None, None
    counts = np.bincount(week.astype(np.int64))[:whole]
    return float(counts.mean()), float(counts.std(ddof=1))


@dataclass(frozen=True)
class Counts:
    """Counts of one window in the reference's bins; counts of two windows add up.

    `values` gives a feature's values in the window by its position, and is asked only where
    the counts already show a change.
    """

    n: int
    bins: Grid
    n_scored: int
    score_bins: NDArray[np.int64]
    risk_sum: float
    values: Callable[[int], Floats] | None = None

    def __add__(self, other: Counts) -> Counts:
        """Return the counts of both windows together."""
        return Counts(
            self.n + other.n,
            self.bins + other.bins,
            self.n_scored + other.n_scored,
            self.score_bins + other.score_bins,
            self.risk_sum + other.risk_sum,
        )


def count(held: Reference, features: pa.Table, risk: Floats) -> Counts:
    """Return the counts of a window in the reference's bins.

    Args:
        held: the reference.
        features: the feature table of the window.
        risk: shape (n,), the scores given; NaN where none was.

    Raises:
        BadInput: the table lacks a feature of the reference.
    """
    grid = np.zeros((len(held.features), BINS + 1), np.int64)
    for at, one in enumerate(held.features):
        bins = bin_of(np.array(one.edges), column(features, one.name))
        grid[at] = np.bincount(bins, minlength=BINS + 1)
    scored = risk[~np.isnan(risk)]
    score_bins = np.bincount(bin_of(np.array(held.score_edges), scored), minlength=BINS)
    return Counts(
        features.num_rows,
        grid,
        len(scored),
        score_bins.astype(np.int64),
        float(scored.sum()),
        values=lambda at: column(features, held.features[at].name),
    )
