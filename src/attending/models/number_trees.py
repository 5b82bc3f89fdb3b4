"""Gradient-boosted trees for numbers: one model for the number, two for the ends of its interval.

As for yes or no, one thread and a fixed seed make the text of two fits identical. Counts are fitted
on a log scale by the Poisson likelihood; the ends of the interval are quantiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.models.lightgbm_library import TextModel
from attending.models.lightgbm_text import check_text, safe_names
from attending.models.lightgbm_trees import checked_settings, fit_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.models.number_protocol import Asked
    from attending.models.protocol import Matrix, Setting
    from attending.types import Floats

#: What the trees aim at, by the parameter `aim` of a number; a count always aims at its mean.
_AIMS = {"mean": "regression", "median": "regression_l1"}
_FILES = ("model.txt", "low.txt", "high.txt")


@dataclass(frozen=True)
class NumberTrees:
    """Three fitted LightGBM models: the number, and the low and high end of its interval."""

    texts: tuple[bytes, bytes, bytes]
    names: tuple[str, ...]
    is_log: bool

    @cached_property
    def _models(self) -> tuple[TextModel, ...]:
        return tuple(TextModel(text, n_features=len(self.names)) for text in self.texts)

    def value(self, x: Matrix) -> Floats:
        """Return the number that is foretold, shape (n,)."""
        found = self._models[0].predict(x, kind="margin")
        return np.exp(np.minimum(found, 50.0)) if self.is_log else found

    def bounds(self, x: Matrix) -> tuple[Floats, Floats]:
        """Return the two foretold quantiles, shape (n,) each."""
        _, low, high = self._models
        return low.predict(x, kind="margin"), high.predict(x, kind="margin")

    def write(self) -> dict[str, bytes]:
        """Return the three LightGBM texts."""
        return dict(zip(_FILES, self.texts, strict=True))


class NumberTreesEstimator:
    """Fits and reads trees for numbers."""

    file_names: tuple[str, ...] = _FILES

    def fit(
        self, x: Matrix, y: Floats, asked: Asked, *, tuning: tuple[Matrix, Floats] | None = None
    ) -> NumberTrees:
        """Return the trees fitted on training rows; `tuning` rows may only stop them early.

        Raises:
            BadInput: an unknown parameter, one out of range, or early stopping without tuning rows.
        """
        _, parameters = _aim(asked)
        settings = checked_settings(parameters, names=asked.names)
        if settings["early_stopping_rounds"] and tuning is None:
            raise BadInput(
                "early_stopping_rounds is set, but there are no tuning rows",
                code="model.no_tuning",
                hint="Give split.tuning_fraction a value, or set early_stopping_rounds: 0.",
                where="model.yaml: parameters",
            )
        options = fit_options(settings, names=asked.names, seed=asked.seed)
        texts = [
            _text((x, y), settings, {**options, **objective}, asked=asked, tuning=tuning)
            for objective in _objectives(asked)
        ]
        return NumberTrees((texts[0], texts[1], texts[2]), tuple(asked.names), asked.is_count)

    def read(self, files: Mapping[str, bytes], asked: Asked) -> NumberTrees:
        """Return the models that three LightGBM texts say.

        Raises:
            Refused: not LightGBM texts of these aims over these features.
        """
        for name, objective in zip(_FILES, _objectives(asked), strict=True):
            check_text(files[name], names=asked.names, objective=str(objective["objective"]))
        texts = tuple(files[name] for name in _FILES)
        return NumberTrees((texts[0], texts[1], texts[2]), tuple(asked.names), asked.is_count)


def _aim(asked: Asked) -> tuple[str, dict[str, Setting]]:
    """Return the objective of the number, and the parameters without the one that names it."""
    parameters = dict(asked.parameters)
    aim = parameters.pop("aim", "mean")
    if aim not in _AIMS or (asked.is_count and aim != "mean"):
        raise BadInput(
            f"got aim '{aim}', expected mean or, for a number, median",
            code="model.parameter",
            hint="Write aim: mean.",
            where="model.yaml: parameters",
        )
    return ("poisson" if asked.is_count else _AIMS[str(aim)]), parameters


def _objectives(asked: Asked) -> tuple[dict[str, Setting], ...]:
    low, high = (float(f"{end:.6g}") for end in asked.tails)
    return (
        {"objective": _aim(asked)[0]},
        {"objective": "quantile", "alpha": low},
        {"objective": "quantile", "alpha": high},
    )


def _text(
    rows: tuple[Matrix, Floats],
    settings: Mapping[str, Setting],
    options: dict[str, Setting | list[int]],
    *,
    asked: Asked,
    tuning: tuple[Matrix, Floats] | None,
) -> bytes:
    import lightgbm

    stopping = int(settings["early_stopping_rounds"])
    if options["objective"] in {"quantile", "regression_l1"}:
        # The library cannot keep both: the leaves of these are set anew after each tree.
        options = {key: held for key, held in options.items() if key != "monotone_constraints"}
    data = lightgbm.Dataset(*rows, feature_name=safe_names(asked.names), params=options)
    watch = [data.create_valid(*tuning)] if stopping and tuning else []
    callbacks = [lightgbm.early_stopping(stopping, verbose=False)] if watch else []
    booster = lightgbm.train(
        options, data, int(settings["num_iterations"]), valid_sets=watch, callbacks=callbacks
    )
    best = booster.best_iteration if watch else -1
    return bytes(booster.model_to_string(num_iteration=best).encode("ascii"))
