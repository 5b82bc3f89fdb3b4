"""An outcome that the source itself answers, one row a stay: the given column is the label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.cohort.facts import NEVER, NO_STAY, pairs
from attending.cohort.kinds import KINDS, Outcome, nothing

if TYPE_CHECKING:
    from attending.cohort.candidates import Candidates
    from attending.specs.cohort import CohortSpec


@KINDS.named("recorded")
def _recorded(spec: CohortSpec, found: Candidates) -> Outcome:
    """Return the stay's own row after the prediction and within the horizon, by its word.

    Rows of other stays of the patient count for those, however near they are in time.
    """
    asked = spec.label.recorded
    horizon_end = found.at + (spec.label.horizon or 0)
    if asked is None:
        return nothing(horizon_end)
    facts = found.facts
    rows = np.flatnonzero(facts.now & facts.coded((*asked.event, *asked.none)))
    where, row = pairs(found.stays.subject, facts.subject[rows], rows)
    own = (facts.encounter[row] == found.stays.encounter[where]) & (facts.encounter[row] != NO_STAY)
    inside = own & (facts.time[row] > found.at[where]) & (facts.time[row] <= horizon_end[where])
    where, row = where[inside], row[inside]
    hit = np.isin(row, np.flatnonzero(facts.coded(asked.event)))
    first = np.full(len(found), NEVER)
    np.minimum.at(first, where[hit], facts.time[row[hit]])
    known = np.zeros(len(found), np.int64)
    np.maximum.at(known, where, facts.known[row])
    told = np.isin(np.arange(len(found)), where)
    return Outcome(at=first, known=known, horizon_end=horizon_end, lost=~told, settled=told)
