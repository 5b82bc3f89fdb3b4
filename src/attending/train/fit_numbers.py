"""Fit every candidate for a number or a count, calibrate it on its own slice, foretell the test.

As for yes or no: what is learnt is learnt from the slices that are named for it, and which
candidate is the model was said before fitting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.models.number_bundle import Foretold, NumberBundle
from attending.models.number_calibration import NumberCalibration, calibrate
from attending.models.number_protocol import Asked
from attending.models.number_registered import NUMBER_MODELS
from attending.models.reference import summarise
from attending.records.run import CandidateFacts, MeasuredNumber
from attending.train.fit import feature_matrix
from attending.train.number_checks import check_tells_number
from attending.train.outcomes import numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from attending.models.protocol import Matrix
    from attending.models.reference import Reference
    from attending.specs.model import CandidateSpec, ModelSpec
    from attending.train.split import Split
    from attending.types import Floats


@dataclass(frozen=True)
class TrainedNumbers:
    """What a fit of numbers gives.

    Attributes:
        bundles: by candidate name, the model itself first.
        foretold: numbers and intervals of the test rows, in the order of `split.test`.
        candidates: parameters and first figures of each candidate.
    """

    bundles: dict[str, NumberBundle]
    foretold: dict[str, Foretold]
    candidates: tuple[CandidateFacts, ...]

    @property
    def chosen(self) -> NumberBundle:
        """Return the bundle of the model itself."""
        return next(iter(self.bundles.values()))


def fit_numbers(
    spec: ModelSpec,
    cohort: pa.Table,
    features: pa.Table,
    *,
    split: Split,
    names: Sequence[str],
    feature_set: str,
) -> TrainedNumbers:
    """Return every candidate fitted, calibrated and tried on the test rows.

    Args:
        spec: model.yaml, of outcome_type number or count.
        cohort: the cohort table.
        features: the feature table, row for row that of the cohort.
        split: from `train.split.split`.
        names: the features to use, in the order of the model's columns.
        feature_set: digest of the features' definitions.

    Raises:
        BadInput: tables whose rows differ, an unknown feature, or parameters out of range.
        Refused: `leak.too_good`, or calibration rows that cannot calibrate.
    """
    x, y = feature_matrix(cohort, features, names), numbers_of(cohort)
    check_tells_number(x[split.train], y[split.train], names=names)
    bundles = {
        name: _fit_one(spec, asked, rows=(x, y), split=split, about=(tuple(names), feature_set))
        for name, asked in spec.candidates()
    }
    foretold = {name: bundle.foretell(x[split.test]) for name, bundle in bundles.items()}
    facts = tuple(
        CandidateFacts(
            name=name,
            estimator=asked.estimator,
            parameters=dict(asked.parameters),
            chosen=at == 0,
            test=measured_number(foretold[name], y[split.test], outcome_type=spec.outcome_type),
            out_of_fold=None,
        )
        for at, (name, asked) in enumerate(spec.candidates())
    )
    return TrainedNumbers(bundles, foretold, facts)


def measured_number(found: Foretold, observed: Floats, *, outcome_type: str) -> MeasuredNumber:
    """Return first figures of foretold against observed numbers.

    >>> two = np.array([2.0, 4.0])
    >>> measured_number(Foretold(two, two - 1, two + 1), two, outcome_type="number").mae
    0.0
    """
    off = found.value - observed
    return MeasuredNumber(
        outcome_type=outcome_type,
        mae=float(np.abs(off).mean()),
        rmse=float(np.sqrt((off**2).mean())),
        coverage=float(((found.low <= observed) & (observed <= found.high)).mean()),
        mean_predicted=float(found.value.mean()),
        mean_observed=float(observed.mean()),
    )


def _fit_one(
    spec: ModelSpec,
    asked: CandidateSpec,
    *,
    rows: tuple[Matrix, Floats],
    split: Split,
    about: tuple[tuple[str, ...], str],
) -> NumberBundle:
    x, y = rows
    names, feature_set = about
    known = tuple(
        summarise(column, name=name) for name, column in zip(names, x[split.train].T, strict=True)
    )
    x = _filled(x, known) if spec.missing == "impute" else x
    wanted = Asked(
        names=names,
        seed=spec.seed,
        level=spec.interval,
        is_count=spec.outcome_type == "count",
        parameters=asked.parameters,
    )
    tuning = (x[split.tuning], y[split.tuning]) if len(split.tuning) else None
    estimator = NUMBER_MODELS.get(asked.estimator)
    fitted = estimator.fit(x[split.train], y[split.train], wanted, tuning=tuning)
    # Numbers of rows that were fitted on are too close to be a reference.
    unseen = split.calibration if len(split.calibration) else split.train
    value, bounds = fitted.value(x[unseen]), fitted.bounds(x[unseen])
    line = NumberCalibration("none")
    if len(split.calibration):
        line = calibrate(spec.calibration, value, bounds, observed=y[unseen], level=spec.interval)
    return NumberBundle(
        estimator=asked.estimator,
        outcome_type=spec.outcome_type,
        level=spec.interval,
        fitted=fitted,
        calibration=line,
        feature_set=feature_set,
        missing=spec.missing,
        references=known,
        value_reference=summarise(line.apply(value), name="value"),
    )


def _filled(x: Matrix, known: tuple[Reference, ...]) -> Matrix:
    medians = np.array([item.at(0.5) if item.quantiles else 0.0 for item in known])
    return np.where(np.isnan(x), medians, x)
