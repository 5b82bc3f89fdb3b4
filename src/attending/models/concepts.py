"""Features that belong together: one clinical concept, or values that move together.

Shares are exact, and so is their sum over a group. Which of two features that move together gets
the weight is chance; what both get together is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.models.protocol import Matrix

#: Features with a rank correlation from this on, in size, stand together in training rows.
TOGETHER = 0.9
_NAMED = 2


@dataclass(frozen=True)
class Concept:
    """Features whose shares are shown as one.

    Attributes:
        features: two or more, in the order of the columns.
        said: what each is about, as the specs say; where they differ, only the rows say that
            the features belong together.
    """

    features: tuple[str, ...]
    said: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return what the features are called together.

        >>> Concept(("a", "b", "c", "d"), ("Salt", "Salt", "Water", "Sugar")).name
        'Salt with Water and 1 more'
        """
        parts = list(dict.fromkeys(self.said))
        more = f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
        return f"{' with '.join(parts[:_NAMED])}{more}"

    def says_one(self, first: str, second: str) -> bool:
        """Return whether the specs say that two features are about the same."""
        of = dict(zip(self.features, self.said, strict=True))
        return first in of and second in of and of[first] == of[second]


def concepts_of(
    names: Sequence[str],
    said: Mapping[str, str],
    pairs: Sequence[tuple[str, str, float]],
    *,
    bound: float = TOGETHER,
) -> tuple[Concept, ...]:
    """Return the groups of two features or more.

    Args:
        names: the features, in the order of the columns.
        said: by feature, its concept; features of the same one stand together.
        pairs: features that move together, with their rank correlation.
        bound: from which size of it two stand together.

    >>> concepts_of(["a", "b", "c"], {"a": "Salt", "b": "Salt"}, [("b", "c", -0.95)])
    (Concept(features=('a', 'b', 'c'), said=('Salt', 'Salt', 'c')),)
    """
    root = {name: name for name in names}

    def top(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    first: dict[str, str] = {}
    joined = [(first.setdefault(said[name], name), name) for name in names if name in said]
    joined += [(a, b) for a, b, rho in pairs if abs(rho) >= bound and a in root and b in root]
    for a, b in joined:
        root[top(b)] = top(a)
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(top(name), []).append(name)
    return tuple(
        Concept(tuple(group), tuple(said.get(name, name) for name in group))
        for group in groups.values()
        if len(group) > 1
    )


@dataclass(frozen=True)
class Groups:
    """All features by what readers see: concepts, and features that stand alone.

    Attributes:
        names: of each group; the feature's own where it stands alone.
        columns: the columns of each group.
    """

    names: tuple[str, ...]
    columns: tuple[tuple[int, ...], ...]

    def summed(self, shares: Matrix) -> Matrix:
        """Return shares by group, shape (n, g).

        Args:
            shares: shape (n, p), without the base.

        >>> Groups(("a", "b with c"), ((0,), (1, 2))).summed(np.array([[1.0, 2.0, 3.0]])).tolist()
        [[1.0, 5.0]]
        """
        summed = np.take(shares, [held[0] for held in self.columns], axis=1)
        for group, held in enumerate(self.columns):
            if len(held) > 1:
                summed[:, group] = shares[:, list(held)].sum(axis=1)
        return summed


def groups_of(names: Sequence[str], concepts: Sequence[Concept]) -> Groups:
    """Return all features in groups, each where its first feature stands.

    >>> groups_of(["a", "b", "c"], [Concept(("b", "c"), ("B", "B"))])
    Groups(names=('a', 'B'), columns=((0,), (1, 2)))
    """
    of = {feature: concept for concept in concepts for feature in concept.features}
    found: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        found.setdefault(of[name].name if name in of else name, []).append(at)
    return Groups(tuple(found), tuple(tuple(held) for held in found.values()))


def as_json(concept: Concept) -> dict[str, Any]:
    """Return plain JSON values."""
    return {"features": list(concept.features), "said": list(concept.said)}


def from_json(found: Mapping[str, Any], *, names: Sequence[str]) -> Concept:
    """Return the concept that plain JSON values say.

    Raises:
        ValueError: a feature that is not among the names, or fewer than two.

    >>> from_json(as_json(Concept(("b", "c"), ("B", "B"))), names=["b", "c"]).name
    'B'
    """
    features, said = (tuple(str(one) for one in found[key]) for key in ("features", "said"))
    if len(features) < 2 or len(said) != len(features) or not set(features) <= set(names):
        raise ValueError("a concept of other features")
    return Concept(features, said)
