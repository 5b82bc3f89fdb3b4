"""The index: which stays make a prediction due, when, and what is still to be asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.cohort.facts import NEVER
from attending.cohort.stays import Stays, merged, stays_of
from attending.records.events import DEATH

if TYPE_CHECKING:
    from attending.cohort.facts import Facts
    from attending.specs.cohort import CohortSpec
    from attending.types import Ints

#: What `any_later_admission` counts: every stay in a bed of the hospital.
ANY_ADMISSION = ("INPATIENT", "OBSERVATION")


@dataclass(frozen=True)
class Candidates:
    """Predictions that could be due, ascending by subject, time and stay.

    Args:
        stays: the index stay of each, shape (n,).
        at: the prediction time of each, microseconds.
        death: when each subject died, `NEVER` when not.
        counted: the stays that count as later admissions.
        facts: the rows of the shard.
    """

    stays: Stays
    at: Ints
    death: Ints
    counted: Stays
    facts: Facts

    def __len__(self) -> int:
        return len(self.at)


def candidates(spec: CohortSpec, facts: Facts) -> Candidates:
    """Return the predictions that the index event makes due by the end of what may be seen."""
    every = stays_of(facts)
    classes = counted_classes(spec)
    asked = spec.label.readmission
    if asked is not None and asked.merge_within is not None:
        wide = sorted({*spec.index.classes, *classes})
        every = merged(every.of_classes(wide), asked.merge_within)
    index = every.of_classes(spec.index.classes)
    at = _prediction_times(spec, index)
    due = (at <= facts.as_of) & (at != NEVER)
    index, at = index.take(due), at[due]
    order = np.lexsort((index.encounter, at, index.subject))
    index, at = index.take(order), at[order]
    return Candidates(
        stays=index,
        at=at,
        death=_deaths(facts, index.subject),
        counted=every.of_classes(classes),
        facts=facts,
    )


def counted_classes(spec: CohortSpec) -> tuple[str, ...]:
    """Return the classes of stay that count as a later admission."""
    asked = spec.label.readmission
    if asked is None:
        return spec.index.classes
    return ANY_ADMISSION if asked.variant == "any_later_admission" else asked.classes


def _prediction_times(spec: CohortSpec, index: Stays) -> Ints:
    if spec.index.event == "discharge":
        return index.discharged
    return index.admitted + (spec.index.after or 0)


def _deaths(facts: Facts, subject: Ints) -> Ints:
    """Return each subject's first death that is visible at the end of what may be seen."""
    rows = np.flatnonzero(facts.now & facts.coded((DEATH, f"{DEATH}//*")))
    whose, first = np.unique(facts.subject[rows], return_index=True)
    at = np.searchsorted(whose, subject)
    inside = np.minimum(at, max(len(whose) - 1, 0))
    if not len(whose):
        return np.full(len(subject), NEVER)
    same = whose[inside] == subject
    return np.asarray(np.where(same, facts.time[rows[first[inside]]], NEVER), dtype=np.int64)
