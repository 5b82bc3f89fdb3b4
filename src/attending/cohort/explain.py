"""Why a subject's stays are in the cohort or not: the steps that each met, without values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.cohort.shard import KEPT, shard, steps
from attending.engines.tables import micros, whole_numbers
from attending.errors import BadInput
from attending.records.cohort import RuleAnswer, StayExplained, WhyReport
from attending.times import from_micros, to_micros

if TYPE_CHECKING:
    import pyarrow as pa

    from attending.specs.cohort import CohortSpec
    from attending.types import Instant


def why(spec: CohortSpec, events: pa.Table, *, as_of: Instant) -> WhyReport:
    """Return the steps that each possible stay met, and the one at which it left.

    Args:
        spec: the cohort.
        events: the rows of one subject, in canonical order.
        as_of: end of what may be seen.

    Raises:
        BadInput: the rows are of no subject, or of several.
        IntegrityBroken: the rows are not in canonical order.
    """
    subjects = set(whole_numbers(events["subject_id"]).tolist())
    if len(subjects) != 1:
        raise BadInput(
            f"got rows of {len(subjects)} subjects, expected one", code="cohort.one_subject"
        )
    found = shard(spec, to_micros(as_of), events)
    at = micros(found["prediction_time"], null=0).tolist()
    left = found["step"].to_pylist()
    stays = zip(at, found["encounter_id"].to_pylist(), left, strict=True)
    return WhyReport(
        spec_digest=spec.digest,
        subject_id=str(subjects.pop()),
        as_of=as_of,
        stays=tuple(
            StayExplained(
                prediction_time=from_micros(time),
                encounter_id=None if stay is None else str(stay),
                kept=step == KEPT,
                steps=_answers(spec, step),
            )
            for time, stay, step in stays
        ),
    )


def _answers(spec: CohortSpec, left_at: int) -> tuple[RuleAnswer, ...]:
    named = steps(spec)
    looked_at = named if left_at == KEPT else named[: left_at + 1]
    return tuple(
        RuleAnswer(name=name, title=title, met=number != left_at)
        for number, (name, title) in enumerate(looked_at)
    )
