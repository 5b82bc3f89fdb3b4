"""Which clinical concept each feature is about: as its spec says, or by the codes that it reads."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.specs.features import FeatureSpec, FeaturesSpec

_SHORTEST = 3


def concepts_said(spec: FeaturesSpec) -> dict[str, str]:
    """Return the concept of each feature.

    It is what `concept` says; else that of the features of the same codes, called by what their
    labels begin with; else the feature's own label.

    Args:
        spec: the features.
    """
    alike: dict[object, list[FeatureSpec]] = {}
    for feature in spec.features:
        if feature.concept is None:
            alike.setdefault(_key(feature), []).append(feature)
    found = {one.name: one.concept for one in spec.features if one.concept is not None}
    for held in alike.values():
        called = called_by([one.label for one in held])
        found |= {one.name: called for one in held}
    return found


def _key(feature: FeatureSpec) -> object:
    """Return what features of one concept share: codes or code list; else the feature alone."""
    return (feature.codes, feature.code_list) if _reads(feature) else feature.name


def _reads(feature: FeatureSpec) -> bool:
    return bool(feature.codes) or feature.code_list is not None


def called_by(labels: Sequence[str]) -> str:
    """Return what labels begin with, in whole words and up to a comma.

    Where they share nothing, it is the first label.

    >>> called_by(["Heart rate, mean of the last 24 h", "Heart rate, change per hour"])
    'Heart rate'
    >>> called_by(["Sodium, last", "Sodium, last minus first of the stay"])
    'Sodium'
    >>> called_by(["Last pulse", "Mean pulse"]), called_by(["Age in years"])
    ('Last pulse', 'Age in years')
    """
    if len(labels) == 1:
        return labels[0]
    words = [label.partition(",")[0].split(" ") for label in labels]
    alike = takewhile(lambda held: len(set(held)) == 1, zip(*words, strict=False))
    called = " ".join(held[0] for held in alike).rstrip(" ;:(-")
    return called if len(called) >= _SHORTEST else labels[0]


def rest_of(label: str, concept: str) -> str:
    """Return what a label says beyond its concept.

    >>> rest_of("Haemoglobin, last", "Haemoglobin"), rest_of("Insulin ordered", "Medication")
    ('last', 'Insulin ordered')
    """
    rest = label.removeprefix(concept).lstrip(" ,;:(-") if label.startswith(concept) else label
    return rest.rstrip(")") if "(" not in rest else rest
