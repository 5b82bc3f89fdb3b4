"""How many parameters a model may use, which is what the sample size criteria count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.models import additive

if TYPE_CHECKING:
    from attending.specs.model import ModelSpec

#: A curve has as many steps as knots between its ends and two more.
_STEPS_MORE = 2


def candidate_parameters(spec: ModelSpec, *, features: int) -> int:
    """Return the parameters that a model may use: all that are considered, not all that are kept.

    A spline of k knots has k - 1; a curve of the additive model has its knots and two more, though
    its smoothing holds most of them back. For trees, which have no parameters to count, it is one a
    feature and the criteria are a lower bound.

    Args:
        spec: model.yaml.
        features: how many features it takes.

    References:
        Riley et al., BMJ 2020;368:m441.
    """
    asked = spec.parameters
    if spec.estimator == "logistic":
        return features * max(int(asked.get("knots", 0)) - 1, 1)
    if spec.estimator == "additive":
        knots = int(asked.get("knots", additive.DEFAULTS["knots"]))
        return features * (knots + _STEPS_MORE)
    return features
