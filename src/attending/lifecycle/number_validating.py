"""Validation of a run that foretells a number or a count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attending.lifecycle.number_baselines import number_baselines
from attending.statistics.number_bootstrap import Predicted
from attending.train.outcomes import numbers_of
from attending.validate.number_data import NumberData
from attending.validate.numbers import validate_numbers

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.lifecycle.training import Fitted
    from attending.models.number_bundle import Foretold
    from attending.records.validation import ModelRef, ValidationReport
    from attending.train.fit_numbers import TrainedNumbers
    from attending.validate.data import Calendar


def number_report(
    desk: Desk,
    project: Project,
    found: Fitted,
    *,
    trained: TrainedNumbers,
    calendar: Calendar,
    about: ModelRef,
) -> ValidationReport:
    """Return the validation report of a run's numbers; nothing is kept.

    Args:
        desk: where the baselines are computed.
        project: whose validation.yaml is asked.
        found: the run's cohort and split.
        trained: its fit.
        calendar: whether days are real.
        about: which run it is.
    """
    rows = found.cohort.table.take(found.split.test)
    level = trained.chosen.level
    models = {name: _predicted(each, level) for name, each in trained.foretold.items()}
    first, *others = models
    outcome_type: Literal["number", "count"] = (
        "count" if trained.chosen.outcome_type == "count" else "number"
    )
    data = NumberData(
        observed=numbers_of(rows),
        predicted=models[first],
        cluster=rows["subject_id"].to_numpy(),
        outcome_type=outcome_type,
        unit="patients" if outcome_type == "count" else "days",
        baselines=number_baselines(desk, project, found),
        others={name: models[name] for name in others},
        groups={
            name.removeprefix("group_"): rows[name].to_pylist()
            for name in rows.column_names
            if name.startswith("group_")
        },
        prediction_time=rows["prediction_time"].to_numpy(),
        site=rows["site"].to_pylist(),
        calendar=calendar,
    )
    return validate_numbers(project.validation, data, about=about)


def _predicted(found: Foretold, level: float) -> Predicted:
    return Predicted(found.value, found.low, found.high, level)
