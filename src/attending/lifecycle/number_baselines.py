"""Baselines of a number or a count: the unit's mean, or a registered score made a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput, did_you_mean
from attending.lifecycle.baselines import totals, variants
from attending.lifecycle.engines import engine_over
from attending.specs.outcome_type import UNIT_MEAN
from attending.train.outcomes import numbers_of, type_of
from attending.validate.number_baseline import score_as_number, unit_mean
from attending.validate.number_data import NumberBaseline

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.lifecycle.training import Fitted
    from attending.specs.model import BaselineAsked
    from attending.types import Floats, Ints

#: What tells units apart when the baseline does not say; the first that the cohort has.
_UNITS = ("group_unit", "site")


def number_baselines(desk: Desk, project: Project, found: Fitted) -> dict[str, NumberBaseline]:
    """Return every baseline on the test rows, learnt on the rows that were fitted on.

    Raises:
        BadInput: a unit column that the cohort does not have, or a score of patients where the
            rows are units.
    """
    table, parts = found.cohort.table, found.split
    observed = numbers_of(table)
    train = np.concatenate([parts.train, parts.tuning, parts.calibration])
    made = {}
    for asked in project.model.baselines:
        if asked.score == UNIT_MEAN:
            units = _units(table, asked)
            value = unit_mean(observed, units, train=train, test=parts.test)
        else:
            value = _score(desk, found, asked, observed=observed, train=train)
        made[asked.called] = NumberBaseline(value, asked.called.replace("_", " ").capitalize())
    return made


def _units(table: pa.Table, asked: BaselineAsked) -> Sequence[str | None]:
    """Return the unit of each row; of a count, with the hour at which its shift begins."""
    known = [name for name in _UNITS if name in table.column_names]
    column = str(asked.parameters.get("by", known[0] if known else ""))
    if column not in table.column_names:
        raise BadInput(
            f"the cohort has no column '{column}' to tell units by",
            code="validate.unit_column",
            hint=did_you_mean(column, table.column_names),
            where="model.yaml: baselines",
        )
    units: list[str | None] = table[column].to_pylist()
    if type_of(table) != "count":
        return units
    shifts = table["group_shift"].to_pylist()
    return [f"{unit} {shift}" for unit, shift in zip(units, shifts, strict=True)]


def _score(
    desk: Desk, found: Fitted, asked: BaselineAsked, *, observed: Floats, train: Ints
) -> Floats:
    table = found.cohort.table
    if type_of(table) == "count":
        raise BadInput(
            f"got baseline '{asked.score}', a score of a patient, where the rows are units",
            code="validate.unit_baseline",
            hint="Write unit_mean.",
            where="model.yaml: baselines",
        )
    score = variants(asked)[0].score
    total = totals(score, table, engine_over(desk, found.cohort.source))
    return score_as_number(total, observed, train=train, test=found.split.test)
