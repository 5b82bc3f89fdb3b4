"""Vital signs: taken every eight to twelve hours and before leaving, charted minutes later.

Over the last day the heart rate drifts towards its value at discharge; the drift carries risk.
Three in a hundred sets are charted hours late, at the end of a shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.hospital.columns import instants, numbered, numbers, words
from attending.hospital.contacts import encounter_ids, patient_ids
from attending.hospital.physiology import AT, LABS, VITALS, between, measured
from attending.hospital.sites import HOUR_SECONDS, SITES

if TYPE_CHECKING:
    from attending.hospital.contacts import Contacts
    from attending.hospital.stays import Stays
    from attending.types import Floats, Ints

_EVERY_HOURS = 10.0
_MISSED = 0.03
#: Change of the heart rate latent over the last day, for a drift of 1.
DRIFT = 0.8


@dataclass(frozen=True)
class Rounds:
    """Sets of vital signs; `latents` has shape (n, signals)."""

    contact: Ints
    at: Ints
    latents: Floats


def rounds(contacts: Contacts, stays: Stays, *, usual: Floats, rng: np.random.Generator) -> Rounds:
    """Return all sets of vital signs: in stays, and one at every walk-in."""
    stay, at = _times(stays, rng)
    part = (at - stays.admitted[stay]) / (stays.discharged - stays.admitted)[stay]
    inside = between(stays.first[stay], stays.last[stay], part[:, None])
    days_left = (stays.discharged[stay] - at) / (24 * HOUR_SECONDS)
    inside[:, AT["heart_rate"]] -= DRIFT * stays.drift[stay] * np.minimum(days_left, 1.0)
    walk_in = np.arange(contacts.blocks[2], contacts.blocks[3])
    outside = usual[contacts.who[walk_in]] + 0.5 * rng.normal(size=(len(walk_in), usual.shape[1]))
    return Rounds(
        contact=np.concatenate((stay, walk_in)),
        at=np.concatenate((at, contacts.began[walk_in] + 900)),
        latents=np.concatenate((inside, outside)),
    )


def _times(stays: Stays, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return stay and UTC second of each set; the last one within three hours of leaving."""
    hours = (stays.discharged - stays.admitted) / HOUR_SECONDS
    counts = np.maximum(np.floor((hours - 4.0) / _EVERY_HOURS), 0).astype(np.int64) + 1
    stay = np.repeat(np.arange(len(stays)), counts)
    step = np.arange(len(stay)) - np.repeat(np.cumsum(counts) - counts, counts)
    shift = np.where(step > 0, rng.uniform(-1.5, 1.5, size=len(stay)), 0.0)
    into = 0.5 + step * _EVERY_HOURS + shift
    at = stays.admitted[stay] + (into * HOUR_SECONDS).astype(np.int64)
    leaving = stays.discharged - (rng.uniform(0.3, 3.0, size=len(stays)) * HOUR_SECONDS).astype(
        np.int64
    )
    return (
        np.concatenate((stay, np.arange(len(stays)))),
        np.concatenate((at, np.maximum(leaving, stays.admitted + 60))),
    )


def vital_table(contacts: Contacts, taken: Rounds, rng: np.random.Generator) -> pa.Table:
    """Return the table of vital signs in the order of charting."""
    n = len(taken.at)
    minutes = 12.0 * np.exp(0.7 * rng.normal(size=n)) + np.where(
        rng.random(n) < _MISSED, rng.uniform(120.0, 480.0, size=n), 0.0
    )
    charted = taken.at + (minutes * 60.0).astype(np.int64)
    rows, signals, values = [], [], []
    for at, signal in enumerate(VITALS):
        row = np.flatnonzero(rng.random(n) >= _MISSED)
        rows.append(row)
        signals.append(np.full(len(row), at))
        values.append(measured(signal, taken.latents[row, len(LABS) + at], rng))
    row, of = np.concatenate(rows), np.concatenate(signals)
    order = np.lexsort((of, taken.contact[row], charted[row]))
    row, of, value = row[order], of[order], np.concatenate(values)[order]
    contact = taken.contact[row]
    return pa.table(
        {
            "vital_id": numbered("V", np.arange(1, len(row) + 1), width=9),
            "patient_id": patient_ids(contacts.who[contact]),
            "encounter_id": encounter_ids(contacts.number[contact]),
            "site": words([site.name for site in SITES], contacts.site[contact]),
            "loinc": words([signal.loinc for signal in VITALS], of),
            "value": numbers(value),
            "unit": words([signal.unit for signal in VITALS], of),
            "taken_at": instants(taken.at[row]),
            "charted_at": instants(charted[row]),
            "known_at": instants(charted[row]),
        }
    )
