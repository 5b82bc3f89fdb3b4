"""Fit one candidate on the rows that are named for it, and calibrate it on others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.models.bundle import Bundle
from attending.models.calibration import CALIBRATIONS
from attending.models.concepts import concepts_of
from attending.models.monotone import PARAMETERS, settings_of
from attending.models.protocol import expit
from attending.models.reference import correlated_pairs, summarise
from attending.models.registered import MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.models.protocol import Fitted, Matrix, Setting
    from attending.models.reference import Reference
    from attending.specs.model import CandidateSpec, ModelSpec
    from attending.train.split import Rows
    from attending.types import Ints, Outcomes

#: Estimators that keep a sign that is asked for; the others are fitted without.
_HOLD_SIGNS = frozenset({"lightgbm", "additive"})


@dataclass(frozen=True)
class Table:
    """Features and outcomes of all cohort rows, and how they were asked to be treated.

    Attributes:
        x: shape (n, p), NaN where missing.
        y: shape (n,), 0 or 1; 0 where the row has no label.
        names: the features.
        rows: the cohort's keys and times.
        spec: model.yaml.
        feature_set: digest of the features' definitions.
        brought: files of models that are not fitted here, by their digest.
        said: by feature, the clinical concept that it is about.
    """

    x: Matrix
    y: Outcomes
    names: tuple[str, ...]
    rows: Rows
    spec: ModelSpec
    feature_set: str
    brought: Mapping[str, bytes] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class At:
    """The rows that a candidate is fitted, tuned and calibrated on."""

    train: Ints
    tuning: Ints
    calibration: Ints


def in_order(rows: Rows, at: Ints) -> Ints:
    """Return rows by patient, prediction time and stay, however the table had them.

    So that a fit that adds up in the order of its rows does not depend on the table's.
    """
    return at[np.lexsort((rows.encounter[at], rows.time[at], rows.subject[at]))]


def all_settings(table: Table, asked: CandidateSpec) -> dict[str, Setting]:
    """Return a candidate's parameters with what model.yaml says for all: signs and weights.

    Raises:
        BadInput: a sign for what is no feature.
    """
    found: dict[str, Setting] = dict(asked.parameters)
    for name in table.spec.monotone:
        if name not in table.names:
            raise BadInput(
                f"got monotone '{name}', which is not a feature of this model",
                code="model.monotone",
                hint="Write features as features.yaml names them.",
                where="model.yaml: monotone",
            )
    if asked.estimator in _HOLD_SIGNS and table.spec.monotone:
        if set(found) & set(PARAMETERS):
            raise BadInput(
                "got signs both in monotone and in parameters",
                code="model.monotone",
                hint="Write them in monotone alone.",
                where="model.yaml: monotone",
            )
        found |= settings_of(table.spec.monotone)
    if table.spec.class_weights != "none" and asked.estimator != "onnx":
        found["class_weights"] = table.spec.class_weights
    return found


def known_of(table: Table, train: Ints) -> tuple[Reference, ...]:
    """Return what the training rows look like, feature by feature."""
    columns = zip(table.names, table.x[train].T, strict=True)
    return tuple(summarise(column, name=name) for name, column in columns)


def estimate(
    table: Table,
    asked: CandidateSpec,
    *,
    at: tuple[Ints, Ints],
    known: tuple[Reference, ...],
    settings: Mapping[str, Setting],
) -> tuple[Fitted, Matrix]:
    """Return the estimator before calibration, and all rows as it takes them.

    Args:
        table: all rows.
        asked: the candidate.
        at: the rows to fit and to tune on.
        known: of the rows to fit on; gaps take their medians where the spec imputes.
        settings: all parameters.
    """
    train, tuning = at
    x = filled(table.x, known) if table.spec.missing == "impute" else table.x
    estimator = MODELS.get(asked.estimator)
    if asked.estimator == "onnx":
        return estimator.read(_file_of(table, asked), names=table.names), x
    fitted = estimator.fit(
        x[train],
        table.y[train],
        names=table.names,
        parameters=settings,
        seed=table.spec.seed,
        tuning=(x[tuning], table.y[tuning]) if len(tuning) else None,
    )
    return fitted, x


def fit_one(table: Table, asked: CandidateSpec, *, at: At) -> Bundle:
    """Return one candidate, fitted and calibrated.

    Args:
        table: all rows.
        asked: the candidate, with the parameters that it is to be fitted with.
        at: its rows.
    """
    train, tuning, calibration = (
        in_order(table.rows, part) for part in (at.train, at.tuning, at.calibration)
    )
    known = known_of(table, train)
    settings = all_settings(table, asked)
    fitted, x = estimate(table, asked, at=(train, tuning), known=known, settings=settings)
    # Risks of rows that were fitted on are too sure of themselves to be a reference.
    unseen = calibration if len(calibration) else train
    margin = fitted.margin(x[unseen])
    pairs = correlated_pairs(table.x[train], names=table.names)
    line = CALIBRATIONS.get(table.spec.calibration)(margin, table.y[unseen])
    return Bundle(
        estimator=asked.estimator,
        fitted=fitted,
        calibration=line,
        feature_set=table.feature_set,
        missing=table.spec.missing,
        references=known,
        risk_reference=summarise(expit(line.apply(margin)), name="risk"),
        correlated=pairs,
        concepts=concepts_of(table.names, table.said, pairs),
    )


def filled(x: Matrix, known: tuple[Reference, ...]) -> Matrix:
    """Return rows in which training medians stand for what is missing."""
    medians = np.array([item.at(0.5) if item.quantiles else 0.0 for item in known])
    return np.where(np.isnan(x), medians, x)


def _file_of(table: Table, asked: CandidateSpec) -> bytes:
    digest = str(asked.parameters["digest"])
    if digest not in table.brought:
        raise BadInput(
            "the file of the brought model was not handed over",
            code="model.brought",
            hint="Put it into the project folder under the name that parameters.file says.",
            where="model.yaml: parameters.file",
        )
    return table.brought[digest]
