"""The Python face: the steps of a project in a notebook. What it makes is exploratory.

    import attending

    work = attending.open("project", home="home", by="dana")
    cohort = work.cohort()
    features = work.features()
    fitted = work.train()
    report = work.validate(fitted)

Each step is the same as the verb of the same name, keeps the same records and prints itself. A run
made here passes no gate until `attending run promote` has repeated it from a clean commit.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from attending.digests import short
from attending.lifecycle import papers, training, validating
from attending.lifecycle.cohorts import build_cohort, built_cohort
from attending.lifecycle.desk import open_desk
from attending.lifecycle.featuring import build_features, built_features, with_table
from attending.lifecycle.projects import open_project
from attending.times import parse_instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa

    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.featuring import BuiltFeatures
    from attending.lifecycle.projects import Project
    from attending.lifecycle.training import Fitted
    from attending.records.run import Run
    from attending.records.validation import ValidationReport


@dataclass(frozen=True)
class CohortStep:
    """A cohort: `table` holds who is predicted for, `built.record` the counts."""

    built: BuiltCohort

    @property
    def table(self) -> pa.Table:
        """Return the cohort's rows."""
        return self.built.table

    def _repr_html_(self) -> str:
        rows = [(one.title, one.kept, one.removed) for one in self.built.record.steps]
        return _html(("step", "kept", "left"), rows)


@dataclass(frozen=True)
class FeaturesStep:
    """Features of a cohort: `table` row for row that of the cohort."""

    built: BuiltFeatures

    @property
    def table(self) -> pa.Table:
        """Return the feature table."""
        return self.built.table

    def with_table(self, table: pa.Table) -> FeaturesStep:
        """Return these features with a table of your own, to try an idea.

        A run that is fitted on it can never be promoted as it is: features.yaml does not give it.
        """
        return replace(self, built=with_table(self.built, table))

    def _repr_html_(self) -> str:
        rows = [(one.name, one.present) for one in self.built.record.features]
        return _html(("feature", "present"), rows)


@dataclass(frozen=True)
class TrainedStep:
    """A fit: `run` is its record, `digest` its name."""

    fitted: Fitted

    @property
    def run(self) -> Run:
        """Return the run record."""
        return self.fitted.run

    @property
    def digest(self) -> str:
        """Return the name of the run, as `attending run promote` takes it."""
        return self.fitted.digest

    def _repr_html_(self) -> str:
        rows = [(one.name, *one.first_figures.values()) for one in self.run.candidates]
        heads = (f"{head} on test" for head in self.run.chosen().first_figures)
        said = (
            f"<p>run {short(self.digest)}, exploratory: {escape('; '.join(self.run.reasons))}</p>"
        )
        return said + _html(("candidate", *heads), rows)


@dataclass(frozen=True)
class ValidatedStep:
    """A validation: `report` is its record, `page` the readable document with its pictures."""

    report: ValidationReport
    page: bytes

    def _repr_html_(self) -> str:
        page = escape(self.page.decode("utf-8"), quote=True)
        return f'<iframe srcdoc="{page}" width="100%" height="600" sandbox></iframe>'


class Notebook:
    """A project and a home, opened from Python.

    The project's files are read again at every step, so that an edited file counts from then on.
    """

    def __init__(self, project: Path, home: Path, *, at: str | None, by: str) -> None:
        self._project = project
        self._home = home
        self._at = at
        self._by = by

    def cohort(self, snapshot: str = "") -> CohortStep:
        """Return the cohort that cohort.yaml asks for, built from a snapshot or the newest."""
        with self._desk() as desk:
            return CohortStep(build_cohort(desk, self.project, snapshot=snapshot))

    def features(self) -> FeaturesStep:
        """Return the features that features.yaml asks for, of the cohort that was built last."""
        with self._desk() as desk:
            project = self.project
            return FeaturesStep(build_features(desk, project, built_cohort(desk, project)))

    def train(self, features: FeaturesStep | None = None) -> TrainedStep:
        """Return a fit of model.yaml after every check, kept as an exploratory run.

        Args:
            features: those to fit on; the ones that were built last when absent.

        Raises:
            Refused: as `attending train fit` does.
        """
        with self._desk() as desk:
            project = self.project
            cohort = built_cohort(desk, project)
            known = features.built if features else built_features(desk, project, cohort)
            fitted = training.checked_fit(desk, project, cohort=cohort, features=known)
            training.keep_run(desk, project, fitted)
            return TrainedStep(fitted)

    def validate(self, trained: TrainedStep) -> ValidatedStep:
        """Return the validation of a fit against its baselines, with the report's page."""
        with self._desk() as desk:
            report = validating.validate_run(desk, self.project, trained.run, fitted=trained.fitted)
            page = desk.home.artifacts.read(papers.page_of(desk, report.digest))
            return ValidatedStep(report, page)

    @property
    def project(self) -> Project:
        """Return the project as its files are now."""
        return replace(open_project(self._project), notebook=True)

    def _desk(self) -> AbstractContextManager[Desk]:
        now = datetime.now(UTC)  # noqa: TID251 - a face reads the clock, once a step
        at = parse_instant(self._at) if self._at else now.replace(microsecond=0)
        return open_desk(self._home, at=at, actor=self._by)


def open_notebook(
    project: str | Path, *, home: str | Path | None, at: str | None, by: str
) -> Notebook:
    """Return a project opened for a notebook; see `attending.open`."""
    named = home or os.environ.get("ATTENDING_HOME") or ".attending"
    open_project(Path(project))
    return Notebook(Path(project), Path(named), at=at, by=by)


def _html(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
