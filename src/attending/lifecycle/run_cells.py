"""Eight cells of two runs: both models on the test rows of both, under both labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from attending.records.run_diff import Cell
from attending.statistics.number_bootstrap import Predicted
from attending.statistics.suppression import tells_small
from attending.train.across import Rows, drawn, measures_across

if TYPE_CHECKING:
    from attending.lifecycle.run_side import RunSide
    from attending.records.run_diff import Which
    from attending.train.attribution import CellKey
    from attending.types import Floats


@dataclass(frozen=True)
class Cells:
    """What was scored across two runs.

    Attributes:
        cells: by whose rows, label and model.
        values: by measure and cell, the figure in the data and then in every draw.
    """

    cells: dict[CellKey, Cell] = field(default_factory=dict)
    values: dict[str, dict[CellKey, Floats]] = field(default_factory=dict)

    def add(self, key: CellKey, cell: Cell, found: dict[str, Floats]) -> None:
        """Add one cell with its figures."""
        self.cells[key] = cell
        for name, values in found.items():
            self.values.setdefault(name, {})[key] = values


def scored_across(before: RunSide, after: RunSide) -> Cells:
    """Return both models' figures on both runs' test rows, under both labels.

    Each measure that either run agreed to is scored, in the data and in draws of patients; how
    many draws, and from which seed, the later run's validation.yaml says.
    """
    sides, made = (before, after), Cells()
    said = {(r, m): sides[r].said(sides[m]) for r, m in product((0, 1), repeat=2)}
    for r, lab in product((0, 1), repeat=2):
        if lab and before.label_digest == after.label_digest:
            _add_twins(made, rows=bool(r))
            continue
        rows = _rows(sides[r], sides[lab], said=(said[r, 0], said[r, 1]))
        found = _drawn(before, after, rows)
        for m in (0, 1):
            figures = {name: both[m] for name, both in found.items()}
            cell = _cell(sides, (r, lab, m), rows=rows, figures=figures)
            made.add((bool(r), bool(lab), bool(m)), cell, figures)
    return made


def _add_twins(made: Cells, *, rows: bool) -> None:
    """Add the cells of the later run's label, which is the earlier one's."""
    for model in (False, True):
        twin = made.cells[rows, False, model].model_copy(update={"label": "after"})
        figures = {name: values[rows, False, model] for name, values in made.values.items()}
        made.add((rows, True, model), twin, figures)


def _rows(rows: RunSide, label: RunSide, *, said: tuple[Predicted, Predicted]) -> Rows:
    """Return the test rows of a run whose outcome is known as the other run defines it."""
    outcome = rows.outcomes(label)[rows.parts[0]]
    known = ~np.isnan(outcome)
    first, second = (
        Predicted(
            one.value[known],
            None if one.low is None else one.low[known],
            None if one.high is None else one.high[known],
            one.level,
        )
        for one in said
    )
    return Rows(outcome[known], (first, second), rows.test_clusters[known])


def _drawn(before: RunSide, after: RunSide, rows: Rows) -> dict[str, tuple[Floats, Floats]]:
    agreed = (*after.run.metrics_agreed, *before.run.metrics_agreed)
    asked = after.asked.validation.bootstrap
    return drawn(
        rows,
        measures_across(agreed, after.run.outcome_type),
        outcome_type=after.run.outcome_type,
        draws=asked.draws,
        seed=asked.seed,
    )


def _cell(
    sides: tuple[RunSide, RunSide],
    at: tuple[int, int, int],
    *,
    rows: Rows,
    figures: dict[str, Floats],
) -> Cell:
    r, lab, m = at
    n = len(rows.outcome)
    events = int(rows.outcome.sum()) if sides[r].run.outcome_type == "yes_no" else None
    return Cell(
        rows=_which(r),
        label=_which(lab),
        model=_which(m),
        n=n,
        events=None if events is None or tells_small(events, n) else events,
        fitted_on=len(set(sides[r].test_keys) & sides[m].parts[1]),
        figures={name: _or_none(float(values[0])) for name, values in figures.items()},
    )


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value


def _which(at: int) -> Which:
    return "after" if at else "before"
