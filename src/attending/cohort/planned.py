"""Which stays were planned: by admission type, or by the steps of the CMS algorithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.cohort.facts import NO_STAY
from attending.cohort.stays import starts_with

if TYPE_CHECKING:
    from attending.cohort.facts import Facts
    from attending.cohort.stays import Stays
    from attending.specs.outcome import Planned, PlannedTables
    from attending.types import Mask


def planned(asked: Planned, stays: Stays, facts: Facts) -> Mask:
    """Return which stays were planned."""
    if asked.tables is None:
        return starts_with(stays.kind, asked.admission_types)
    return _by_tables(asked.tables, stays, facts)


def _by_tables(tables: PlannedTables, stays: Stays, facts: Facts) -> Mask:
    """Return which stays the algorithm calls planned.

    One: an always planned procedure. Two: an always planned principal diagnosis. Three: a
    potentially planned procedure, unless the principal diagnosis is acute. Else unplanned. Codes
    of a stay are read when they are known, however long after the stay began.

    References:
        CMS Planned Readmission Algorithm, version 4.0.
    """
    principal = tables.principal
    always = _stays_with(tables.always_procedures, stays, facts)
    always |= _stays_with(tables.always_diagnoses, stays, facts, value=principal)
    potential = _stays_with(tables.potential_procedures, stays, facts)
    acute = _stays_with(tables.acute_diagnoses, stays, facts, value=principal)
    return always | (potential & ~acute)


def _stays_with(
    codes: tuple[str, ...], stays: Stays, facts: Facts, *, value: float | None = None
) -> Mask:
    """Return which stays have one of these codes, with this number where one is asked for."""
    rows = np.flatnonzero(facts.now & facts.coded(codes) & (facts.encounter != NO_STAY))
    if value is not None:
        rows = rows[facts.value[rows] == value]
    having = np.stack([facts.subject[rows], facts.encounter[rows]], axis=1)
    asked = np.stack([stays.subject, stays.encounter], axis=1)
    both, place = np.unique(np.concatenate([having, asked]), axis=0, return_inverse=True)
    marked = np.zeros(len(both), np.bool_)
    marked[place.reshape(-1)[: len(having)]] = True
    return np.asarray(marked[place.reshape(-1)[len(having) :]], dtype=np.bool_)
