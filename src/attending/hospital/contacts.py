"""Encounters: stays, the emergency visits before them, those that end at home, and clinics.

An emergency visit that leads to a stay is an encounter of its own, ends when the stay begins, and
has the disposition TRANSFER (to the ward). Encounters are numbered in the order of recording.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.hospital.columns import instants, numbered, words
from attending.hospital.conditions import INDEX, PRINCIPAL
from attending.hospital.course import ACUTE, CHEMOTHERAPY, JOINT, OBSERVATION
from attending.hospital.risk import DISPOSITIONS
from attending.hospital.sites import SITES

if TYPE_CHECKING:
    from attending.hospital.people import People
    from attending.hospital.stays import Stays
    from attending.hospital.visits import Visits
    from attending.types import Floats, Ints, Mask

CLASSES = ("ED", "INPATIENT", "OBSERVATION", "OUTPATIENT")
ADMISSION_TYPES = ("EMERGENCY", "URGENT", "ELECTIVE")
_WARDS = ("EMERGENCY", "MEDICINE", "SURGERY", "CARDIOLOGY", "ONCOLOGY", "ICU")
UNITS = (*_WARDS, "PEDIATRICS", "SHORT_STAY", "CLINIC")
_HEART, _BONE = ("I50.23", "I21.4"), ("S72.001A",)
_MINUTE = 60


@dataclass(frozen=True)
class Contacts:
    """All encounters in four blocks (stays, boarding visits, walk-ins, clinics), one length.

    Args:
        who, site, began, ended: patient, facility, UTC seconds.
        klass, kind, unit, disposition: indexes of CLASSES, ADMISSION_TYPES, UNITS, DISPOSITIONS.
        began_recorded, ended_recorded: UTC seconds at which the source wrote them down.
        number: of the encounter, in the order of recording, from 1.
        blocks: where each of the four blocks begins, and the end.
    """

    who: Ints
    site: Ints
    began: Ints
    ended: Ints
    klass: Ints
    kind: Ints
    unit: Ints
    disposition: Ints
    began_recorded: Ints
    ended_recorded: Ints
    number: Ints
    blocks: tuple[int, int, int, int, int]

    def block(self, at: int) -> slice:
        """Return the rows of a block: 0 stays, 1 boarding, 2 walk-ins, 3 clinics."""
        return slice(self.blocks[at], self.blocks[at + 1])


def gather(
    people: People,
    stays: Stays,
    *,
    cause: Ints,
    walk_ins: Visits,
    clinics: Visits,
    rng: np.random.Generator,
) -> Contacts:
    """Return all encounters with the moments of recording; `cause` is a stay's PRINCIPAL index."""
    boarded = np.flatnonzero(stays.came < stays.admitted)
    sizes = (len(stays), len(boarded), len(walk_ins), len(clinics))
    began = np.concatenate((stays.admitted, stays.came[boarded], walk_ins.arrived, clinics.arrived))
    ended = np.concatenate((stays.discharged, stays.admitted[boarded], walk_ins.left, clinics.left))
    began_recorded = began + _delay(sum(sizes), rng, median_minutes=8.0)
    who = np.concatenate((stays.who, stays.who[boarded], walk_ins.who, clinics.who))
    order = np.lexsort((who, began, began_recorded))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(1, len(order) + 1)
    ended_recorded = np.maximum(
        ended + _delay(len(order), rng, median_minutes=25.0), began_recorded
    )
    home, boarding = DISPOSITIONS.index("HOME"), DISPOSITIONS.index("TRANSFER")
    return Contacts(
        who=who,
        site=np.concatenate((stays.site, stays.site[boarded], walk_ins.site, clinics.site)),
        began=began,
        ended=ended,
        klass=_blocks(sizes, np.where(stays.kind == OBSERVATION, 2, 1), (0, 0, 3)),
        kind=_blocks(sizes, _admission_type(stays), (0, 0, 2)),
        unit=_blocks(sizes, _unit(people, stays, cause=cause, rng=rng), (0, 0, 8)),
        disposition=_blocks(sizes, stays.disposition, (boarding, home, home)),
        began_recorded=began_recorded,
        ended_recorded=ended_recorded,
        number=number,
        blocks=(0, *(int(at) for at in np.cumsum(sizes))),  # type: ignore[arg-type]
    )


def _blocks(sizes: tuple[int, ...], first: Ints, rest: tuple[int, int, int]) -> Ints:
    return np.concatenate((first, np.repeat(np.array(rest), sizes[1:]))).astype(np.int64)


def _admission_type(stays: Stays) -> Ints:
    through_emergency = np.where(stays.came < stays.admitted, 0, 1)
    return np.asarray(np.where(stays.is_planned, 2, through_emergency), dtype=np.int64)


def _unit(people: People, stays: Stays, *, cause: Ints, rng: np.random.Generator) -> Ints:
    codes = np.array(PRINCIPAL)[cause]
    cancer = people.conditions[stays.who, INDEX["cancer"]] & (rng.random(len(stays)) < 0.3)
    acute = stays.kind == ACUTE
    chosen = [
        (stays.kind == OBSERVATION, "SHORT_STAY"),
        (stays.kind == CHEMOTHERAPY, "ONCOLOGY"),
        (stays.kind == JOINT, "SURGERY"),
        (stays.age < 18.0, "PEDIATRICS"),
        (acute & (stays.severity > 1.9), "ICU"),
        (np.isin(codes, _BONE), "SURGERY"),
        (np.isin(codes, _HEART), "CARDIOLOGY"),
        (cancer, "ONCOLOGY"),
    ]
    conditions: list[Mask] = [mask for mask, _ in chosen]
    return np.select(
        conditions, [UNITS.index(name) for _, name in chosen], default=UNITS.index("MEDICINE")
    ).astype(np.int64)


def _delay(n: int, rng: np.random.Generator, *, median_minutes: float) -> Ints:
    """Return seconds until a clerk writes it down: log-normal, hours for 3 in 100."""
    minutes: Floats = median_minutes * np.exp(0.7 * rng.normal(size=n))
    minutes *= np.where(rng.random(n) < 0.03, 12.0, 1.0)
    return np.asarray(minutes * _MINUTE, dtype=np.int64)


def encounter_ids(number: Ints) -> pa.Array:
    """Return encounter ids.

    >>> encounter_ids(np.array([7])).to_pylist()
    ['E00000007']
    """
    return numbered("E", number, width=8)


def patient_ids(who: Ints) -> pa.Array:
    """Return patient ids; the first patient has number 1.

    >>> patient_ids(np.array([0])).to_pylist()
    ['P0000001']
    """
    return numbered("P", who + 1, width=7)


def encounter_table(contacts: Contacts) -> pa.Table:
    """Return the table of encounters in the order of recording."""
    table = pa.table(
        {
            "encounter_id": encounter_ids(contacts.number),
            "patient_id": patient_ids(contacts.who),
            "site": words([site.name for site in SITES], contacts.site),
            "unit": words(UNITS, contacts.unit),
            "class": words(CLASSES, contacts.klass),
            "admission_type": words(ADMISSION_TYPES, contacts.kind),
            "admitted_at": instants(contacts.began),
            "discharged_at": instants(contacts.ended),
            "disposition": words(DISPOSITIONS, contacts.disposition),
            "admitted_recorded_at": instants(contacts.began_recorded),
            "discharged_recorded_at": instants(contacts.ended_recorded),
            "known_at": instants(contacts.began_recorded),
        }
    )
    return table.take(np.argsort(contacts.number))
