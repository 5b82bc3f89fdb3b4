"""The estimators of numbers that a model.yaml may name: one file and one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.models.number_linear import NumberLinearEstimator
from attending.models.number_trees import NumberTreesEstimator
from attending.registry import Registry

if TYPE_CHECKING:
    from attending.models.number_protocol import NumberEstimator

NUMBER_MODELS: Registry[NumberEstimator] = Registry("estimator of numbers")
NUMBER_MODELS.add("lightgbm", NumberTreesEstimator())
NUMBER_MODELS.add("linear", NumberLinearEstimator(link="identity"))
NUMBER_MODELS.add("poisson", NumberLinearEstimator(link="log"))
