"""The trees of LightGBM text as paths: the same splits and weights as the library reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.models.tree_paths import AS_ZERO, ASIDE, ASIDE_WITH_ZERO, SplitTree, paths_of
from attending.models.tree_shares import Leaf, ways

if TYPE_CHECKING:
    from attending.models.tree_paths import TreePaths
    from attending.types import Floats, Ints

#: Bits of a split's `decision_type`: where missing values go, and what counts as missing.
_LEFT, _KIND = 2, 2
_MISSING = {0: AS_ZERO, 1: ASIDE_WITH_ZERO, 2: ASIDE}


def lightgbm_paths(text: bytes) -> TreePaths | None:
    """Return the trees of text that was checked before, None where they are too large for tables.

    Shares of training weight are counts of rows, as the library's own contributions take them.

    Raises:
        KeyError, ValueError: the text counts no rows, as that of another program may.
    """
    blocks = text.decode("ascii").split("\nTree=")[1:]
    return paths_of([_tree(dict(_pairs(block))) for block in blocks])


def _pairs(block: str) -> list[tuple[str, str]]:
    pairs = [line.partition("=") for line in block.split("\n")]
    return [(key, value) for key, equals, value in pairs if equals]


def _tree(said: dict[str, str]) -> SplitTree:
    if int(said["num_leaves"]) == 1:
        return _stump(float(said["leaf_value"]))
    kinds = _ints(said["decision_type"])
    feature, left, right = (_ints(said[name]) for name in _SHAPE)
    value, counts = _floats(said["leaf_value"]), _floats(said["leaf_count"])
    inner = _floats(said["internal_count"])
    children = np.array([left, right])
    weight = np.where(children < 0, counts[_at(~children)], inner[_at(children)]) / inner
    return SplitTree(
        feature=feature,
        bound=_floats(said["threshold"]),
        missing=np.array([_MISSING[int(kind) >> _KIND & 3] for kind in kinds], np.int64),
        aside_left=(kinds & _LEFT) > 0,
        leaves=tuple(
            Leaf.at_end(float(value[leaf]), way, feature=feature, weight=weight)
            for leaf, way in ways(left, right)
        ),
    )


def _at(places: Ints) -> Ints:
    """Return places of an array; those that belong to the other one become the first."""
    return np.maximum(places, 0)


_SHAPE = ("split_feature", "left_child", "right_child")


def _stump(value: float) -> SplitTree:
    none = np.zeros(0, np.int64)
    leaf = Leaf(value, none, np.zeros(0), ())
    return SplitTree(none, np.zeros(0), none, np.zeros(0, np.bool_), (leaf,))


def _ints(words: str) -> Ints:
    return np.array([int(word) for word in words.split()], np.int64)


def _floats(words: str) -> Floats:
    return np.array([float(word) for word in words.split()])
