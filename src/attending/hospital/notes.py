"""Notes: for when they were written, when they were signed, a category and a score; no text.

The planted leak is READMISSION_REVIEW. It is dated before the discharge it concerns, and a
reviewer signs it once the outcome is known: days after the readmission, or after 30 quiet days.
Its score says whether the patient came back, so a model that reads it by `written_for` looks
perfect and is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.hospital.columns import instants, numbered, numbers, words
from attending.hospital.contacts import encounter_ids, patient_ids
from attending.hospital.sites import DAY_SECONDS, HOUR_SECONDS

if TYPE_CHECKING:
    from attending.hospital.contacts import Contacts
    from attending.hospital.stays import Stays
    from attending.types import Floats, Ints

TYPES = ("NURSING", "DISCHARGE_SUMMARY", "FOLLOW_UP_CALL", "READMISSION_REVIEW")
CATEGORIES = ("ROUTINE", "CONCERN", "COMPLEX", "REACHED", "NOT_REACHED", "CLOSED")
_REVIEWED = 0.97


@dataclass(frozen=True)
class _Notes:
    """Notes of stays; arrays of one length. A NaN score is none."""

    stay: Ints
    kind: Ints
    written: Ints
    signed: Ints
    category: Ints
    score: Floats


def readmitted_at(stays: Stays) -> Ints:
    """Return when each discharge is followed by an unplanned stay within 30 days; 0 for never."""
    order = np.lexsort((stays.admitted, stays.who))
    coming = np.full(len(stays), 0, dtype=np.int64)
    unplanned = order[~stays.is_planned[order]]
    radix = np.int64(1) << 36
    keys = stays.who[unplanned] * radix + stays.admitted[unplanned]
    at = np.searchsorted(keys, stays.who * radix + stays.discharged, side="right")
    found = np.flatnonzero(at < len(keys))
    following = unplanned[at[found]]
    moment = stays.admitted[following]
    soon = moment - stays.discharged[found] <= 30 * DAY_SECONDS
    same = stays.who[following] == stays.who[found]
    coming[found] = np.where(same & soon & stays.is_alive[found], moment, 0)
    return coming


def note_table(contacts: Contacts, stays: Stays, rng: np.random.Generator) -> pa.Table:
    """Return the table of notes in the order of signing."""
    parts = (
        _nursing(stays, rng),
        _summaries(stays, rng),
        _calls(stays, rng),
        _reviews(stays, rng),
    )
    names = ("stay", "kind", "written", "signed", "category", "score")
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    order = np.lexsort((columns["stay"], columns["kind"], columns["signed"]))
    row = {name: column[order] for name, column in columns.items()}
    return pa.table(
        {
            "note_id": numbered("N", np.arange(1, len(order) + 1), width=8),
            "patient_id": patient_ids(contacts.who[row["stay"]]),
            "encounter_id": encounter_ids(contacts.number[row["stay"]]),
            "type": words(TYPES, row["kind"]),
            "written_for": instants(row["written"]),
            "signed_at": instants(row["signed"]),
            "category": words(CATEGORIES, row["category"]),
            "score": numbers(row["score"], missing=np.isnan(row["score"])),
            "known_at": instants(row["signed"]),
        }
    )


def _nursing(stays: Stays, rng: np.random.Generator) -> _Notes:
    """Return one Braden score for each day begun, signed within the shift; low is bad."""
    counts = np.ceil(stays.days).astype(np.int64)
    stay = np.repeat(np.arange(len(stays)), counts)
    part = rng.random(len(stay))
    written = stays.admitted[stay] + (part * (stays.discharged - stays.admitted)[stay]).astype(
        np.int64
    )
    braden = np.round(
        np.clip(19.0 - 1.5 * stays.severity[stay] + 1.5 * rng.normal(size=len(stay)), 6.0, 23.0)
    )
    return _Notes(
        stay=stay,
        kind=np.zeros(len(stay), np.int64),
        written=written,
        signed=written + _hours(rng, len(stay), median=3.0),
        category=(braden < 15.0).astype(np.int64),
        score=np.asarray(braden, dtype=np.float64),
    )


def _summaries(stays: Stays, rng: np.random.Generator) -> _Notes:
    """Return a summary for each stay, signed hours to many days after the discharge."""
    stay = np.arange(len(stays))
    return _Notes(
        stay=stay,
        kind=np.full(len(stay), 1),
        written=_before_leaving(stays, stay, rng),
        signed=stays.discharged + _hours(rng, len(stay), median=20.0, spread=1.3),
        category=np.where(stays.days > 7.0, 2, 0),
        score=np.full(len(stay), np.nan),
    )


def _calls(stays: Stays, rng: np.random.Generator) -> _Notes:
    """Return calls to half of those who left alive; the template dates them to the discharge."""
    stay = np.flatnonzero(stays.is_alive & (rng.random(len(stays)) < 0.5))
    signed = stays.discharged[stay] + (rng.uniform(2.0, 9.0, size=len(stay)) * DAY_SECONDS).astype(
        np.int64
    )
    back = readmitted_at(stays)[stay]
    away = (back > 0) & (back < signed)
    reached = rng.random(len(stay)) < np.where(away, 0.25, 0.75)
    return _Notes(
        stay=stay,
        kind=np.full(len(stay), 2),
        written=_before_leaving(stays, stay, rng),
        signed=signed,
        category=np.where(reached, 3, 4),
        score=np.full(len(stay), np.nan),
    )


def _reviews(stays: Stays, rng: np.random.Generator) -> _Notes:
    """Return the planted leak: a preventability score near 80 for who came back, near 20 else."""
    stay = np.flatnonzero(stays.is_alive & (rng.random(len(stays)) < _REVIEWED))
    back = readmitted_at(stays)[stay]
    came = back > 0
    known = np.where(came, back, stays.discharged[stay] + 30 * DAY_SECONDS)
    score = np.where(came, 78.0, 22.0) + 12.0 * rng.normal(size=len(stay))
    return _Notes(
        stay=stay,
        kind=np.full(len(stay), 3),
        written=_before_leaving(stays, stay, rng),
        signed=known + (rng.uniform(1.0, 5.0, size=len(stay)) * DAY_SECONDS).astype(np.int64),
        category=np.full(len(stay), 5),
        score=np.asarray(np.round(np.clip(score, 0.0, 100.0)), dtype=np.float64),
    )


def _before_leaving(stays: Stays, stay: Ints, rng: np.random.Generator) -> Ints:
    """Return moments half an hour to six hours before the discharge, within the stay."""
    early = (rng.uniform(0.5, 6.0, size=len(stay)) * HOUR_SECONDS).astype(np.int64)
    return np.asarray(np.maximum(stays.discharged[stay] - early, stays.admitted[stay]))


def _hours(rng: np.random.Generator, n: int, *, median: float, spread: float = 0.6) -> Ints:
    return np.asarray(median * np.exp(spread * rng.normal(size=n)) * HOUR_SECONDS, dtype=np.int64)
