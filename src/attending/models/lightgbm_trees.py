"""Gradient-boosted trees by LightGBM, fitted so that the same rows give the same bytes.

One thread, row-wise histograms and a fixed seed: the text of two fits is identical, on the same
machine and under another thread count of the process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.models.lightgbm_library import TextModel
from attending.models.lightgbm_text import check_text, safe_names
from attending.models.monotone import signs
from attending.models.protocol import Matrix, Setting, expit, known_settings, number, row_counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.types import Floats, Outcomes, Risks

#: monotone_up and monotone_down: feature names parted by commas, whose risk may only rise or fall.
#: early_stopping_rounds: 0 never stops early; otherwise the tuning rows say when.
DEFAULTS: dict[str, Setting] = {
    "num_iterations": 200,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "max_depth": -1,
    "min_data_in_leaf": 50,
    "min_sum_hessian_in_leaf": 0.001,
    "lambda_l1": 0.0,
    "lambda_l2": 1.0,
    "feature_fraction": 1.0,
    "bagging_fraction": 1.0,
    "bagging_freq": 0,
    "max_bin": 255,
    "path_smooth": 0.0,
    "early_stopping_rounds": 0,
    "monotone_up": "",
    "monotone_down": "",
    "class_weights": "none",
}
_LEAST = {
    "num_iterations": 1.0,
    "learning_rate": 1e-6,
    "num_leaves": 2.0,
    "max_depth": -1.0,
    "feature_fraction": 1e-6,
    "bagging_fraction": 1e-6,
    "min_data_in_leaf": 1.0,
    "max_bin": 2.0,
}
_OWN = (
    "monotone_up",
    "monotone_down",
    "early_stopping_rounds",
    "num_iterations",
    "class_weights",
)
_FIXED: dict[str, Setting] = {
    "objective": "binary",
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Trees:
    """A fitted LightGBM model: its text, and the features in the order of its columns."""

    text: bytes
    names: tuple[str, ...]

    @cached_property
    def _model(self) -> TextModel:
        return TextModel(self.text, n_features=len(self.names))

    def margin(self, x: Matrix) -> Floats:
        """Return the log-odds, shape (n,)."""
        return self._model.predict(x, kind="margin")

    def risk(self, x: Matrix) -> Risks:
        """Return the uncalibrated risk, shape (n,)."""
        return expit(self.margin(x))

    def contributions(self, x: Matrix) -> Matrix:
        """Return each feature's share of the log-odds (TreeSHAP), shape (n, p + 1); last the base.

        References:
            Lundberg et al., Nat Mach Intell 2020;2:56.
        """
        flat = self._model.predict(x, kind="contributions")
        return flat.reshape(len(x), len(self.names) + 1)

    def write(self) -> bytes:
        """Return the LightGBM text."""
        return self.text


class TreesEstimator:
    """Fits and reads LightGBM models."""

    file_name = "model.txt"

    def fit(
        self,
        x: Matrix,
        y: Outcomes,
        *,
        names: Sequence[str],
        parameters: Mapping[str, Setting],
        seed: int,
        tuning: tuple[Matrix, Outcomes] | None = None,
    ) -> Trees:
        """Return the trees fitted on training rows; `tuning` rows may only stop them early.

        Raises:
            BadInput: an unknown parameter, one out of range, or early stopping without tuning rows.
        """
        import lightgbm

        settings = checked_settings(parameters, names=names)
        stopping = int(settings["early_stopping_rounds"])
        if stopping and tuning is None:
            raise BadInput(
                "early_stopping_rounds is set, but there are no tuning rows",
                code="model.no_tuning",
                hint="Give split.tuning_fraction a value, or set early_stopping_rounds: 0.",
                where="model.yaml: parameters",
            )
        options = fit_options(settings, names=names, seed=seed)
        counts = row_counts(y, settings) if settings["class_weights"] != "none" else None
        data = lightgbm.Dataset(
            x, y.astype(np.float32), weight=counts, feature_name=safe_names(names), params=options
        )
        watch = [data.create_valid(*tuning)] if stopping and tuning else []
        callbacks = [lightgbm.early_stopping(stopping, verbose=False)] if watch else []
        booster = lightgbm.train(
            options, data, int(settings["num_iterations"]), valid_sets=watch, callbacks=callbacks
        )
        best = booster.best_iteration if watch else -1
        text = booster.model_to_string(num_iteration=best).encode("ascii")
        return Trees(text, tuple(names))

    def read(self, data: bytes, *, names: Sequence[str]) -> Trees:
        """Return the model that LightGBM text says.

        Raises:
            Refused: not LightGBM text of one binary model over `names`.
        """
        check_text(data, names=names)
        return Trees(data, tuple(names))


def checked_settings(
    parameters: Mapping[str, Setting], *, names: Sequence[str]
) -> dict[str, Setting]:
    """Return the parameters over their defaults, each in its range.

    Raises:
        BadInput: an unknown parameter, one out of range, or a monotone name that is no feature.
    """
    settings = known_settings(parameters, DEFAULTS, kind="lightgbm")
    for key, default in DEFAULTS.items():
        if isinstance(default, (int, float)):
            value = number(settings, key, least=_LEAST.get(key, 0.0))
            settings[key] = int(value) if isinstance(default, int) else value
    signs(settings, names=names)
    return settings


def fit_options(
    settings: Mapping[str, Setting], *, names: Sequence[str], seed: int
) -> dict[str, Setting | list[int]]:
    """Return what the library is given: one thread, and the low bits of the seed."""
    held = signs(settings, names=names)
    asked = {key: value for key, value in settings.items() if key not in _OWN}
    # The library keeps 31 bits of a seed and takes the low ones.
    options: dict[str, Setting | list[int]] = {**asked, **_FIXED, "seed": seed & 0x7FFFFFFF}
    if any(held):
        options["monotone_constraints"] = held
    return options
