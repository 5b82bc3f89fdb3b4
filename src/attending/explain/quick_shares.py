"""Contributions of many rows of one model, as when one patient is measured again and again.

Where the model is trees that fit into tables, the tables give the same shares as the model's own
contributions, to the last few bits and ten times as fast; any other model is asked itself.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from attending.models.lightgbm_paths import lightgbm_paths
from attending.models.lightgbm_trees import Trees
from attending.statistics.path_shares import path_shares

if TYPE_CHECKING:
    from attending.models.bundle import Bundle
    from attending.models.concepts import Groups
    from attending.models.protocol import Matrix
    from attending.models.tree_paths import TreePaths

#: Models whose tables are kept: those that one service answers for, before and after a change.
_KEPT = 16


def quick_contributions(bundle: Bundle, x: Matrix) -> Matrix:
    """Return each feature's share, shape (n, p + 1), last the base, as the bundle's own are.

    Args:
        bundle: the model.
        x: shape (n, p), NaN where missing.
    """
    paths = _paths(bundle.fitted.text) if isinstance(bundle.fitted, Trees) else None
    if paths is None:
        return bundle.contributions(x)
    return bundle.calibrated_shares(path_shares(bundle.prepare(x), *paths))


def quick_shares(bundle: Bundle, x: Matrix, groups: Groups) -> Matrix:
    """Return the share of each group of features, shape (n, g), as `Bundle.shares` does.

    Args:
        bundle: the model.
        x: shape (n, p), NaN where missing.
        groups: of features.
    """
    return groups.summed(quick_contributions(bundle, x)[:, :-1])


def make_ready(bundle: Bundle) -> None:
    """Make a model's tables, and the compiled loop that reads them, before anyone waits for them.

    Args:
        bundle: the model.
    """
    quick_contributions(bundle, np.zeros((1, len(bundle.names))))


@lru_cache(maxsize=_KEPT)
def _paths(text: bytes) -> TreePaths | None:
    """Return the tables of LightGBM text; None where they are too large or it counts no rows."""
    try:
        return lightgbm_paths(text)
    except (KeyError, ValueError):
        return None
