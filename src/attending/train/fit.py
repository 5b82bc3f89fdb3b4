"""Fit every candidate on the training slice, calibrate it on its own, and score the test.

Medians, means and calibration are learnt from the slices that are named for them; the test rows are
scored only. Which candidate is the model was said before fitting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput, did_you_mean
from attending.models.bundle import Bundle
from attending.models.calibration import CALIBRATIONS
from attending.models.protocol import Matrix, expit
from attending.models.reference import Reference, correlated_pairs, summarise
from attending.models.registered import MODELS
from attending.records.run import CandidateFacts, Measured
from attending.train.checks import check_too_good, rank_auroc
from attending.train.split import hashed, read_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from attending.specs.model import CandidateSpec, ModelSpec
    from attending.train.split import Rows, Split
    from attending.types import Ints, Outcomes, Risks

_KEYS = ("subject_id", "prediction_time")


@dataclass(frozen=True)
class Trained:
    """What a fit gives.

    Attributes:
        bundles: by candidate name, the model itself first.
        test_risks: calibrated risks of the test rows, in the order of `split.test`.
        out_of_fold: when folds were asked, for each cohort row the risk from a model fitted
            without its patient; NaN where the row has no label.
        candidates: parameters and first figures of each candidate.
    """

    bundles: dict[str, Bundle]
    test_risks: dict[str, Risks]
    out_of_fold: dict[str, Risks] | None
    candidates: tuple[CandidateFacts, ...]

    @property
    def chosen(self) -> Bundle:
        """Return the bundle of the model itself."""
        return next(iter(self.bundles.values()))


@dataclass(frozen=True)
class _Table:
    """Features and outcomes of all cohort rows, and how they were asked to be treated."""

    x: Matrix
    y: Outcomes
    names: tuple[str, ...]
    spec: ModelSpec
    feature_set: str


def fit(
    spec: ModelSpec,
    cohort: pa.Table,
    features: pa.Table,
    *,
    split: Split,
    names: Sequence[str],
    feature_set: str,
) -> Trained:
    """Return every candidate fitted, calibrated and scored on the test rows.

    Args:
        spec: model.yaml; its seed is the seed of all that is drawn.
        cohort: the cohort table.
        features: the feature table, row for row that of the cohort.
        split: from `train.split.split`.
        names: the features to use, in the order of the model's columns.
        feature_set: digest of the features' definitions.

    Raises:
        BadInput: tables whose rows differ, an unknown feature, or parameters out of range.
        Refused: `leak.too_good`, or calibration rows that cannot calibrate.
    """
    rows = read_rows(cohort)
    table = _Table(
        feature_matrix(cohort, features, names), rows.outcome, tuple(names), spec, feature_set
    )
    check_too_good(table.x[split.train], table.y[split.train], names=names)
    bundles = {
        name: _fit_one(table, asked, at=(split.train, split.tuning, split.calibration))
        for name, asked in spec.candidates()
    }
    risks = {name: bundle.risk(table.x[split.test]) for name, bundle in bundles.items()}
    out_of_fold = None
    if split.fold is not None:
        out_of_fold = {
            name: _out_of_fold(table, asked, rows=rows, fold=split.fold)
            for name, asked in spec.candidates()
        }
    facts = tuple(
        CandidateFacts(
            name=name,
            estimator=asked.estimator,
            parameters=dict(asked.parameters),
            chosen=at == 0,
            test=measured(risks[name], table.y[split.test]),
            out_of_fold=_measured_folds(out_of_fold, name, table.y),
        )
        for at, (name, asked) in enumerate(spec.candidates())
    )
    return Trained(bundles, risks, out_of_fold, facts)


def measured(risk: Risks, outcome: Outcomes) -> Measured:
    """Return first figures of risks against outcomes.

    >>> measured(np.array([0.2, 0.8]), np.array([0, 1], dtype=np.int8)).auroc
    1.0
    """
    return Measured(
        auroc=rank_auroc(risk, outcome),
        brier=float(np.mean((risk - outcome) ** 2)),
        mean_risk=float(risk.mean()),
        event_rate=float(outcome.mean()),
    )


def _measured_folds(
    out_of_fold: dict[str, Risks] | None, name: str, y: Outcomes
) -> Measured | None:
    if out_of_fold is None:
        return None
    risk = out_of_fold[name]
    known = ~np.isnan(risk)
    return measured(risk[known], y[known])


def feature_matrix(cohort: pa.Table, features: pa.Table, names: Sequence[str]) -> Matrix:
    """Return the features of the cohort's rows, shape (n, p), NaN where missing.

    Raises:
        BadInput: rows that are not the cohort's, an unknown feature, or an infinite value.
    """
    if features.num_rows != cohort.num_rows or any(
        not features[key].equals(cohort[key]) for key in _KEYS
    ):
        raise BadInput(
            "the rows of the feature table are not those of the cohort",
            code="train.rows",
            hint="Build the features again for this cohort.",
        )
    for name in names:
        if name not in features.column_names:
            raise BadInput(
                f"the feature table has no column '{name}'",
                code="train.feature",
                hint=did_you_mean(name, features.column_names[3:]),
            )
    columns = [features[name].to_numpy().astype(np.float64) for name in names]
    x = np.column_stack(columns)
    if np.isinf(x).any():
        raise BadInput(
            f"{int(np.isinf(x).sum())} feature values are infinite",
            code="train.infinite",
            hint="A feature divides by zero; give it a plausible range.",
        )
    return x


def _fit_one(table: _Table, asked: CandidateSpec, *, at: tuple[Ints, Ints, Ints]) -> Bundle:
    """Return one candidate; `at` are the rows to fit, tune and calibrate on."""
    train, tuning, calibration = at
    spec = table.spec
    known = tuple(
        summarise(column, name=name)
        for name, column in zip(table.names, table.x[train].T, strict=True)
    )
    x = _filled(table.x, known) if spec.missing == "impute" else table.x
    fitted = MODELS.get(asked.estimator).fit(
        x[train],
        table.y[train],
        names=table.names,
        parameters=asked.parameters,
        seed=spec.seed,
        tuning=(x[tuning], table.y[tuning]) if len(tuning) else None,
    )
    # Risks of rows that were fitted on are too sure of themselves to be a reference.
    unseen = calibration if len(calibration) else train
    margin = fitted.margin(x[unseen])
    line = CALIBRATIONS.get(spec.calibration)(margin, table.y[unseen])
    return Bundle(
        estimator=asked.estimator,
        fitted=fitted,
        calibration=line,
        feature_set=table.feature_set,
        missing=spec.missing,
        references=known,
        risk_reference=summarise(expit(line.apply(margin)), name="risk"),
        correlated=correlated_pairs(table.x[train], names=table.names),
    )


def _filled(x: Matrix, known: tuple[Reference, ...]) -> Matrix:
    medians = np.array([item.at(0.5) if item.quantiles else 0.0 for item in known])
    return np.where(np.isnan(x), medians, x)


def _out_of_fold(table: _Table, asked: CandidateSpec, *, rows: Rows, fold: Ints) -> Risks:
    """Return for each row the risk from a model that was fitted without its patient."""
    asked_split = table.spec.split
    draw = hashed(rows.subject, seed=table.spec.seed, purpose=4)
    calibrates = draw < asked_split.calibration_fraction
    tunes = ~calibrates & (draw < asked_split.calibration_fraction + asked_split.tuning_fraction)
    risk = np.full(len(fold), np.nan)
    for number in range(int(fold.max()) + 1):
        others = (fold >= 0) & (fold != number)
        masks = (others & ~calibrates & ~tunes, others & tunes, others & calibrates)
        train, tuning, calibration = (np.flatnonzero(mask) for mask in masks)
        bundle = _fit_one(table, asked, at=(train, tuning, calibration))
        held = np.flatnonzero(fold == number)
        risk[held] = bundle.risk(table.x[held])
    return risk
