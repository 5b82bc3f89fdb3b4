"""Generate a hospital: everything that its systems will ever have recorded, and the truth.

Each table draws from its own stream of random numbers, so a change to one leaves the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.hospital.bedside import rounds, vital_table
from attending.hospital.coding import code_tables, draw_causes
from attending.hospital.columns import date_text, instants, numbers, words
from attending.hospital.contacts import encounter_ids, encounter_table, gather, patient_ids
from attending.hospital.lives import live
from attending.hospital.notes import note_table
from attending.hospital.orders import order_table
from attending.hospital.people import INSURANCES, LANGUAGES, RACES, draw_people
from attending.hospital.physiology import baselines
from attending.hospital.samples import draws, lab_table
from attending.hospital.sites import DAY_SECONDS, HOUR_SECONDS, open_clock
from attending.hospital.visits import draw_clinics, draw_emergency, outside_stays

if TYPE_CHECKING:
    from attending.hospital.contacts import Contacts
    from attending.hospital.people import People
    from attending.hospital.plan import HospitalPlan
    from attending.hospital.sites import LocalClock
    from attending.hospital.stays import Stays
    from attending.types import Floats, Ints

#: A change that should draw anew takes a new edition.
_EDITION = 1
#: Streams of random numbers, by what they draw. A new one goes to the end.
_STREAMS = (
    "people", "emergency", "clinics", "usual", "stays", "causes", "contacts", "samples",
    "bedside", "codes", "orders", "notes", "deaths",
)  # fmt: skip


@dataclass(frozen=True)
class Hospital:
    """A whole hospital; each table has the columns of its file and `known_at`, and is sorted by it.

    Args:
        plan: what was asked.
        patients, encounters, labs, vitals, diagnoses, procedures, medications, notes: the sources.
        truth: encounter_id and true_risk of every live discharge from a stay.
    """

    plan: HospitalPlan
    patients: pa.Table
    encounters: pa.Table
    labs: pa.Table
    vitals: pa.Table
    diagnoses: pa.Table
    procedures: pa.Table
    medications: pa.Table
    notes: pa.Table
    truth: pa.Table


def generate(plan: HospitalPlan) -> Hospital:
    """Return the hospital of a plan; the same plan gives the same hospital.

    >>> from attending.hospital.plan import HospitalPlan
    >>> hospital = generate(HospitalPlan(patients=50, years=1))
    >>> hospital.patients.num_rows
    50
    """
    rng = {
        name: np.random.default_rng([_EDITION, plan.seed, at]) for at, name in enumerate(_STREAMS)
    }
    clock = open_clock(plan.start, plan.days)
    people = draw_people(plan, rng["people"])
    walk_ins = draw_emergency(plan, people, clock=clock, rng=rng["emergency"])
    usual = baselines(people, rng["usual"])
    stays, death = live(plan, people, usual=usual, visits=walk_ins, clock=clock, rng=rng["stays"])
    cause = draw_causes(people, stays, rng["causes"])
    clinics = draw_clinics(plan, people, clock=clock, rng=rng["clinics"])
    taken = _by_patient(stays)
    contacts = gather(
        people,
        stays,
        cause=cause,
        walk_ins=outside_stays(walk_ins, taken, death),
        clinics=outside_stays(clinics, taken, death),
        rng=rng["contacts"],
    )
    return _tables(plan, _World(people, stays, contacts, clock, usual, cause, death), rng=rng)


@dataclass(frozen=True)
class _World:
    """What the tables are written from."""

    people: People
    stays: Stays
    contacts: Contacts
    clock: LocalClock
    usual: Floats
    cause: Ints
    death: Ints


def _by_patient(stays: Stays) -> tuple[Ints, Ints, Ints]:
    order = np.lexsort((stays.admitted, stays.who))
    return stays.who[order], stays.admitted[order], stays.discharged[order]


def _tables(plan: HospitalPlan, world: _World, *, rng: dict[str, np.random.Generator]) -> Hospital:
    people, stays, contacts = world.people, world.stays, world.contacts
    made = draws(contacts, stays, usual=world.usual, clock=world.clock, rng=rng["samples"])
    taken = rounds(contacts, stays, usual=world.usual, rng=rng["bedside"])
    diagnoses, procedures = code_tables(
        people, contacts, stays=stays, cause=world.cause, rng=rng["codes"]
    )
    return Hospital(
        plan=plan,
        patients=_patient_table(plan, world, rng["deaths"]),
        encounters=encounter_table(contacts),
        labs=lab_table(people, contacts, made=made, rng=rng["samples"]),
        vitals=vital_table(contacts, taken, rng["bedside"]),
        diagnoses=diagnoses,
        procedures=procedures,
        medications=order_table(people, contacts, stays=stays, rng=rng["orders"]),
        notes=note_table(contacts, stays, rng["notes"]),
        truth=_truth_table(contacts, stays),
    )


def _patient_table(plan: HospitalPlan, world: _World, rng: np.random.Generator) -> pa.Table:
    """Return patients in the order of registration, with deaths up to the end of the plan.

    A death in hospital is recorded within hours, one outside after a median of 12 days.
    """
    people, death = world.people, world.death
    inside = np.zeros(len(people), dtype=np.bool_)
    inside[world.stays.who[~world.stays.is_alive]] = True
    wait_hours = np.where(inside, 1.0, 12.0 * 24.0) * np.exp(rng.normal(size=len(people)))
    recorded = death + (wait_hours * HOUR_SECONDS).astype(np.int64)
    alive = death > int(plan.end.timestamp())
    everyone = np.arange(len(people))
    table = pa.table(
        {
            "patient_id": patient_ids(everyone),
            "birth_date": date_text(people.born // DAY_SECONDS),
            "sex": words(("M", "F"), people.female.astype(np.int64)),
            "race_ethnicity": words(RACES, people.race),
            "language": words(LANGUAGES, people.language),
            "insurance": words(INSURANCES, people.insurance),
            "death_time": instants(death, missing=alive),
            "death_recorded_at": instants(recorded, missing=alive),
            "known_at": instants(people.entry),
        }
    )
    return table.take(np.lexsort((everyone, people.entry)))


def _truth_table(contacts: Contacts, stays: Stays) -> pa.Table:
    number = contacts.number[contacts.block(0)]
    alive = np.flatnonzero(stays.is_alive)
    alive = alive[np.argsort(number[alive])]
    return pa.table(
        {
            "encounter_id": encounter_ids(number[alive]),
            "true_risk": numbers(np.round(stays.risk[alive], 6)),
        }
    )
