"""Fit every candidate on the training slice, calibrate it on its own, and score the test.

Medians, means and calibration are learnt from the slices that are named for them; the test rows are
scored only. Which candidate is the model was said before fitting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput, did_you_mean
from attending.records.run import CandidateFacts, Measured
from attending.train.candidate import At, Table, fit_one, in_order
from attending.train.checks import check_too_good, rank_auroc
from attending.train.hashing import hashed
from attending.train.recalibrated import recalibrated
from attending.train.search import searched
from attending.train.sites import leave_one_site_out
from attending.train.split import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from attending.models.bundle import Bundle
    from attending.models.protocol import Matrix
    from attending.records.run import HeldOutSite
    from attending.specs.model import CandidateSpec, ModelSpec
    from attending.train.search import Found
    from attending.train.split import Split
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
        held_out_sites: the model fitted without each site, when that was asked for.
    """

    bundles: dict[str, Bundle]
    test_risks: dict[str, Risks]
    out_of_fold: dict[str, Risks] | None
    candidates: tuple[CandidateFacts, ...]
    held_out_sites: tuple[HeldOutSite, ...] = ()

    @property
    def chosen(self) -> Bundle:
        """Return the bundle of the model itself."""
        return next(iter(self.bundles.values()))


def fit(  # noqa: PLR0913 - what a fit is made of
    spec: ModelSpec,
    cohort: pa.Table,
    features: pa.Table,
    *,
    split: Split,
    names: Sequence[str],
    feature_set: str,
    brought: Mapping[str, bytes] | None = None,
    base: Bundle | None = None,
    said: Mapping[str, str] | None = None,
) -> Trained:
    """Return every candidate fitted, calibrated and scored on the test rows.

    Args:
        spec: model.yaml; its seed is the seed of all that is drawn.
        cohort: the cohort table.
        features: the feature table, row for row that of the cohort.
        split: from `train.split.split`.
        names: the features to use, in the order of the model's columns.
        feature_set: digest of the features' definitions.
        brought: files of models that were fitted elsewhere, by their digest.
        base: the model that the spec recalibrates; it is not fitted again.
        said: by feature, the clinical concept that it is about.

    Raises:
        BadInput: tables whose rows differ, an unknown feature, or parameters out of range.
        Refused: `leak.too_good`, or calibration rows that cannot calibrate.
    """
    rows = read_rows(cohort)
    x = feature_matrix(cohort, features, names)
    table = Table(x, rows.outcome, tuple(names), rows, spec, feature_set, brought or {}, said or {})
    check_too_good(table.x[split.train], table.y[split.train], names=names)
    train = in_order(rows, split.train)
    found = {
        name: searched(table, asked, train=train, gaps=split.gaps)
        for name, asked in spec.candidates()
    }
    at = At(split.train, split.tuning, split.calibration)
    bundles = {
        name: _recalibrated(table, base, at=at)
        if spec.recalibration is not None and name == spec.estimator
        else fit_one(table, one.asked, at=at)
        for name, one in found.items()
    }
    risks = {name: bundle.risk(table.x[split.test]) for name, bundle in bundles.items()}
    out_of_fold = None
    if split.fold is not None:
        out_of_fold = {
            name: _out_of_fold(table, one.asked, fold=split.fold) for name, one in found.items()
        }
    facts = tuple(
        _facts(table, one, name=name, risk=risks[name], at=split.test, out_of_fold=out_of_fold)
        for name, one in found.items()
    )
    sites: tuple[HeldOutSite, ...] = ()
    if spec.split.leave_one_site_out:
        asked = next(iter(found.values())).asked
        sites = leave_one_site_out(table, asked, split=split, sites=_sites(cohort))
    return Trained(bundles, risks, out_of_fold, facts, sites)


def _recalibrated(table: Table, base: Bundle | None, *, at: At) -> Bundle:
    """Return the model that the spec recalibrates, moved.

    Raises:
        BadInput: the earlier model was not handed over, or the spec names none.
    """
    if table.spec.recalibration is None or base is None:
        raise BadInput(
            "the model that is recalibrated was not handed over",
            code="recalibration.base",
            hint="Fit it through `attending train fit`.",
            where="model.yaml: recalibration",
        )
    return recalibrated(base, table.spec.recalibration, table=table, at=at)


def _facts(
    table: Table,
    found: Found,
    *,
    name: str,
    risk: Risks,
    at: Ints,
    out_of_fold: dict[str, Risks] | None,
) -> CandidateFacts:
    return CandidateFacts(
        name=name,
        estimator=found.asked.estimator,
        parameters=dict(found.asked.parameters),
        chosen=name == table.spec.candidates()[0][0],
        test=measured(risk, table.y[at]),
        out_of_fold=_measured_folds(out_of_fold, name, table.y),
        search=found.facts,
    )


def _sites(cohort: pa.Table) -> pa.ChunkedArray:
    if "site" not in cohort.column_names:
        raise BadInput(
            "the cohort has no column 'site'",
            code="split.column",
            hint="Write leave_one_site_out: false, or give the source its sites.",
            where="model.yaml: split.leave_one_site_out",
        )
    return cohort["site"]


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


def _out_of_fold(table: Table, asked: CandidateSpec, *, fold: Ints) -> Risks:
    """Return for each row the risk from a model that was fitted without its patient."""
    asked_split = table.spec.split
    draw = hashed(table.rows.subject, seed=table.spec.seed, purpose=4)
    calibrates = draw < asked_split.calibration_fraction
    tunes = ~calibrates & (draw < asked_split.calibration_fraction + asked_split.tuning_fraction)
    risk = np.full(len(fold), np.nan)
    for number in range(int(fold.max()) + 1):
        others = (fold >= 0) & (fold != number)
        masks = (others & ~calibrates & ~tunes, others & tunes, others & calibrates)
        bundle = fit_one(table, asked, at=At(*(np.flatnonzero(mask) for mask in masks)))
        held = np.flatnonzero(fold == number)
        risk[held] = bundle.risk(table.x[held])
    return risk
