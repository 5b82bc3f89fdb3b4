"""The index: which stays make a prediction due, when, and what is still to be asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.cohort.facts import NEVER
from attending.cohort.index_times import due
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
        death, death_known: when each subject died and this was known, `NEVER` when not.
        counted: the stays that count as later admissions.
        facts: the rows of the shard.
    """

    stays: Stays
    at: Ints
    death: Ints
    death_known: Ints
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
    which, at = due(spec.index, index, facts)
    index = index.take(which)
    order = np.lexsort((index.encounter, at, index.subject))
    index, at = index.take(order), at[order]
    death, death_known = _deaths(facts, index.subject)
    return Candidates(
        stays=index,
        at=at,
        death=death,
        death_known=death_known,
        counted=every.of_classes(classes),
        facts=facts,
    )


def counted_classes(spec: CohortSpec) -> tuple[str, ...]:
    """Return the classes of stay that count as a later admission."""
    if spec.label.encounter is not None:
        return spec.label.encounter.classes
    asked = spec.label.readmission
    if asked is None:
        return spec.index.classes
    return ANY_ADMISSION if asked.variant == "any_later_admission" else asked.classes


def _deaths(facts: Facts, subject: Ints) -> tuple[Ints, Ints]:
    """Return each subject's first death that may be seen by now, and when it was known."""
    rows = np.flatnonzero(facts.now & facts.coded((DEATH, f"{DEATH}//*")))
    whose, first = np.unique(facts.subject[rows], return_index=True)
    if not len(whose):
        return np.full(len(subject), NEVER), np.full(len(subject), NEVER)
    inside = np.minimum(np.searchsorted(whose, subject), len(whose) - 1)
    same = whose[inside] == subject
    row = rows[first[inside]]
    return np.where(same, facts.time[row], NEVER), np.where(same, facts.known[row], NEVER)
