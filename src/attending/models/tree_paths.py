"""Trees laid out as flat arrays, with what each leaf gives to each feature worked out beforehand.

A patient meets, on the way to a leaf, each feature with a yes or a no. For each pattern of these
answers the Shapley values are known when the model is read, so that a row costs a lookup a leaf.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.models.tree_shares import by_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from attending.models.tree_shares import Leaf
    from attending.types import Floats, Ints, Mask

#: A tree with more splits has no room in one word; a way over more features has too many patterns.
MOST_SPLITS, MOST_FEATURES = 64, 12
#: Numbers that the patterns of all leaves may be together: 64 MiB.
MOST_NUMBERS = 1 << 23
#: What a split does with a missing value: reads it as 0, or sends it where the split says.
AS_ZERO, ASIDE, ASIDE_WITH_ZERO = 0, 1, 2


@dataclass(frozen=True)
class SplitTree:
    """One tree as its splits, in order, and its leaves.

    Attributes:
        feature, bound: shape (s,), a value at most the bound goes left.
        missing: shape (s,), `AS_ZERO`, `ASIDE` or `ASIDE_WITH_ZERO`.
        aside_left: shape (s,), where a missing value goes.
        leaves: whose steps count the splits as they stand here.
    """

    feature: Ints
    bound: Floats
    missing: Ints
    aside_left: Mask
    leaves: tuple[Leaf, ...]


class TreePaths(NamedTuple):
    """All trees of a model; arrays of offsets are one longer than what they point from.

    Attributes:
        splits, leaves: of each tree, the first place of its splits and of its leaves.
        feature, bound, missing, aside_left: of each split, as in `SplitTree`.
        met: of each leaf, the first place of the features that are met on the way.
        column: of each feature that is met.
        asked, wanted: the splits that ask it, as bits of the tree, and those that must go left.
        table: of each leaf, the first place of its numbers.
        numbers: for each pattern of answers, each feature's share.
        base: what all leaves give to nobody.
    """

    splits: Ints
    leaves: Ints
    feature: Ints
    bound: Floats
    missing: Ints
    aside_left: Mask
    met: Ints
    column: Ints
    asked: NDArray[np.uint64]
    wanted: NDArray[np.uint64]
    table: Ints
    numbers: Floats
    base: float


def paths_of(trees: Sequence[SplitTree], *, base: float = 0.0) -> TreePaths | None:
    """Return trees as flat arrays, None where they are too large for tables.

    Args:
        trees: of one model.
        base: the log-odds before the first tree.
    """
    leaves = [leaf for tree in trees for leaf in tree.leaves]
    depths = [len(leaf.features) for leaf in leaves]
    if any(len(tree.feature) > MOST_SPLITS for tree in trees) or max(depths) > MOST_FEATURES:
        return None
    sizes = [depth << depth for depth in depths]
    if sum(sizes) > MOST_NUMBERS:
        return None
    asked, wanted = _bits(leaves)
    return TreePaths(
        splits=_offsets([len(tree.feature) for tree in trees]),
        leaves=_offsets([len(tree.leaves) for tree in trees]),
        feature=np.concatenate([tree.feature for tree in trees]),
        bound=np.concatenate([tree.bound for tree in trees]),
        missing=np.concatenate([tree.missing for tree in trees]),
        aside_left=np.concatenate([tree.aside_left for tree in trees]),
        met=_offsets(depths),
        column=np.concatenate([leaf.features for leaf in leaves]),
        asked=asked,
        wanted=wanted,
        table=_offsets(sizes),
        numbers=np.concatenate([by_answers(leaf).ravel() for leaf in leaves]),
        base=base + sum(leaf.value * float(np.prod(leaf.shares)) for leaf in leaves),
    )


def _offsets(sizes: Sequence[int]) -> Ints:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _bits(leaves: Sequence[Leaf]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return for each feature of each leaf which splits ask it, and which must go left."""
    steps = [of for leaf in leaves for of in leaf.steps]
    asked = [sum(1 << split for split, _ in of) for of in steps]
    wanted = [sum(1 << split for split, left in of if left) for of in steps]
    return np.array(asked, np.uint64), np.array(wanted, np.uint64)
