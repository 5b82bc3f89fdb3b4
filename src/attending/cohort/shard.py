"""The cohort of one shard: a pure function that every engine maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from attending.cohort.candidates import Candidates, candidates
from attending.cohort.facts import NEVER, NO_STAY, Facts
from attending.cohort.groups import groups
from attending.cohort.index_times import index_codes
from attending.cohort.labels import Labels, labels
from attending.cohort.outcome_codes import outcome_codes
from attending.cohort.rules import RULES, Asked
from attending.cohort.sampling import sampled
from attending.cohort.stays import ADMISSION_TYPE
from attending.engines.tables import instants
from attending.records.events import ADMISSION, BIRTH, DEATH, DISCHARGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from attending.specs.cohort import CohortSpec
    from attending.types import Ints, Mask

#: The step of a row that stays; a row that leaves has the number of the step it leaves at.
KEPT = -1
#: Index events at which the stay may have ended already.
_WITHIN = frozenset({"landmark", "transfer", "result"})


class StepName(NamedTuple):
    """A step by its rule's name, and in words."""

    name: str
    title: str


def steps(spec: CohortSpec) -> tuple[StepName, ...]:
    """Return the steps in which candidates leave, in order."""
    found = []
    if needs_stay(spec):
        found.append(StepName("require_stay", f"still in the stay at the {spec.index.event}"))
    found += [StepName(r.rule, r.title or r.rule.replace("_", " ")) for r in spec.rules]
    competing = spec.label.competing
    if competing is not None and competing.death == "excluded":
        found.append(StepName("competing_death", "did not die before the outcome"))
    if spec.sampling.take != "all":
        words = f"sampled, {spec.sampling.take} {spec.sampling.most} per patient"
        found.append(StepName("sampling", words))
    return tuple(found)


def needs_stay(spec: CohortSpec) -> bool:
    """Return whether a candidate must still be in its stay at the prediction."""
    return spec.index.require_stay and spec.index.event in _WITHIN


def codes_read(spec: CohortSpec) -> tuple[str, ...]:
    """Return every code or prefix that the cohort reads, sorted."""
    found = {f"{ADMISSION}*", f"{DISCHARGE}*", f"{ADMISSION_TYPE}*", BIRTH, DEATH, f"{DEATH}//*"}
    found |= {f"{group.prefix}*" for group in spec.groups.values() if group.prefix is not None}
    for rule in spec.rules:
        found |= set(getattr(rule, "codes", ()))
    found |= {*index_codes(spec.index), *outcome_codes(spec)}
    return tuple(sorted(found))


def shard(spec: CohortSpec, as_of: int, events: pa.Table) -> pa.Table:
    """Return every candidate of whole patients, with its label and the step it leaves at.

    Args:
        spec: the cohort.
        as_of: end of what may be seen, microseconds; rows that are not visible at it do not
            count.
        events: rows in canonical order.

    Raises:
        IntegrityBroken: the rows are not in canonical order.
    """
    found = candidates(spec, Facts(events, as_of))
    outcome = labels(spec, found)
    columns: dict[str, pa.Array] = {
        "subject_id": pa.array(found.stays.subject),
        "encounter_id": nullable(found.stays.encounter, null=NO_STAY),
        "prediction_time": instants(found.at),
        "index_start": instants(found.stays.admitted),
        "label": nullable(outcome.value, null=-1),
        "label_time": instants(outcome.at, null=NEVER),
        "horizon_end": instants(outcome.horizon_end, null=NEVER),
        "matured_at": instants(outcome.matured, null=NEVER),
        "status": pa.array(outcome.status, pa.string()),
        "site": pa.array(found.stays.site, pa.string()),
    }
    if spec.label.is_number:
        days = outcome.number
        columns["outcome_days"] = pa.array(days, mask=np.isnan(days))
    for name, values in groups(spec, found).items():
        columns[f"group_{name}"] = pa.array(values, pa.string())
    columns["step"] = pa.array(leaves_at(spec, found, outcome))
    return pa.table(columns)


def nullable(values: NDArray[np.integer], *, null: int) -> pa.Array:
    """Return whole numbers as a column, with null where they are `null`."""
    return pa.array(values, mask=values == null)


def leaves_at(spec: CohortSpec, found: Candidates, outcome: Labels) -> Ints:
    """Return the step at which each candidate leaves, or `KEPT`."""
    step = np.full(len(found), KEPT, np.int64)
    masks = _masks(spec, found, outcome, step=step)
    for number, stays in enumerate(masks):
        step[(step == KEPT) & ~stays] = number
    return step


def _masks(spec: CohortSpec, found: Candidates, outcome: Labels, *, step: Ints) -> Iterator[Mask]:
    """Yield, step by step, which candidates meet it; a rule sees who is left before it."""
    if needs_stay(spec):
        yield np.asarray(found.stays.discharged > found.at)
    for rule in spec.rules:
        asked = Asked(spec, found, labels=outcome, left=step == KEPT)
        yield RULES.get(rule.rule)(rule, asked)
    if spec.label.competing is not None and spec.label.competing.death == "excluded":
        yield np.asarray(outcome.status.astype(str) != "competing")
    if spec.sampling.take != "all":
        yield sampled(spec.sampling, found, left=step == KEPT)
