"""Share labelled rows out over fitting, tuning, calibration and test, so that nothing leaks.

Only labelled rows take part. Within the training side, slices are drawn by patient hash: no patient
is in two of them, and each sees the same seasons and the same mix of new and known patients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import BadInput, Refused, did_you_mean
from attending.records.run import SliceCount, SplitFacts
from attending.specs.model import GroupRandomSplit, GroupSplit, RandomSplit, TemporalSplit
from attending.times import DAY, from_micros, to_micros
from attending.train.hashing import hashed
from attending.train.later import Gaps, latest_part
from attending.train.outcomes import check_type, numbers_of, type_of

if TYPE_CHECKING:
    from attending.specs.model import ModelSpec
    from attending.specs.outcome_type import OutcomeType
    from attending.types import Ints, Mask, Outcomes

_LEAST = 2
#: Of a number, which has no events to count.
_LEAST_ROWS = 20


@dataclass(frozen=True)
class Split:
    """Row numbers of the cohort table, rising, for each slice.

    Attributes:
        train: rows that the estimator is fitted on.
        tuning: rows that may stop it early.
        calibration: rows that the calibration is fitted on.
        test: rows that nothing is fitted on.
        fold: for each cohort row its fold, -1 where it has none; None when no folds were asked.
        facts: counts of all this for the run record.
        gaps: what lies between training and test, and must lie between any two parts in time.
    """

    train: Ints
    tuning: Ints
    calibration: Ints
    test: Ints
    fold: Ints | None
    facts: SplitFacts
    gaps: Gaps


@dataclass(frozen=True)
class Rows:
    """The columns of a cohort that a split looks at, as arrays over all its rows."""

    subject: Ints
    encounter: Ints
    time: Ints
    horizon_end: Ints
    labelled: Mask
    outcome: Outcomes
    outcome_type: OutcomeType = "yes_no"

    @property
    def drawn_by(self) -> Ints:
        """Return what slices are drawn by: the patient, or the day where units come every day."""
        return self.time // DAY if self.outcome_type == "count" else self.subject


@dataclass
class _Sides:
    """Which rows stand on which side, and what was dropped on the way."""

    before: Mask
    test: Mask
    cut: int | None = None
    purged: int = 0
    embargoed: int = 0
    ungrouped: int = 0
    overlap_patients: int = 0
    overlap_rows: int = 0
    encounter_rows: int = 0
    tuning_gap: int = 0


def split(
    spec: ModelSpec, cohort: pa.Table, *, horizon_us: int, delay_us: int, exception: bool
) -> Split:
    """Return which cohort rows are fitted on, tuned on, calibrated on and tested on.

    Args:
        spec: model.yaml.
        cohort: the cohort table.
        horizon_us: length of the label's horizon, microseconds.
        delay_us: how long after the horizon a label is known, microseconds.
        exception: whether a signed exception allows a split that is not temporal.

    Raises:
        Refused: `split.not_temporal` without an exception; `leak.group_overlap` when patients
            stand on both sides and the spec does not say what happens to them.
        BadInput: a slice without enough events, or a column that is not there.
    """
    check_type(spec, cohort)
    rows = read_rows(cohort)
    sides = _sides(spec, cohort, rows, exception=exception)
    if sides.cut is not None:
        _purge(sides, rows, spec=spec, delay=delay_us, gap=horizon_us + delay_us)
    _part_stays(sides, rows)
    _part_patients(sides, rows, policy=spec.split.patient_overlap)
    gaps = _gaps(spec, delay=delay_us, gap=horizon_us + delay_us)
    slices = _slices(spec, rows, sides, gaps=gaps)
    fold = _folds(spec, rows)
    facts = _facts(spec, rows, sides, slices=slices)
    _check_filled(facts)
    return Split(**slices, fold=fold, facts=facts, gaps=gaps)


def read_rows(cohort: pa.Table) -> Rows:
    """Return a cohort's columns as arrays; a missing encounter is -1.

    A number has no event: its `outcome` is 0 for every row.
    """
    outcome = cohort["label"]
    found = type_of(cohort)
    labelled = outcome.is_valid().to_numpy()
    return Rows(
        subject=cohort["subject_id"].to_numpy(),
        encounter=pc.fill_null(cohort["encounter_id"], -1).to_numpy(),
        time=_micros(cohort["prediction_time"]),
        horizon_end=_micros(cohort["horizon_end"]),
        labelled=labelled if found == "yes_no" else ~np.isnan(numbers_of(cohort)),
        outcome=pc.fill_null(outcome, 0).to_numpy().astype(np.int8),
        outcome_type=found,
    )


def _micros(column: pa.ChunkedArray) -> Ints:
    return np.asarray(pc.fill_null(column.cast("int64"), 0).to_numpy())


def _sides(spec: ModelSpec, cohort: pa.Table, rows: Rows, *, exception: bool) -> _Sides:
    asked = spec.split
    if isinstance(asked, TemporalSplit):
        cut = _cut(asked, rows)
        return _Sides(rows.labelled & (rows.time < cut), rows.labelled & (rows.time >= cut), cut)
    if isinstance(asked, GroupSplit):
        return _by_group(asked, cohort, rows)
    if isinstance(asked, RandomSplit) or not exception:
        raise Refused(
            f"split.kind is {asked.kind}, expected a split by time",
            code="split.not_temporal",
            hint="Write split: {kind: temporal, test_from: ...}. Data without a calendar take"
            " kind: group_random with a reason and a signed exception.",
            where="model.yaml: split.kind",
        )
    draw = hashed(rows.subject, seed=spec.seed, purpose=1)
    in_test = draw < asked.test_fraction
    return _Sides(rows.labelled & ~in_test, rows.labelled & in_test)


def _cut(asked: TemporalSplit, rows: Rows) -> int:
    if asked.test_from is not None:
        return to_micros(asked.test_from)
    times = np.sort(rows.time[rows.labelled])
    if not len(times):
        raise _too_few("the cohort has no labelled rows")
    return int(times[int(len(times) * (1.0 - (asked.test_fraction or 0.0)))])


def _by_group(asked: GroupSplit, cohort: pa.Table, rows: Rows) -> _Sides:
    if asked.column not in cohort.column_names:
        raise BadInput(
            f"the cohort has no column '{asked.column}'",
            code="split.column",
            hint=did_you_mean(asked.column, cohort.column_names),
            where="model.yaml: split.column",
        )
    values = cohort[asked.column]
    known = values.is_valid().to_numpy()
    in_test = pc.is_in(values, value_set=pa.array(list(asked.test), pa.string())).to_numpy()
    labelled = rows.labelled & known
    ungrouped = int((rows.labelled & ~known).sum())
    return _Sides(labelled & ~in_test, labelled & in_test, ungrouped=ungrouped)


def _purge(sides: _Sides, rows: Rows, *, spec: ModelSpec, delay: int, gap: int) -> None:
    """Drop training rows whose outcome was not yet known at the cut, or inside the embargo."""
    asked, cut = spec.split, sides.cut
    if cut is None or not isinstance(asked, TemporalSplit):
        return
    embargo = gap if asked.embargo is None else asked.embargo
    late = sides.before & (rows.horizon_end + delay > cut)
    near = sides.before & ~late & (rows.time > cut - embargo)
    sides.purged, sides.embargoed = int(late.sum()), int(near.sum())
    sides.before &= ~(late | near)


def _part_stays(sides: _Sides, rows: Rows) -> None:
    """Drop training rows of a stay that also has test rows: a stay is never on both sides."""
    test_stays = rows.encounter[sides.test & (rows.encounter >= 0)]
    shared = sides.before & np.isin(rows.encounter, test_stays)
    sides.encounter_rows = int(shared.sum())
    sides.before &= ~shared


def _part_patients(sides: _Sides, rows: Rows, *, policy: str) -> None:
    if rows.outcome_type == "count":
        return  # the same units are there before and after the cut, as they will be in use
    both = np.intersect1d(rows.subject[sides.before], rows.subject[sides.test])
    sides.overlap_patients = len(both)
    if not len(both) or policy == "allow":
        return
    if policy == "refuse":
        raise Refused(
            f"{len(both)} patients have rows on both sides of the split",
            code="leak.group_overlap",
            hint="Write patient_overlap: drop_from_train or drop_from_test, or allow and say why.",
            where="model.yaml: split.patient_overlap",
        )
    shared = np.isin(rows.subject, both)
    side = sides.before if policy == "drop_from_train" else sides.test
    sides.overlap_rows = int((side & shared).sum())
    side &= ~shared


def _gaps(spec: ModelSpec, *, delay: int, gap: int) -> Gaps:
    asked = spec.split
    if not isinstance(asked, TemporalSplit):
        return Gaps(delay=0, embargo=0, calendar=False)
    return Gaps(delay, gap if asked.embargo is None else asked.embargo, calendar=True)


def _slices(spec: ModelSpec, rows: Rows, sides: _Sides, *, gaps: Gaps) -> dict[str, Ints]:
    asked = spec.split
    draw = hashed(rows.drawn_by, seed=spec.seed, purpose=2)
    tuned = asked.tuning_fraction + asked.calibration_fraction
    calibration = sides.before & (draw < asked.calibration_fraction)
    tuning = sides.before & ~calibration & (draw < tuned)
    fit = sides.before & ~calibration & ~tuning
    masks = {"train": fit, "tuning": tuning, "calibration": calibration, "test": sides.test}
    found = {name: np.flatnonzero(mask) for name, mask in masks.items()}
    if asked.tuning_rows == "latest" and asked.tuning_fraction:
        share = asked.tuning_fraction / (1.0 - asked.calibration_fraction)
        both = np.flatnonzero(sides.before & ~calibration)
        parted = latest_part(rows, both, share=share, gaps=gaps, seed=spec.seed)
        sides.tuning_gap = len(both) - len(parted.earlier) - len(parted.later)
        found |= {"train": parted.earlier, "tuning": parted.later}
    return found


def _folds(spec: ModelSpec, rows: Rows) -> Ints | None:
    asked = spec.split
    if not isinstance(asked, GroupRandomSplit) or not asked.folds:
        return None
    fold = (hashed(rows.subject, seed=spec.seed, purpose=3) * asked.folds).astype(np.int64)
    return np.where(rows.labelled, fold, -1)


def _facts(spec: ModelSpec, rows: Rows, sides: _Sides, *, slices: dict[str, Ints]) -> SplitFacts:
    counts = tuple(
        SliceCount(
            name=name,
            rows=len(at),
            events=int(rows.outcome[at].sum()) if rows.outcome_type == "yes_no" else None,
            patients=len(np.unique(rows.subject[at])),
        )
        for name, at in slices.items()
    )
    asked = spec.split
    return SplitFacts(
        kind=asked.kind,
        reason=asked.reason,
        cut=None if sides.cut is None else from_micros(sides.cut),
        slices=counts,
        unlabelled=int((~rows.labelled).sum()),
        ungrouped=sides.ungrouped,
        purged=sides.purged,
        embargoed=sides.embargoed,
        patient_overlap=asked.patient_overlap
        if rows.outcome_type != "count"
        else "none, the rows are units",
        overlap_patients=sides.overlap_patients,
        overlap_rows=sides.overlap_rows,
        encounter_rows=sides.encounter_rows,
        folds=asked.folds if isinstance(asked, GroupRandomSplit) else 0,
        tuning_rows=asked.tuning_rows,
        tuning_gap_rows=sides.tuning_gap,
    )


def _check_filled(facts: SplitFacts) -> None:
    for part in facts.slices:
        optional = part.name in {"tuning", "calibration"} and part.rows == 0
        if part.events is None:
            if not optional and part.rows < _LEAST_ROWS:
                raise _too_few(f"the {part.name} slice has {part.rows} rows", least=_LEAST_ROWS)
        elif not optional and min(part.events, part.rows - part.events) < _LEAST:
            raise _too_few(f"the {part.name} slice has {part.events} events in {part.rows} rows")


def _too_few(what: str, *, least: int = _LEAST) -> BadInput:
    wanted = f"{_LEAST} of each outcome" if least == _LEAST else str(least)
    return BadInput(
        f"{what}, expected at least {wanted}",
        code="split.too_few",
        hint="Move the cut, widen the cohort, or take a smaller fraction.",
        where="model.yaml: split",
    )
