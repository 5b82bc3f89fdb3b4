"""Out-of-fold predictions, fold by fold: how much the AUROC varies with the patients drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.records.validation import CrossValidation, FoldRow
from attending.statistics.auroc import auroc
from attending.statistics.suppression import SMALLEST, suppress_groups
from attending.validate.groups import coded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.types import Outcomes, Risks


def cross_validated(
    outcome: Outcomes, risk: Risks, *, fold: Sequence[str], smallest: int = SMALLEST
) -> CrossValidation:
    """Return the AUROC of each fold, and the mean of the folds that have both outcomes.

    Args:
        outcome: shape (n,), 0 or 1.
        risk: shape (n,), each made by a model that has not seen the row's patient.
        fold: shape (n,), the fold of each row.
        smallest: counts from 1 to this are not shown.

    >>> y, p = np.array([0, 1, 0, 1], np.int8), np.array([0.1, 0.9, 0.6, 0.4])
    >>> cross_validated(y, p, fold=["a", "a", "b", "b"]).mean
    0.5
    """
    column = coded(fold)
    masks = [column.mask(label) for label in column.labels]
    counts = [(int(mask.sum()), int(outcome[mask].sum())) for mask in masks]
    hidden = suppress_groups(counts, smallest=smallest)
    rows = []
    for at, (n, events) in enumerate(counts):
        both = 0 < events < n
        rows.append(
            FoldRow(
                fold=column.labels[at],
                n=None if hidden[at].n else n,
                events=None if hidden[at].events else events,
                auroc=auroc(outcome[masks[at]], risk[masks[at]]) if both else None,
            )
        )
    known = [row.auroc for row in rows if row.auroc is not None]
    return CrossValidation(
        folds=tuple(rows),
        mean=float(np.mean(known)) if known else None,
        lowest=min(known, default=None),
        highest=max(known, default=None),
    )
