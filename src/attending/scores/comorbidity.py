"""A weighted sum of coded conditions: what Charlson and Elixhauser share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from attending.scores.coded import VOCABULARIES, coded_classes, worst_only
from attending.scores.packaged import code_list
from attending.scores.protocol import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from attending.scores.about import About
    from attending.scores.evidence import Evidence
    from attending.types import Floats, Mask


class Component(Protocol):
    """What adds a component that is not a condition."""

    def __call__(self, events: pa.Table, rows: pa.Table) -> tuple[Floats, Mask, Evidence]:
        """Return points, where the input is missing, and what they rest on."""
        ...


@dataclass(frozen=True)
class Comorbidity:
    """One index with its parameters.

    Attributes:
        about: what it says of itself.
        code_list: the packaged list of its conditions.
        weights: condition -> points.
        hierarchy: pairs of which the first takes the place of the second.
        availability: `knowable` or `as_coded`.
        policy: `normal` or `strict`.
        more: further components, such as age; more_codes: the event codes that they need.
    """

    about: About
    code_list: str
    weights: dict[str, int]
    hierarchy: tuple[tuple[str, str], ...]
    availability: str
    policy: str
    more: Mapping[str, Component] = field(default_factory=dict)
    more_codes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return its name, version and variant."""
        return f"{self.about.version} ({self.availability.replace('_', ' ')})"

    @property
    def by_availability(self) -> bool:
        """Return true: it takes coded diagnoses."""
        return True

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the event codes that it needs."""
        return (*(f"{vocabulary}*" for vocabulary in VOCABULARIES), *self.more_codes)

    @property
    def components(self) -> tuple[str, ...]:
        """Return the conditions, and what else is added."""
        return (*self.weights, *self.more)

    def score(self, events: pa.Table, rows: pa.Table) -> pa.Table:
        """Return totals and points by condition; no visible code at all is missing, not zero."""
        lists = [code_list(self.code_list)]
        coded = coded_classes(events, rows, lists, availability=self.availability)
        kept = worst_only(coded.shown, self.hierarchy)
        points = {name: kept[name].astype(np.float64) * by for name, by in self.weights.items()}
        missing = dict.fromkeys(self.weights, ~coded.any_code)
        evidence = dict(coded.evidence)
        for name, component in self.more.items():
            points[name], missing[name], evidence[name] = component(events, rows)
        return table(rows, points, missing=missing, evidence=evidence, policy=self.policy)

    def expected_risk(self, total: Floats) -> None:
        """Return None: no risk within 30 days was published for it."""


def weighed(name: str, weights: Mapping[str, int]) -> dict[str, str]:
    """Return each condition's points in words.

    >>> weighed("charlson", {"mi": 1})["mi"]
    'Myocardial infarction: 1'
    """
    labels = {found.name: found.label for found in code_list(name).classes}
    return {key: f"{labels[key]}: {points:g}" for key, points in weights.items()}
