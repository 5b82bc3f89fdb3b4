"""Read LightGBM text with suspicion: every tree is checked before the library sees a byte.

The library trusts its input: a child that points at its own parent is an endless walk, and a wrong
offset reads past the text. A file passes here only if it is one binary model over the named
features whose trees are trees.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEAD = b"tree\nversion=v4\n"
_END = "end of trees"
_PER_SPLIT = ("split_feature", "threshold", "decision_type", "left_child", "right_child")
MAX_BYTES = 256 << 20


def check_text(data: bytes, *, names: Sequence[str], objective: str = "binary sigmoid:1") -> None:
    r"""Check that `data` is LightGBM text of one model over `names`, binary unless told.

    Raises:
        Refused: anything else.

    >>> check_text(b"tree\nversion=v9\n", names=["age"])
    Traceback (most recent call last):
    ...
    attending.errors.Refused: got a model file that is not LightGBM text (its first lines)
    Write it with this package and bring the whole bundle.
    """
    if not data.startswith(_HEAD) or len(data) > MAX_BYTES:
        refusal = _refuse("its first lines")
        raise refusal
    try:
        _check(data.decode("ascii"), names=names, objective=objective)
    except (ValueError, KeyError, IndexError):
        refusal = _refuse("numbers that do not fit together")
        raise refusal from None


def smallest_leaf(data: bytes) -> int | None:
    r"""Return the fewest rows of the fit that a leaf holds, None where the text counts none.

    A leaf of one row is that row: who knows the others can read its outcome.

    >>> smallest_leaf(b"tree\nTree=0\nleaf_count=40 12\n")
    12
    """
    found: list[int] = []
    for line in data.split(b"\n"):
        if line.startswith(b"leaf_count="):
            found += [int(word) for word in line.removeprefix(b"leaf_count=").split()]
    return min(found, default=None)


def safe_names(names: Sequence[str]) -> list[str]:
    """Return column names that LightGBM writes as they are.

    >>> safe_names(["age", "lab last"])
    ['f0', 'f1']
    """
    plain = all(name.isascii() and name.replace("_", "").isalnum() for name in names)
    return list(names) if plain else [f"f{at}" for at in range(len(names))]


def _refuse(what: str) -> Refused:
    return Refused(
        f"got a model file that is not LightGBM text ({what})",
        code="model.format",
        hint="Write it with this package and bring the whole bundle.",
    )


def _check(text: str, *, names: Sequence[str], objective: str) -> None:
    head, _, _ = text.partition("\nTree=0\n")
    fields = _fields(head)
    expected = {
        "num_class": "1",
        "num_tree_per_iteration": "1",
        "max_feature_idx": str(len(names) - 1),
        "objective": objective,
        "feature_names": " ".join(safe_names(names)),
    }
    for key, value in expected.items():
        if fields[key] != value:
            raise _refuse(f"its {key}")
    start = len(head) + 1
    for at, size in enumerate(_ints(fields, "tree_sizes")):
        block = text[start : start + size]
        if size <= 0 or not block.startswith(f"Tree={at}\n"):
            raise _refuse("its tree sizes")
        _check_tree(_fields(block), n_features=len(names))
        start += size
    if not text[start:].startswith(_END):
        raise _refuse("its tree sizes")


def _fields(block: str) -> dict[str, str]:
    pairs = [line.partition("=") for line in block.split("\n")]
    return {key: value for key, equals, value in pairs if equals}


def _ints(fields: Mapping[str, str], key: str) -> list[int]:
    return [int(word) for word in fields[key].split()]


def _check_tree(fields: Mapping[str, str], *, n_features: int) -> None:
    leaves = int(fields["num_leaves"])
    if fields["num_cat"] != "0" or fields["is_linear"] != "0":
        raise _refuse("a tree with categories or linear leaves")
    if any(len(fields[key].split()) != leaves - 1 for key in _PER_SPLIT):
        raise _refuse("a tree with missing splits")
    if len([float(word) for word in fields["leaf_value"].split()]) != leaves:
        raise _refuse("a tree with missing leaves")
    [float(word) for word in fields["threshold"].split()]
    if not all(0 <= at < n_features for at in _ints(fields, "split_feature")):
        raise _refuse("a split on a feature that is not there")
    _check_shape(_ints(fields, "left_child"), _ints(fields, "right_child"), leaves=leaves)


def _check_shape(left: Sequence[int], right: Sequence[int], *, leaves: int) -> None:
    """Check that every node but the root, and every leaf, has one parent that stands before it."""
    seen = set()
    for at, pair in enumerate(zip(left, right, strict=True)):
        for child in pair:
            node_ok = at < child < leaves - 1
            leaf_ok = -leaves <= child <= -1
            if child in seen or not (node_ok or leaf_ok):
                raise _refuse("a tree that is not a tree")
            seen.add(child)
    if left and len(seen) != 2 * leaves - 2:
        raise _refuse("a tree that is not a tree")
