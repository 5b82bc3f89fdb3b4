"""The estimators that a model.yaml may name: one file and one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.models.additive import AdditiveEstimator
from attending.models.lightgbm_trees import TreesEstimator
from attending.models.logistic import LogisticEstimator
from attending.models.onnx_model import OnnxEstimator
from attending.registry import Registry

if TYPE_CHECKING:
    from attending.models.protocol import Estimator

MODELS: Registry[Estimator] = Registry("estimator")
MODELS.add("logistic", LogisticEstimator())
MODELS.add("lightgbm", TreesEstimator())
MODELS.add("additive", AdditiveEstimator())
MODELS.add("onnx", OnnxEstimator())
