"""One of two runs that are compared, with its rows, its labels and its model at hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from attending.engines.tables import micros, whole_numbers
from attending.lifecycle.cohorts import BuiltCohort, built_cohort
from attending.lifecycle.featuring import built_features
from attending.lifecycle.replaying import rebuilt_cohort, rebuilt_features
from attending.lifecycle.training import bundle_of, number_bundle_of
from attending.models.number_bundle import NumberBundle
from attending.statistics.number_bootstrap import Predicted
from attending.train.fit import feature_matrix
from attending.train.outcomes import numbers_of, type_of
from attending.train.split import split

if TYPE_CHECKING:
    import pyarrow as pa

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.models.bundle import Bundle
    from attending.records.run import Run
    from attending.types import Floats, Ints


@dataclass(frozen=True)
class RunSide:
    """A run and the project as that run asked; the rest is read or made anew when it is needed."""

    desk: Desk
    run: Run
    asked: Project

    @cached_property
    def cohort(self) -> BuiltCohort:
        """Return the cohort that the run was fitted on."""
        return built_cohort(self.desk, self.asked, self.run.cohort)

    @property
    def label_digest(self) -> str:
        """Return the digest of what the run's outcome is."""
        return self.cohort.record.label_digest

    @cached_property
    def bundle(self) -> Bundle | NumberBundle:
        """Return the model, of risks or of numbers."""
        if self.run.outcome_type == "yes_no":
            return bundle_of(self.desk, self.run)
        return number_bundle_of(self.desk, self.run)

    @cached_property
    def keys(self) -> list[tuple[int, int, int]]:
        """Return subject, stay and prediction time of every cohort row."""
        return row_keys(self.cohort.table)

    @cached_property
    def parts(self) -> tuple[Ints, frozenset[tuple[int, int, int]]]:
        """Return the test rows, and the keys of the rows that the model was fitted on."""
        label = self.asked.cohort.label
        found = split(
            self.asked.model,
            self.cohort.table,
            horizon_us=label.horizon or 0,
            delay_us=label.delay,
            exception=bool(self.run.exceptions),
        )
        fitted = np.concatenate([found.train, found.tuning, found.calibration])
        return found.test, frozenset(self.keys[at] for at in fitted)

    @property
    def test_keys(self) -> list[tuple[int, int, int]]:
        """Return the keys of the test rows."""
        return [self.keys[at] for at in self.parts[0]]

    @cached_property
    def test_clusters(self) -> Ints:
        """Return the patient, or the unit of a count, of every test row."""
        return whole_numbers(self.cohort.table["subject_id"])[self.parts[0]]

    def outcomes(self, of: RunSide) -> Floats:
        """Return the outcome of all rows as another run defines it, NaN where not known."""
        if of.label_digest == self.label_digest:
            return row_outcomes(self.cohort.table)
        mixed = self.asked.cohort.model_copy(update={"label": of.asked.cohort.label})
        asked = replace(self.asked, said={**self.asked.said, "cohort": mixed})
        other = rebuilt_cohort(self.desk, asked, self.cohort.source)
        known = dict(zip(row_keys(other.table), row_outcomes(other.table), strict=True))
        return np.array([known.get(key, np.nan) for key in self.keys])

    def said(self, of: RunSide) -> Predicted:
        """Return what another run's model says of the test rows: risks, or numbers with ends."""
        if of.run.feature_set == self.run.feature_set:
            table = built_features(self.desk, self.asked, self.cohort).table
        else:
            table = rebuilt_features(self.desk, of.asked, self.cohort).table
        x = feature_matrix(self.cohort.table, table, of.bundle.names)[self.parts[0]]
        if isinstance(of.bundle, NumberBundle):
            return Predicted(*of.bundle.foretell(x), of.bundle.level)
        return Predicted(of.bundle.risk(x))


def row_outcomes(table: pa.Table) -> Floats:
    """Return the outcome of every row, NaN where it is not known."""
    if type_of(table) != "yes_no":
        return numbers_of(table)
    found: Floats = table["label"].cast("float64").to_numpy(zero_copy_only=False)
    return found


def row_keys(table: pa.Table) -> list[tuple[int, int, int]]:
    """Return subject, stay (-1 where there is none) and prediction time of every row."""
    columns = (
        whole_numbers(table["subject_id"]),
        whole_numbers(table["encounter_id"], null=-1),
        micros(table["prediction_time"], null=0),
    )
    return list(zip(*(column.tolist() for column in columns), strict=True))
