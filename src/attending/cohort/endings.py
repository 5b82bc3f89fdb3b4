"""What ends the looking before the horizon does: competing events, and censoring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.cohort.facts import NEVER, first_after
from attending.cohort.stays import TRANSFER, starts_with

if TYPE_CHECKING:
    from attending.cohort.candidates import Candidates
    from attending.specs.cohort import CohortSpec
    from attending.types import Ints


def competing_at(spec: CohortSpec, found: Candidates) -> tuple[Ints, Ints]:
    """Return each candidate's first competing event by code, and death; `NEVER` without."""
    asked = spec.label.competing
    other = _first_row(() if asked is None else asked.codes, found)
    death = found.death
    if spec.label.is_number:
        stays = found.stays
        death = np.where(stays.died, np.minimum(death, stays.discharged), death)
    return other, death


def censored_at(spec: CohortSpec, found: Candidates) -> Ints:
    """Return when each candidate is lost to view, `NEVER` when it is not."""
    asked = spec.censoring
    cut = _first_row(asked.follow_up_ends, found)
    if asked.transfer_out:
        gone = starts_with(found.stays.disposition, (f"{TRANSFER}*",))
        cut = np.minimum(cut, np.where(gone, found.stays.discharged, NEVER))
    return cut


def _first_row(codes: tuple[str, ...], found: Candidates) -> Ints:
    """Return the first row of the codes after each prediction."""
    facts = found.facts
    rows = np.flatnonzero(facts.now & facts.coded(codes)) if codes else np.zeros(0, np.int64)
    if not len(rows):
        return np.full(len(found), NEVER)
    keys = (facts.subject[rows], facts.time[rows])
    place = first_after(found.stays.subject, found.at, keys=keys)
    return np.asarray(np.where(place >= 0, keys[1][place], NEVER), dtype=np.int64)
