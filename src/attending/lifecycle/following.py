"""How long the rows of a validation were followed, and those of its period without a label."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.cohort.follow_up import EVENT, LOST, follow_up, has_follow_up
from attending.errors import IntegrityBroken
from attending.lifecycle.engines import engine_over
from attending.lifecycle.validation_rows import labelled_of, matrix_of
from attending.times import DAY, to_micros
from attending.validate.data import FollowUp

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.lifecycle.validation_rows import Judged
    from attending.types import Instant, Ints
    from attending.validate.data import ValidationData

_KEYS = ("subject_id", "prediction_time", "encounter_id")


def with_follow_up(
    desk: Desk,
    project: Project,
    data: ValidationData,
    *,
    judged: Judged,
    since: Instant | None,
    apart: bool = False,
) -> ValidationData:
    """Return the rows of a validation with how long they were followed, and its further rows.

    Further rows are predictions since the same instant that have no label of yes or no: lost to
    view, with a competing event, or not yet ripe. The data come back as they are where there are
    none, where the period has no first instant, or where the label has no horizon of one length.

    Args:
        desk: where the snapshot is.
        project: whose cohort it is.
        data: the rows that are judged.
        judged: what they were made of.
        since: the first instant of the period.
        apart: whether patients that were fitted on are kept out, as they are of the judged rows.

    Raises:
        IntegrityBroken: the cohort table is not that of the snapshot.
    """
    if since is None or not has_follow_up(project.cohort):
        return data
    further = _further(judged, to_micros(since), apart=apart)
    if not len(further):
        return data
    return replace(data, follow_up=_followed(desk, project, judged, further=further))


def _followed(desk: Desk, project: Project, judged: Judged, *, further: Ints) -> FollowUp:
    built = judged.cohort
    found = follow_up(project.cohort, engine_over(desk, built.source), as_of=built.record.as_of)
    if not found.select(_KEYS).equals(built.table.select(_KEYS).combine_chunks()):
        raise IntegrityBroken(
            "the rows of the cohort are not those of its snapshot", code="cohort.follow_up"
        )
    days = _micros(found, "followed_until") - _micros(found, "prediction_time")
    ended = found["ended"].to_numpy(zero_copy_only=False).astype(str)
    outcome = np.where(ended == EVENT, 1, np.where(ended == LOST, -1, 0)).astype(np.int8)
    return FollowUp(
        followed=days[judged.test] / DAY,
        further_followed=days[further] / DAY,
        further_outcome=outcome[further],
        further_risk=judged.risk_of(matrix_of(judged.features.take(pa.array(further)), project)),
        further_cluster=built.table["subject_id"].to_numpy()[further],
        horizon=(project.cohort.label.horizon or 0) / DAY,
    )


def _further(judged: Judged, since: int, *, apart: bool) -> Ints:
    """Return the rows since an instant that have no label, without patients that are kept out."""
    table = judged.cohort.table
    rows = np.flatnonzero(~labelled_of(table) & (_micros(table, "prediction_time") >= since))
    if not apart:
        return rows
    subject = table["subject_id"].to_numpy()
    return rows[~np.isin(subject[rows], subject[judged.fitted])]


def _micros(table: pa.Table, name: str) -> Ints:
    return np.asarray(table[name].cast(pa.int64()).to_numpy(), np.int64)
