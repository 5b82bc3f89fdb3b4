"""A model that XGBoost fitted elsewhere, read from its JSON without XGBoost: risks and shares.

Values are compared in single precision, as XGBoost compares them, and summed in double precision.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.errors import Refused
from attending.models.formats import MAX_JSON_BYTES
from attending.models.protocol import Matrix, expit
from attending.models.tree_shares import Leaf, add_shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from attending.types import Floats, Ints, Mask, Risks

#: More splits on one way than this are no model for patients.
MAX_DEPTH = 60
_WHERE = "model.json"


@dataclass(frozen=True)
class Tree:
    """One tree as arrays over its nodes; a leaf has no left child.

    Attributes:
        left, right: children, -1 at a leaf.
        feature: the column that is asked.
        bound: a value below it goes left; at a leaf what it adds to the log-odds.
        missing_left: whether a missing value goes left.
        weight: the training weight (sum of the second derivatives) that came here.
    """

    left: Ints
    right: Ints
    feature: Ints
    bound: NDArray[np.float32]
    missing_left: Mask
    weight: Floats

    def goes_left(self, node: int, x: NDArray[np.float32]) -> Mask:
        """Return which rows go left at a node."""
        value = x[:, self.feature[node]]
        left: Mask = np.where(
            np.isnan(value), self.missing_left[node], value < self.bound[node]
        ).astype(np.bool_)
        return left

    def margin(self, x: NDArray[np.float32]) -> Floats:
        """Return what the tree adds to the log-odds of each row."""
        at = np.zeros(len(x), np.int64)
        rows = np.arange(len(x))
        while (inner := self.left[at] >= 0).any():
            here, who = at[inner], rows[inner]
            value = x[who, self.feature[here]]
            left = np.where(np.isnan(value), self.missing_left[here], value < self.bound[here])
            at[inner] = np.where(left, self.left[here], self.right[here])
        return self.bound[at].astype(np.float64)

    @cached_property
    def leaves(self) -> tuple[Leaf, ...]:
        """Return every leaf with the way to it."""
        found: list[Leaf] = []
        waiting: list[tuple[int, tuple[tuple[int, bool], ...]]] = [(0, ())]
        while waiting:
            node, way = waiting.pop()
            if self.left[node] < 0:
                found.append(self._leaf(node, way))
            else:
                waiting.append((int(self.right[node]), (*way, (node, False))))
                waiting.append((int(self.left[node]), (*way, (node, True))))
        return tuple(found)

    def _leaf(self, node: int, way: tuple[tuple[int, bool], ...]) -> Leaf:
        asked: dict[int, list[tuple[int, bool]]] = {}
        for split, left in way:
            asked.setdefault(int(self.feature[split]), []).append((split, left))
        return Leaf(
            value=float(self.bound[node]),
            features=np.array(list(asked), dtype=np.int64),
            shares=np.array([np.prod([self._share(*one) for one in of]) for of in asked.values()]),
            steps=tuple(tuple(of) for of in asked.values()),
        )

    def _share(self, split: int, left: bool) -> float:  # noqa: FBT001 - one of two ways
        child = self.left[split] if left else self.right[split]
        return float(self.weight[child] / self.weight[split])


@dataclass(frozen=True)
class XgboostTrees:
    """A fitted XGBoost model: its bytes, its trees, and its features in the order of its columns.

    Attributes:
        base: the log-odds before the first tree.
    """

    data: bytes
    trees: tuple[Tree, ...]
    base: float
    names: tuple[str, ...]

    def margin(self, x: Matrix) -> Floats:
        """Return the log-odds, shape (n,)."""
        narrow = x.astype(np.float32)
        found: Floats = np.sum([tree.margin(narrow) for tree in self.trees], axis=0) + self.base
        return found

    def risk(self, x: Matrix) -> Risks:
        """Return the risk, shape (n,)."""
        return expit(self.margin(x))

    def contributions(self, x: Matrix) -> Matrix:
        """Return each feature's share of the log-odds (TreeSHAP), shape (n, p + 1); last the base.

        References:
            Lundberg et al., Nat Mach Intell 2020;2:56.
        """
        narrow = x.astype(np.float32)
        found = np.zeros((len(x), len(self.names) + 1))
        found[:, -1] = self.base
        for tree in self.trees:
            splits = range(len(tree.left))
            left = [tree.goes_left(k, narrow) if tree.left[k] >= 0 else _NOWHERE for k in splits]
            for leaf in tree.leaves:
                add_shares(leaf, left, found)
        return found

    def write(self) -> bytes:
        """Return the file as it was brought."""
        return self.data


_NOWHERE: Mask = np.zeros(0, np.bool_)


def read_xgboost(data: bytes) -> XgboostTrees:
    """Return the model that the JSON of XGBoost's `save_model` says.

    Raises:
        Refused: not such JSON, or a model of another kind than trees for one yes or no.
    """
    said = _parse(data)
    try:
        learner = said["learner"]
        names = tuple(str(name) for name in learner["feature_names"])
        _check_kind(learner, names)
        booster = learner["gradient_booster"]["model"]
        trees = tuple(_tree(one, len(names)) for one in booster["trees"])
        _check_whole(learner, len(trees), int(booster["gbtree_model_param"]["num_parallel_tree"]))
        base = float(str(learner["learner_model_param"]["base_score"]).strip("[]"))
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        refusal = _refused(f"a part of XGBoost's JSON is missing or wrong ({type(error).__name__})")
        raise refusal from None
    if not trees or not 0.0 < base < 1.0:
        refusal = _refused("the model has no tree, or no base score between 0 and 1")
        raise refusal
    return XgboostTrees(data, trees, float(np.log(base / (1.0 - base))), names)


def _parse(data: bytes) -> dict[str, Any]:  # a JSON object
    try:
        said = json.loads(data) if len(data) <= MAX_JSON_BYTES else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or "learner" not in said:
        refusal = _refused("the file is not JSON as XGBoost writes it, or larger than 32 MiB")
        raise refusal
    return said


def _check_kind(learner: dict[str, Any], names: Sequence[str]) -> None:
    """Refuse models of another kind, and those whose columns have no names."""
    booster, objective = learner["gradient_booster"]["name"], learner["objective"]["name"]
    if booster != "gbtree" or objective != "binary:logistic":
        refusal = _refused("only trees (gbtree) for a yes or no (binary:logistic) are read")
        raise refusal
    if len(names) != int(learner["learner_model_param"]["num_feature"]) or len(set(names)) < len(
        names
    ):
        refusal = Refused(
            "the features of the model have no names, so its columns cannot be found",
            code="model.xgboost",
            hint="Set booster.feature_names = [...] in the order of the columns, and save again.",
            where=_WHERE,
        )
        raise refusal


def _check_whole(learner: dict[str, Any], trees: int, parallel: int) -> None:
    """Refuse a model that was stopped early and holds trees that its users may not have used."""
    best = learner.get("attributes", {}).get("best_iteration")
    if best is not None and (int(best) + 1) * parallel < trees:
        raise Refused(
            "the model was stopped early and still holds the trees after the best one",
            code="model.xgboost",
            hint='Save what was used: booster[:booster.best_iteration + 1].save_model("model.json")'
            " (or all trees, after booster.set_attr(best_iteration=None)).",
            where=_WHERE,
        )


def _tree(said: dict[str, Any], width: int) -> Tree:
    if any(said.get("split_type", ())) or said.get("categories"):
        refusal = _refused("a tree splits on categories; encode them as numbers")
        raise refusal
    tree = Tree(
        left=np.array(said["left_children"], dtype=np.int64),
        right=np.array(said["right_children"], dtype=np.int64),
        feature=np.array(said["split_indices"], dtype=np.int64),
        bound=np.array(said["split_conditions"], dtype=np.float32),
        missing_left=np.array(said["default_left"], dtype=np.int64) == 1,
        weight=np.array(said["sum_hessian"], dtype=np.float64),
    )
    _check_tree(tree, width)
    return tree


def _check_tree(tree: Tree, width: int) -> None:
    """Refuse arrays that are no tree: of other lengths, with a loop, too deep, or not finite."""
    size = len(tree.left)
    parts = (tree.right, tree.feature, tree.bound, tree.missing_left, tree.weight)
    inner = tree.left >= 0
    inside = (tree.feature[inner] >= 0).all() and (tree.feature[inner] < width).all()
    if not size or any(len(one) != size for one in parts) or not inside:
        raise ValueError
    if not (np.isfinite(tree.bound).all() and (tree.weight[inner] > 0).all()):
        raise ValueError
    level, seen = [0], 0
    for _ in range(MAX_DEPTH + 1):
        seen += len(level)
        level = [int(k) for n in level if inner[n] for k in (tree.left[n], tree.right[n])]
        if any(not 0 < k < size for k in level) or seen + len(level) > size:
            raise ValueError
    if level or not (tree.weight >= 0).all():
        raise ValueError


def _refused(why: str) -> Refused:
    return Refused(
        why,
        code="model.xgboost",
        hint='Save it as booster.save_model("model.json"); other kinds come as ONNX.',
        where=_WHERE,
    )
