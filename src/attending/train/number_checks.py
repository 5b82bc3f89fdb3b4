"""A feature that tells a number almost by itself is the number in disguise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import Refused
from attending.records.gates import GateFinding
from attending.train.checks import TOO_GOOD
from attending.train.value_gates import Column, fit_on_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.models.protocol import Matrix
    from attending.types import Floats, Mask

_LEAST = 10


def check_tells_number(x: Matrix, y: Floats, *, names: Sequence[str]) -> None:
    """Check that no single feature ranks the number almost perfectly.

    Args:
        x: training rows, shape (n, p).
        y: their numbers.
        names: the features, for the refusal.

    Raises:
        Refused: `leak.too_good`, naming every such feature.

    >>> y = np.arange(40.0)
    >>> check_tells_number(y[:, None] * 2.0, y, names=["discharge_day"])
    Traceback (most recent call last):
    ...
    attending.errors.Refused: 1 feature tells the number alone: discharge_day (correlation 1.000)
    Look at when it becomes known and whether it restates the outcome; then remove or mend it.
    """
    found = [
        f"{name} (correlation {best:.3f})"
        for name, column in zip(names, x.T, strict=True)
        if (best := rank_correlation(column, y)) > TOO_GOOD
    ]
    if found:
        noun = "feature tells" if len(found) == 1 else "features tell"
        raise Refused(
            f"{len(found)} {noun} the number alone: {', '.join(found)}",
            code="leak.too_good",
            hint="Look at when it becomes known and whether it restates the outcome;"
            " then remove or mend it.",
        )


def rank_correlation(column: Floats, y: Floats) -> float:
    """Return the size of Spearman's rank correlation where the feature is there; 0 with few rows.

    References:
        Spearman, Am J Psychol 1904;15:72.

    >>> rank_correlation(np.arange(20.0), np.arange(20.0) ** 2)
    1.0
    """
    seen = ~np.isnan(column)
    if int(seen.sum()) < _LEAST:
        return 0.0
    a, b = _ranks(column[seen]), _ranks(y[seen])
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return round(abs(float(a @ b)) / spread, 12) if spread > 0.0 else 0.0


def _ranks(values: Floats) -> Floats:
    """Return mid-ranks around 0."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2.0)[group]
    return np.asarray(ranks - ranks.mean())


def judge_numbers(
    columns: Mapping[str, Floats], outcome: Floats, *, train: Mask
) -> tuple[GateFinding, ...]:
    """Return the findings of the value gates on every feature, for an outcome that is a number.

    Args:
        columns: by feature name, shape (n,), NaN where missing; rows with an outcome only.
        outcome: shape (n,).
        train: shape (n,), whether a row is fitted on.
    """
    found = []
    for name, values in columns.items():
        found.append(_too_good(name, values, outcome=outcome))
        blank = np.zeros(len(outcome), np.int8)
        found.append(fit_on_all(name, Column(values, blank, train)))
    return tuple(found)


def _too_good(name: str, values: Floats, *, outcome: Floats) -> GateFinding:
    figure = rank_correlation(values, outcome)
    refused = figure > TOO_GOOD
    return GateFinding(
        gate="leak.too_good",
        feature=name,
        answer="refused" if refused else "met",
        whose="data_scientist",
        figure=round(figure, 6),
        limit=TOO_GOOD,
        rows=len(values),
        reason=f"alone it ranks the number with a correlation of {figure:.3f}" if refused else "",
        hint="Look at when it becomes known and whether it restates the outcome."
        if refused
        else "",
    )
