"""How much each feature moves risks over many patients, for the model card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.records.explanation import FeatureImportance

if TYPE_CHECKING:
    from attending.models.bundle import Bundle
    from attending.models.protocol import Matrix


def importance(bundle: Bundle, x: Matrix) -> tuple[FeatureImportance, ...]:
    """Return the mean absolute contribution of each feature over rows, the largest first.

    Args:
        bundle: the model.
        x: shape (n, p), rows of patients; their mean is shown, never a row.
    """
    size = np.abs(bundle.contributions(x)[:, :-1]).mean(axis=0)
    total = float(size.sum())
    order = np.argsort(-size, kind="stable").tolist()
    return tuple(
        FeatureImportance(
            feature=bundle.names[k],
            mean_absolute=float(size[k]),
            share=float(size[k]) / total if total else 0.0,
        )
        for k in order
    )
