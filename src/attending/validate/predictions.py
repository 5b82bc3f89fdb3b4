"""Validate predictions from a plain table, for users who have no project.

Columns: `outcome`, `risk`, `subject`; `baseline_NAME` (a score, or 0 and 1 for decisions that were
taken), with `baseline_NAME_risk` where it has a probability; `group_NAME`; and, where known,
`prediction_time` and `site`. With a horizon also `followed`: time until the outcome was known, or
until the row was lost; such a row has no outcome.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import BadInput, did_you_mean
from attending.validate.data import Baseline, FollowUp, ValidationData
from attending.validate.model import validate

if TYPE_CHECKING:
    from attending.records.validation import ModelRef, ValidationReport
    from attending.specs.validation import ValidationSpec
    from attending.types import Floats, Ints
    from attending.validate.data import Calendar

_NEEDED = ("outcome", "risk", "subject")


def validate_predictions(
    spec: ValidationSpec,
    table: pa.Table,
    *,
    about: ModelRef | None = None,
    calendar: Calendar = "real",
    horizon: float | None = None,
) -> ValidationReport:
    """Return the report of predictions in a plain table.

    Rows whose outcome is null are not yet mature: they are left out, and a note counts them. With
    a horizon, those that were followed for a while are stood for by weights too.

    Args:
        spec: measures, baselines, thresholds and gates.
        table: one row a prediction; columns as this module says.
        about: which model and data it is.
        calendar: whether `prediction_time` is real, floating or relative.
        horizon: when an outcome is settled, in the unit of column `followed`.

    Raises:
        BadInput: a column is missing, is not numbers, or cannot answer the spec.
        TooFewOutcomes: no event, or no non-event.

    >>> from attending.specs.validation import ValidationSpec
    >>> y = [0, 0, 0, 1] * 30
    >>> table = pa.table({
    ...     "outcome": y,
    ...     "risk": [0.1 + 0.3 * e + k / 1000 for k, e in enumerate(y)],
    ...     "subject": list(range(120)),
    ...     "baseline_lace": [k % 5 for k in range(120)],
    ... })
    >>> spec = ValidationSpec(baselines=["lace"], bootstrap={"draws": 50})
    >>> validate_predictions(spec, table).summary[0].verdict
    'better'
    """
    from attending.records.validation import ModelRef as Ref  # noqa: PLC0415 - only here

    missing = [name for name in _NEEDED if name not in table.column_names]
    if missing:
        raise BadInput(
            f"got no column {', '.join(missing)}",
            code="validate.missing_column",
            hint=did_you_mean(missing[0], table.column_names),
        )
    if horizon is not None:  # patients are numbered once, so that lost rows keep theirs
        place = table.column_names.index("subject")
        table = table.set_column(place, "subject", pa.array(_patients(table["subject"])))
    known = pc.is_valid(table["outcome"])
    mature, rest = table.filter(known), table.filter(pc.invert(known))
    data = _data(spec, mature, calendar)
    if horizon is not None:
        follow_up = _follow_up(mature, rest, horizon=horizon)
        data = replace(data, follow_up=follow_up)
        rest = rest.filter(pc.is_null(rest["followed"]))
    ref = about or Ref()
    notes = _left_out(spec, data, waiting=rest.num_rows)
    return validate(spec, data, about=ref.model_copy(update={"notes": (*ref.notes, *notes)}))


def _left_out(spec: ValidationSpec, data: ValidationData, *, waiting: int) -> list[str]:
    """Return notes on the rows that are not judged: those without an outcome, and those lost."""
    lost = 0 if data.follow_up is None else data.follow_up.further_risk.size

    def shown(count: int) -> str:
        return f"{count:,}" if count > spec.suppress_counts_up_to else "Few"

    notes = []
    if waiting:
        notes.append(
            f"{shown(waiting)} rows without an outcome yet were left out. They are no random part "
            "but mostly the newest scores and the long stays, so figures of what ended early may "
            "be too good. Leave out all scores younger than the outcome takes, those that have one "
            "too."
        )
    if lost:
        notes.append(
            f"{shown(lost)} rows were lost before their outcome was known. The table of censored "
            "rows stands for them by weights; all other figures and the gates leave them out."
        )
    return notes


def _follow_up(mature: pa.Table, rest: pa.Table, *, horizon: float) -> FollowUp | None:
    """Return how long rows were followed; None where no row was lost.

    Raises:
        BadInput: there is no column of it, or a row with an outcome has no time.
    """
    if "followed" not in mature.column_names or mature["followed"].null_count:
        raise BadInput(
            "a horizon is said, and not every row with an outcome has its time in `followed`",
            code="validate.no_follow_up",
            hint="Give column `followed` in the unit of the horizon.",
        )
    lost = rest.filter(pc.is_valid(rest["followed"]))
    if not lost.num_rows:
        return None
    return FollowUp(
        followed=_numbers(mature, "followed"),
        further_followed=_numbers(lost, "followed"),
        further_outcome=np.full(lost.num_rows, -1, np.int8),
        further_risk=_numbers(lost, "risk"),
        further_cluster=_patients(lost["subject"]),
        horizon=horizon,
    )


def _data(spec: ValidationSpec, table: pa.Table, calendar: Calendar) -> ValidationData:
    names = table.column_names
    groups = {
        name.removeprefix("group_"): pc.cast(table[name], pa.string()).to_pylist()
        for name in names
        if name.startswith("group_")
    }
    time = None
    if "prediction_time" in names:
        micros = pc.cast(table["prediction_time"], pa.timestamp("us"))
        time = micros.to_numpy().astype("datetime64[us]")
    outcome = _numbers(table, "outcome")
    wrong = int(np.count_nonzero((outcome != 0) & (outcome != 1)))
    if wrong:
        raise BadInput(f"got {wrong} outcomes that are not 0 or 1", code="validate.outcome")
    return ValidationData(
        outcome=outcome.astype(np.int8),
        risk=_numbers(table, "risk"),
        cluster=_patients(table["subject"]),
        baselines={
            asked.name: _baseline(table, asked.name)
            for asked in spec.baselines
            if f"baseline_{asked.name}" in names
        },
        groups=groups,
        prediction_time=time,
        site=pc.cast(table["site"], pa.string()).to_pylist() if "site" in names else None,
        calendar=calendar,
    )


def _baseline(table: pa.Table, name: str) -> Baseline:
    column = f"baseline_{name}"
    risk = _numbers(table, f"{column}_risk") if f"{column}_risk" in table.column_names else None
    score = _numbers(table, column)
    known = score[~np.isnan(score)]
    decision = bool(known.size) and bool(np.isin(known, (0.0, 1.0)).all())
    return Baseline(score=score, risk=risk, label=name, knowability="", decision=decision)


def _numbers(table: pa.Table, name: str) -> Floats:
    """Return a column as float64, null as NaN.

    Raises:
        BadInput: the column does not hold numbers.
    """
    column = table[name]
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise BadInput(
            f"got column '{name}' of type {kind}, expected numbers",
            code="validate.not_numbers",
            hint="Write numbers without quotes; leave missing values empty.",
        )
    cast = pc.cast(column.combine_chunks(), pa.float64())
    return np.asarray(cast.to_numpy(zero_copy_only=False), dtype=np.float64)


def _patients(column: pa.ChunkedArray) -> Ints:
    """Return patients as whole numbers; text ids are numbered in their own order.

    Raises:
        BadInput: a row without a patient.
    """
    if column.null_count:
        raise BadInput(
            f"got {column.null_count} rows without a subject",
            code="validate.no_subject",
            hint="Rows of one patient belong together: give every row its patient.",
        )
    if pa.types.is_integer(column.type):
        return np.asarray(column.to_numpy(), dtype=np.int64)
    names = np.asarray(pc.cast(column, pa.string()).to_pylist(), dtype=np.str_)
    return np.unique(names, return_inverse=True)[1].astype(np.int64)
