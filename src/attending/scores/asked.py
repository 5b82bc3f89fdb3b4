"""The bedside score that a feature asks for, and the codes that it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import BadInput, Refused, did_you_mean
from attending.scores.registered import SCORES

if TYPE_CHECKING:
    from attending.scores.protocol import Score
    from attending.specs.features import FeatureSpec, FeaturesSpec


def score_of(feature: FeatureSpec) -> Score:
    """Return the score of a feature of kind `score`, with the feature's parameters.

    Raises:
        BadInput: no such score, parameter or component.
        Refused: it is as coded later; a feature takes what could be known.

    >>> from attending.specs.features import FeatureSpec
    >>> asked = {"name": "sepsis", "label": "qSOFA", "owner": "dana", "purpose": "sepsis"}
    >>> score_of(FeatureSpec(**asked, kind="score", score="qsofa")).name
    'qSOFA-2016'
    """
    if feature.parameters.get("availability") == "as_coded":
        raise Refused(
            f"feature '{feature.name}' is a score by codes that were given later",
            code="features.score_as_coded",
            hint="Leave out 'availability'; a feature is as knowable at the prediction.",
        )
    where = f"features.{feature.name}"
    score = SCORES.get(str(feature.score), where=where)(feature.parameters)
    if feature.component is not None and feature.component not in score.components:
        raise BadInput(
            f"got component '{feature.component}', which the score {feature.score} does not have",
            code="features.score_component",
            hint=did_you_mean(feature.component, score.components),
            where=where,
        )
    return score


def codes_of(spec: FeaturesSpec, feature: FeatureSpec) -> tuple[str, ...]:
    """Return the codes that a feature reads, those of its bedside score with them.

    Raises:
        BadInput: no such score, parameter or component.
        Refused: the score is as coded later.
    """
    return score_of(feature).codes if feature.kind == "score" else spec.codes_of(feature)
