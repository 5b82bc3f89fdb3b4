"""Explain a regression between two runs: what differs, and whose part of each change it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from attending.engines.tables import micros, whole_numbers
from attending.lifecycle.cohorts import BuiltCohort, built_cohort
from attending.lifecycle.desk import keep
from attending.lifecycle.featuring import built_features
from attending.lifecycle.replaying import rebuilt_cohort, rebuilt_features
from attending.lifecycle.run_specs import asked_by, specs_read
from attending.lifecycle.training import bundle_of
from attending.records.run_diff import Cell, GroupShift, RunDiff, Shares
from attending.statistics.catalog import MEASURES
from attending.statistics.inputs import TooFewOutcomes
from attending.statistics.suppression import tells_small
from attending.train.attribution import orders, shares
from attending.train.causes import causes
from attending.train.diff_words import (
    cause_sentences,
    change_sentence,
    chief_factors,
    shift_sentence,
)
from attending.train.split import split

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.models.bundle import Bundle
    from attending.records.run import Run
    from attending.records.run_diff import Cause, Which
    from attending.train.attribution import CellKey
    from attending.types import Floats, Ints, Outcomes

_MOST_GROUPS = 20
_NUMBER = "The outcome of one run is a number, so that no measure is scored across the two."
_FITTED_ON = (
    "One model was fitted on some test rows of the other run. Orders of change that would score it"
    " there are left out where others are left."
)


@dataclass(frozen=True)
class _Side:
    """One of the two runs with its rows and its model at hand."""

    desk: Desk
    run: Run
    asked: Project

    @cached_property
    def cohort(self) -> BuiltCohort:
        return built_cohort(self.desk, self.asked, self.run.cohort)

    @cached_property
    def bundle(self) -> Bundle:
        return bundle_of(self.desk, self.run)

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
        return [self.keys[at] for at in self.parts[0]]

    def labels(self, of: _Side) -> Floats:
        """Return the labels of all rows as another run defines them, NaN where not known."""
        if of.cohort.record.label_digest == self.cohort.record.label_digest:
            return row_labels(self.cohort.table)
        mixed = self.asked.cohort.model_copy(update={"label": of.asked.cohort.label})
        asked = replace(self.asked, said={**self.asked.said, "cohort": mixed})
        other = rebuilt_cohort(self.desk, asked, self.cohort.source)
        known = dict(zip(row_keys(other.table), row_labels(other.table), strict=True))
        return np.array([known.get(key, np.nan) for key in self.keys])

    def risks(self, of: _Side) -> Floats:
        """Return the risks of the test rows by another run's model."""
        if of.run.feature_set == self.run.feature_set:
            table = built_features(self.desk, self.asked, self.cohort).table
        else:
            table = rebuilt_features(self.desk, of.asked, self.cohort).table
        test = self.parts[0]
        columns = [table[name].to_numpy(zero_copy_only=False)[test] for name in of.bundle.names]
        return of.bundle.risk(np.column_stack(columns).astype(np.float64))


def diff_runs(desk: Desk, project: Project, *, before: Run, after: Run) -> RunDiff:
    """Return what differs between two runs and whose part of each change it is, kept.

    Args:
        desk: where and when.
        project: whose runs they are; specs come from what each run kept.
        before: the earlier run.
        after: the later run.

    Raises:
        NotFound: a snapshot was let go, or a spec of a run cannot be found.
    """
    sides = tuple(_Side(desk, run, asked_by(desk, project, run)) for run in (before, after))
    specs = (specs_read(sides[0].asked), specs_read(sides[1].asked))
    found = _compared(sides[0], sides[1], causes(before, after, specs=specs))
    keep(
        desk,
        found,
        action="run.diff",
        keys={"model": after.model, "run": after.digest},
        details={"before": before.digest},
    )
    return found


def _compared(before: _Side, after: _Side, told: tuple[Cause, ...]) -> RunDiff:
    numbers = any(side.asked.cohort.label.is_number for side in (before, after))
    cells = {} if numbers else _cells(before, after)
    spoilt = [key for key, cell in cells.items() if cell.fitted_on and key[0] != key[2]]
    ways = orders(spoilt)
    found = {name: _shares(name, cells, ways=ways) for name in _measures(before, after)}
    shown = tuple(one for one in found.values() if one is not None)
    shifts = _shifts(before, after)
    return RunDiff(
        before=before.run.digest,
        after=after.run.digest,
        causes=told,
        cells=tuple(cells.values()),
        orders=len(ways) if cells else 0,
        shares=shown,
        undefined=tuple(name for name, one in found.items() if one is None),
        shifts=shifts,
        shared_rows=len(set(before.test_keys) & set(after.test_keys)),
        relabelled=_relabelled(before, after),
        words=_words(shown, told, shifts),
        notes=((_NUMBER,) if numbers else ()) + ((_FITTED_ON,) if spoilt else ()),
    )


def _words(
    shown: tuple[Shares, ...], told: tuple[Cause, ...], shifts: tuple[GroupShift, ...]
) -> tuple[str, ...]:
    if not shown:
        return tuple(f"In {one.name}: {'; '.join(one.details)}." for one in told if one.differs)
    words = [change_sentence(one) for one in shown]
    for factor in chief_factors(shown):
        words += [one for one in cause_sentences(factor, told) if one not in words]
        words += filter(None, [shift_sentence(shifts) if factor == "population" else ""])
    named = " ".join(words)
    others = [one.name for one in told if one.differs and f"In {one.name}:" not in named]
    words += [f"Also different: {', '.join(others)}."] if others else []
    return tuple(words)


def _cells(before: _Side, after: _Side) -> dict[CellKey, Cell]:
    sides = (before, after)
    names = _measures(before, after)
    labels = {(r, lab): sides[r].labels(sides[lab]) for r, lab in product((0, 1), repeat=2)}
    risks = {(r, m): sides[r].risks(sides[m]) for r, m in product((0, 1), repeat=2)}
    found = {}
    for r, lab, m in product((0, 1), repeat=3):
        test = sides[r].parts[0]
        outcome = labels[r, lab][test]
        known = ~np.isnan(outcome)
        y = outcome[known].astype(np.int8)
        found[bool(r), bool(lab), bool(m)] = Cell(
            rows=_which(r),
            label=_which(lab),
            model=_which(m),
            n=len(y),
            events=None if tells_small(int(y.sum()), len(y)) else int(y.sum()),
            fitted_on=len(set(sides[r].test_keys) & sides[m].parts[1]),
            figures={name: _figure(name, y, risks[r, m][known]) for name in names},
        )
    return found


def _which(at: int) -> Which:
    return "after" if at else "before"


def _figure(name: str, outcome: Outcomes, risk: Floats) -> float | None:
    try:
        return float(MEASURES.get(name).compute(outcome, risk))
    except TooFewOutcomes:
        return None


def _measures(before: _Side, after: _Side) -> list[str]:
    agreed = dict.fromkeys((*after.run.metrics_agreed, *before.run.metrics_agreed))
    return [name for name in agreed if MEASURES.get(name).kind in {"ranking", "risk"}]


def _shares(
    name: str, cells: Mapping[CellKey, Cell], *, ways: list[tuple[CellKey, ...]]
) -> Shares | None:
    figures = {key: cell.figures[name] for key, cell in cells.items()}
    known = {key: value for key, value in figures.items() if value is not None}
    passed = {key for way in ways for key in way}
    if not passed <= known.keys():
        return None
    parts = shares(known, ways)
    first, last = known[False, False, False], known[True, True, True]
    measure = MEASURES.get(name)
    return Shares(
        measure=name,
        label_text=measure.label,
        direction=measure.direction,
        before=first,
        after=last,
        change=last - first,
        population=parts["population"],
        label=parts["label"],
        model=parts["model"],
    )


def _shifts(before: _Side, after: _Side) -> tuple[GroupShift, ...]:
    """Return groups of the test rows by how far their share moved, at most twenty."""
    was, now = (_groups(side) for side in (before, after))
    found = [
        GroupShift(
            group=name,
            share_before=was.get(name, (0.0, None))[0],
            share_after=now.get(name, (0.0, None))[0],
            rate_before=was.get(name, (0.0, None))[1],
            rate_after=now.get(name, (0.0, None))[1],
        )
        for name in sorted(was.keys() | now.keys())
    ]
    found.sort(key=_by_shift)
    return tuple(found[:_MOST_GROUPS])


def _by_shift(one: GroupShift) -> tuple[float, str]:
    return -abs((one.share_after or 0.0) - (one.share_before or 0.0)), one.group


def _groups(side: _Side) -> dict[str, tuple[float | None, float | None]]:
    """Return by group its share of the test rows and its event rate; None where small."""
    rows = side.cohort.table.take(side.parts[0])
    label = row_labels(rows)
    found = {}
    columns = (name for name in rows.column_names if name == "site" or name.startswith("group_"))
    for column in columns:
        values = np.array(rows[column].cast("string").fill_null("not known").to_pylist())
        for value in np.unique(values):
            name = f"{column.removeprefix('group_')}={value}"
            found[name] = _share_and_rate(label[values == value], len(label))
    return found


def _share_and_rate(label: Floats, whole: int) -> tuple[float | None, float | None]:
    n, events = len(label), int(np.nansum(label))
    if tells_small(n, whole):
        return None, None
    return n / whole, None if tells_small(events, n) else events / n


def _relabelled(before: _Side, after: _Side) -> int:
    """Return how many rows of both cohorts have another known label."""
    was = dict(zip(before.keys, row_labels(before.cohort.table), strict=True))
    now = zip(after.keys, row_labels(after.cohort.table), strict=True)
    # A label that is not known is NaN, and its distance from any other is not above 0.
    return sum(bool(abs(was[key] - value) > 0) for key, value in now if key in was)


def row_labels(table: pa.Table) -> Floats:
    """Return the label of every row, NaN where it is not known."""
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
