"""Explain a regression between two runs: what differs, and whose part of each change it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.lifecycle.desk import keep
from attending.lifecycle.run_cells import Cells, scored_across
from attending.lifecycle.run_side import RunSide, row_outcomes
from attending.lifecycle.run_specs import asked_by, specs_read
from attending.records.run_diff import GroupShift, RunDiff
from attending.statistics.suppression import tells_small
from attending.train.attribution import attributed, orders
from attending.train.causes import causes
from attending.train.diff_words import (
    cause_sentences,
    change_sentence,
    chief_factors,
    shift_sentence,
)

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.run import Run
    from attending.records.run_diff import Cause, Shares
    from attending.types import Floats

_MOST_GROUPS = 20
#: Fewer patients or units than this, and an interval over draws of them is too narrow.
_FEW = 30
_OTHER_KIND = (
    "The outcome of one run is another kind of thing than the other's, so that no measure is"
    " scored across the two."
)
_FITTED_ON = (
    "One model was fitted on some test rows of the other run. Orders of change that would score it"
    " there are left out where others are left."
)
_METHOD = "95 % of draws of {what}, the same draws for both runs, both labels and both models"


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
    sides = tuple(RunSide(desk, run, asked_by(desk, project, run)) for run in (before, after))
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


def _compared(before: RunSide, after: RunSide, told: tuple[Cause, ...]) -> RunDiff:
    alike = before.run.outcome_type == after.run.outcome_type
    made = scored_across(before, after) if alike else Cells()
    spoilt = [key for key, cell in made.cells.items() if cell.fitted_on and key[0] != key[2]]
    ways = orders(spoilt)
    found = {name: attributed(name, values, ways) for name, values in made.values.items()}
    shown = tuple(one for one in found.values() if one is not None)
    shifts = _shifts(before, after)
    what = "units" if after.run.outcome_type == "count" else "patients"
    return RunDiff(
        before=before.run.digest,
        after=after.run.digest,
        causes=told,
        cells=tuple(made.cells.values()),
        orders=len(ways) if made.cells else 0,
        shares=shown,
        undefined=tuple(name for name, one in found.items() if one is None),
        shifts=shifts,
        shared_rows=len(set(before.test_keys) & set(after.test_keys)),
        relabelled=_relabelled(before, after) if alike else 0,
        words=_words(shown, told, shifts),
        notes=(
            *(() if alike else (_OTHER_KIND,)),
            *((_FITTED_ON,) if spoilt else ()),
            *(_about_intervals(before, after, shown, what=what) if alike else ()),
        ),
        interval_method=_METHOD.format(what=what) if shown else "",
    )


def _about_intervals(
    before: RunSide, after: RunSide, shown: tuple[Shares, ...], *, what: str
) -> list[str]:
    few = min(len(np.unique(side.test_clusters)) for side in (before, after)) < _FEW
    without = [one.label_text for one in shown if not one.intervals]
    notes = [f"A test has fewer than {_FEW} {what}: intervals are too narrow."] if few else []
    if without:
        notes.append(f"No interval, for each draw would take a fit: {', '.join(without)}.")
    return notes


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


def _shifts(before: RunSide, after: RunSide) -> tuple[GroupShift, ...]:
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


def _groups(side: RunSide) -> dict[str, tuple[float | None, float | None]]:
    """Return by group its share of the test rows and its event rate; None where small.

    Numbers and counts have no event rate.
    """
    rows = side.cohort.table.take(side.parts[0])
    has_events = side.run.outcome_type == "yes_no"
    outcome = row_outcomes(rows) if has_events else np.full(rows.num_rows, np.nan)
    found = {}
    columns = (name for name in rows.column_names if name == "site" or name.startswith("group_"))
    for column in columns:
        values = np.array(rows[column].cast("string").fill_null("not known").to_pylist())
        for value in np.unique(values):
            name = f"{column.removeprefix('group_')}={value}"
            found[name] = _share_and_rate(outcome[values == value], len(outcome))
    return found


def _share_and_rate(outcome: Floats, whole: int) -> tuple[float | None, float | None]:
    n, known = len(outcome), outcome[~np.isnan(outcome)]
    if tells_small(n, whole):
        return None, None
    events = int(known.sum())
    shown = len(known) > 0 and not tells_small(events, n)
    return n / whole, events / n if shown else None


def _relabelled(before: RunSide, after: RunSide) -> int:
    """Return how many rows of both cohorts have another known label."""
    was = dict(zip(before.keys, row_outcomes(before.cohort.table), strict=True))
    now = zip(after.keys, row_outcomes(after.cohort.table), strict=True)
    # A label that is not known is NaN, and its distance from any other is not above 0.
    return sum(bool(abs(was[key] - value) > 0) for key, value in now if key in was)
