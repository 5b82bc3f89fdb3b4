"""Gates on the values of features before a fit: each looks at one column and the outcome.

A value that ranks the outcome almost by itself, an act of a clinician that already suspects it, a
column that was prepared on all rows: all of them are visible in the table alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.records.gates import GateFinding
from attending.train.checks import TOO_GOOD, separation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from attending.types import Floats, Mask, Outcomes

#: An act of a clinician that ranks the outcome better than this betrays a suspicion.
ACTION_LIMIT = 0.8
_LEAST_ROWS = 50
_MOST_LEVELS = 100
_CLOSE = 1e-3
_EXACT = 1e-5


@dataclass(frozen=True)
class Column:
    """One feature's values and what it is made of.

    Attributes:
        values: shape (n,), NaN where missing; labelled rows only.
        outcome: shape (n,), 0 or 1.
        train: shape (n,), whether a row is fitted on.
        action: whether it rests on acts of clinicians, such as orders.
        declared: whether the cohort names its codes as acts that follow a suspicion.
    """

    values: Floats
    outcome: Outcomes
    train: Mask
    action: bool = False
    declared: bool = False


def judge_values(columns: Mapping[str, Column]) -> tuple[GateFinding, ...]:
    """Return the findings of every value gate on every feature.

    Args:
        columns: by feature name.
    """
    return tuple(finding for name, column in columns.items() for finding in _findings(name, column))


def _findings(name: str, column: Column) -> Iterator[GateFinding]:
    yield too_good(name, column)
    if column.action or column.declared:
        yield clinician_action(name, column)
    yield fit_on_all(name, column)
    yield outcome_encoded(name, column)


def too_good(name: str, column: Column) -> GateFinding:
    """Return whether one feature ranks the outcome almost by itself.

    >>> twin = np.array([0.0, 1.0] * 30)
    >>> too_good("copy", Column(twin, twin.astype(np.int8), np.ones(60, bool))).answer
    'refused'
    """
    found = separation(column.values, column.outcome)
    return _finding(
        "leak.too_good",
        name,
        found,
        limit=TOO_GOOD,
        rows=len(column.values),
        reason=f"alone it ranks the outcome with an AUROC of {found:.3f}",
        hint="Look at when it becomes known and whether it restates the outcome.",
    )


def clinician_action(name: str, column: Column) -> GateFinding:
    """Return whether an act of a clinician betrays that the outcome was already suspected.

    Shown are the ranking over all rows, and over the rows before any such act.

    References:
        Kamran et al., NEJM AI 2024 (10.1056/AIoa2300032).
    """
    acted = ~np.isnan(column.values) & (column.values != 0)
    found = max(separation(column.values, column.outcome), separation(acted * 1.0, column.outcome))
    before = separation(column.values[~acted], column.outcome[~acted])
    limit = 0.5 if column.declared else ACTION_LIMIT
    return _finding(
        "leak.clinician_action",
        name,
        1.0 if column.declared else found,
        limit=limit,
        rows=len(column.values),
        reason=("the cohort names its codes as acts that follow a suspicion; " * column.declared)
        + f"AUROC {found:.3f} over all rows and {before:.3f} before the first such act "
        f"({int(acted.sum())} of {len(acted)} rows have one)",
        hint="Predict before the first such act, or leave the feature out.",
    )


def fit_on_all(name: str, column: Column) -> GateFinding:
    """Return whether a column was standardised on all rows, those of the test among them.

    Over all rows its mean is 0 and its deviation 1 far closer than chance allows, and over the
    training rows alone they are not.

    >>> raw = np.linspace(0, 9, 90) ** 2
    >>> z = (raw - raw.mean()) / raw.std()
    >>> fit_on_all("z", Column(z, np.zeros(90, np.int8), raw < 30)).answer
    'refused'
    """
    seen = ~np.isnan(column.values)
    whole = _off(column.values[seen])
    part = _off(column.values[seen & column.train])
    prepared = seen.sum() >= _LEAST_ROWS and whole < _CLOSE < part
    return _finding(
        "leak.fit_on_all",
        name,
        1.0 if prepared else 0.0,
        limit=0.5,
        rows=int(seen.sum()),
        reason=f"it was standardised on all rows: off by {whole:.1e} over all of them and by "
        f"{part:.2f} over the training rows",
        hint="Give the plain value; centre and scale are learned from the training rows.",
    )


def outcome_encoded(name: str, column: Column) -> GateFinding:
    """Return whether a column holds the share of outcomes of its level, test rows among them."""
    seen = ~np.isnan(column.values)
    levels, where, counts = np.unique(column.values[seen], return_inverse=True, return_counts=True)
    figure = 0.0
    if 2 <= len(levels) <= _MOST_LEVELS and seen.sum() >= _LEAST_ROWS:
        mean = np.bincount(where, weights=column.outcome[seen]) / counts
        same = (np.abs(mean - levels) < _EXACT) & (mean > 0) & (mean < 1)
        figure = float(counts[same].sum() / counts.sum())
    return _finding(
        "leak.outcome_encoded",
        name,
        figure,
        limit=0.5,
        rows=int(seen.sum()),
        reason=f"at {figure:.0%} of the rows its value is the share of outcomes among all rows of "
        "that value",
        hint="Encode levels within the training rows, or give the level itself.",
    )


def _off(values: Floats) -> float:
    """Return how far mean and deviation are from 0 and 1."""
    if len(values) < 2:
        return float("inf")
    return float(max(abs(values.mean()), abs(values.std() - 1.0)))


def _finding(  # noqa: PLR0913 - one row of the report
    gate: str, name: str, figure: float, *, limit: float, rows: int, reason: str, hint: str
) -> GateFinding:
    refused = figure > limit
    return GateFinding(
        gate=gate,
        feature=name,
        answer="refused" if refused else "met",
        whose="data_scientist",
        figure=round(figure, 6),
        limit=limit,
        rows=rows,
        reason=reason if refused else "",
        hint=hint if refused else "",
    )
