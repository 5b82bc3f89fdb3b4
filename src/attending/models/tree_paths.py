"""Trees laid out as flat arrays, with what each leaf gives to each feature worked out beforehand.

A patient meets, on the way to a leaf, each feature with a yes or a no. For each pattern of these
answers the Shapley values are known when the model is read, so that a row costs a lookup a leaf.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

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

    Splits stand by their feature, and of one feature by their bound: what changes when a value
    moves lies together. Everything else stands by its tree.

    Attributes:
        splits: of each tree, how many splits came before it.
        asks: of each feature, the first place of its splits.
        feature, bound, missing, aside_left: of each split, as in `SplitTree`.
        tree_of, bit: of each split, its tree and its place there as a bit.
        whole: of each feature, whether a move can change more than the splits in between.
        leaves, columns, questions: of each tree, the first place of its leaves, of the features
            that it asks, and of its questions.
        column: of each feature that a tree asks.
        asked, wanted: of each question, the splits that ask it, and those that must go left.
        met: of each leaf, the first place of the features that are met on the way.
        question, slot: of each feature that is met, the tree's question and feature.
        table: of each leaf, the first place of its numbers.
        numbers: for each pattern of answers, each feature's share.
        base: what all leaves give to nobody.
    """

    splits: NDArray[np.int32]
    asks: NDArray[np.int32]
    feature: NDArray[np.int32]
    bound: Floats
    missing: NDArray[np.int8]
    aside_left: Mask
    tree_of: NDArray[np.int32]
    bit: NDArray[np.uint64]
    whole: Mask
    leaves: NDArray[np.int32]
    columns: NDArray[np.int32]
    column: NDArray[np.int32]
    questions: NDArray[np.int32]
    asked: NDArray[np.uint64]
    wanted: NDArray[np.uint64]
    met: NDArray[np.int32]
    question: NDArray[np.int16]
    slot: NDArray[np.int16]
    table: NDArray[np.int32]
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
    return TreePaths(
        **_by_feature(trees),
        **_by_tree(trees),
        met=_offsets(depths),
        table=_offsets(sizes),
        numbers=np.concatenate([by_answers(leaf).ravel() for leaf in leaves]),
        base=base + sum(leaf.value * float(np.prod(leaf.shares)) for leaf in leaves),
    )


def _offsets(sizes: Sequence[int]) -> NDArray[np.int32]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)


def _by_feature(trees: Sequence[SplitTree]) -> dict[str, Any]:  # fields by name
    """Return all splits in the order of their features, then of their bounds."""
    feature = np.concatenate([tree.feature for tree in trees])
    bound = np.concatenate([tree.bound for tree in trees])
    counts = [len(tree.feature) for tree in trees]
    order = np.lexsort([bound, feature])
    missing = np.concatenate([tree.missing for tree in trees])[order]
    places = np.concatenate([np.arange(count) for count in counts]).astype(np.uint64)
    features = int(feature.max()) + 1 if len(feature) else 0
    whole = np.zeros(features, np.bool_)
    # What is nearly zero goes aside there, wherever the bound lies.
    whole[feature[order][missing == ASIDE_WITH_ZERO]] = True
    return {
        "splits": _offsets(counts),
        "asks": _offsets(np.bincount(feature, minlength=features).tolist()),
        "feature": feature[order].astype(np.int32),
        "bound": bound[order],
        "missing": missing.astype(np.int8),
        "aside_left": np.concatenate([tree.aside_left for tree in trees])[order],
        "tree_of": np.repeat(np.arange(len(trees)), counts)[order].astype(np.int32),
        "bit": (np.uint64(1) << places)[order],
        "whole": whole,
    }


def _by_tree(trees: Sequence[SplitTree]) -> dict[str, Any]:  # fields by name
    """Return what each leaf meets as numbers of its tree's features and questions."""
    columns: list[list[int]] = []
    questions: list[list[tuple[int, int]]] = []
    question: list[int] = []
    slot: list[int] = []
    for tree in trees:
        slots: dict[int, int] = {}
        known: dict[tuple[int, int], int] = {}
        for leaf in tree.leaves:
            slot += [slots.setdefault(one, len(slots)) for one in leaf.features.tolist()]
            question += [known.setdefault(_bits(of), len(known)) for of in leaf.steps]
        columns.append(list(slots))
        questions.append(list(known))
    asked = [bits for of in questions for bits, _ in of]
    wanted = [bits for of in questions for _, bits in of]
    return {
        "leaves": _offsets([len(tree.leaves) for tree in trees]),
        "columns": _offsets([len(of) for of in columns]),
        "column": np.array([one for of in columns for one in of], np.int32),
        "questions": _offsets([len(of) for of in questions]),
        "asked": np.array(asked, np.uint64),
        "wanted": np.array(wanted, np.uint64),
        "question": np.array(question, np.int16),
        "slot": np.array(slot, np.int16),
    }


def _bits(steps: Sequence[tuple[int, bool]]) -> tuple[int, int]:
    """Return which splits ask a feature on the way, and which of them must go left, as bits."""
    return sum(1 << at for at, _ in steps), sum(1 << at for at, left in steps if left)
