"""Diagnoses and procedures as coders write them: days after the discharge, dated to the admission.

That date is a trap that real billing data set: `dated_at` lies inside the stay, `coded_at` does
not. One chronic condition in ten is not coded in a given stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.hospital.columns import instants, numbered, words
from attending.hospital.conditions import (
    CAUSES,
    CONDITIONS,
    FIRST_MINOR,
    HIP,
    INDEX,
    KNEE,
    MINOR,
    PRINCIPAL,
)
from attending.hospital.contacts import encounter_ids, patient_ids
from attending.hospital.course import CHEMOTHERAPY, JOINT, OBSERVATION
from attending.hospital.sites import DAY_SECONDS, HOUR_SECONDS

if TYPE_CHECKING:
    from attending.hospital.contacts import Contacts
    from attending.hospital.people import People
    from attending.hospital.stays import Stays
    from attending.types import Floats, Ints

_CODED = 0.90
#: ICD-10-PCS: what is done, to whom.
PROCEDURES = (
    "3E03305",  # chemotherapy into a peripheral vein
    "0SRD0J9",  # left knee joint replaced
    "0SR90J9",  # right hip joint replaced
    "5A1D70Z",  # haemodialysis
    "5A1935Z",  # ventilation for less than 24 hours
    "30233N1",  # red cells transfused
    "4A023N7",  # left heart catheter
    "0DJ08ZZ",  # upper gut inspected
)


def draw_causes(people: People, stays: Stays, rng: np.random.Generator) -> Ints:
    """Return the cause of each stay as an index of PRINCIPAL."""
    older = (stays.age - 60.0) / 10.0
    adult = stays.age >= 18.0
    weights = []
    for cause in CAUSES:
        fits = adult != cause.child
        if cause.needs:
            fits = fits & people.conditions[stays.who, INDEX[cause.needs]]
        weights.append(cause.weight * np.exp(cause.per_decade * older) * fits)
    chest_pain = [cause.code for cause in CAUSES].index("R07.9")
    weights[chest_pain] = weights[chest_pain] * np.where(stays.kind == OBSERVATION, 6.0, 1.0)
    limits = np.cumsum(weights, axis=0)
    picked = (rng.random(len(stays)) * limits[-1] >= limits).sum(axis=0)
    joint = len(CAUSES) + 1 + (rng.random(len(stays)) < 0.4)
    planned = np.where(stays.kind == JOINT, joint, len(CAUSES))
    return np.where(stays.is_planned, planned, picked).astype(np.int64)


@dataclass(frozen=True)
class _Codes:
    """Codes of encounters; `code` indexes the list of all codes."""

    contact: Ints
    code: Ints
    rank: Ints


_CHRONIC = tuple(code for condition in CONDITIONS for code in condition.codes)
_ALL = (*PRINCIPAL, *_CHRONIC)


def _codes(people: People, contacts: Contacts, *, cause: Ints, rng: np.random.Generator) -> _Codes:
    n_stays = len(cause)
    others = np.arange(n_stays, len(contacts.who))
    minor = FIRST_MINOR + rng.integers(0, len(MINOR), size=len(others))
    who = contacts.who[:n_stays]
    coded = people.conditions[who] & (rng.random((n_stays, len(CONDITIONS))) < _CODED)
    stay, condition = np.nonzero(coded)
    starts = np.cumsum([0, *(len(c.codes) for c in CONDITIONS)])[:-1]
    chronic = len(PRINCIPAL) + starts[condition] + people.code_choice[who[stay], condition]
    before = np.concatenate(([0], np.cumsum(coded.sum(axis=1))))[:-1]
    rank = np.arange(len(stay)) - before[stay] + 2
    return _Codes(
        contact=np.concatenate((np.arange(n_stays), others, stay)),
        code=np.concatenate((cause, minor, chronic)),
        rank=np.concatenate((np.ones(n_stays + len(others), np.int64), rank)),
    )


def _coded_at(contacts: Contacts, rng: np.random.Generator) -> Ints:
    """Return when each encounter is coded: 2 to 10 days after its end, all codes at once."""
    wait: Floats = 2.0 + 8.0 * rng.beta(1.5, 3.0, size=len(contacts.who))
    return np.asarray(contacts.ended + (wait * DAY_SECONDS).astype(np.int64), dtype=np.int64)


def code_tables(
    people: People,
    contacts: Contacts,
    *,
    stays: Stays,
    cause: Ints,
    rng: np.random.Generator,
) -> tuple[pa.Table, pa.Table]:
    """Return the tables of diagnoses and of procedures in the order of coding."""
    coded_at = _coded_at(contacts, rng)
    codes = _codes(people, contacts, cause=cause, rng=rng)
    order = np.lexsort((codes.rank, codes.contact, coded_at[codes.contact]))
    contact = codes.contact[order]
    diagnoses = pa.table(
        {
            "diagnosis_id": numbered("D", np.arange(1, len(order) + 1), width=9),
            "patient_id": patient_ids(contacts.who[contact]),
            "encounter_id": encounter_ids(contacts.number[contact]),
            "icd10cm": words(_ALL, codes.code[order]),
            "rank": pa.array(codes.rank[order]),
            "dated_at": instants(contacts.began[contact]),
            "coded_at": instants(coded_at[contact]),
            "known_at": instants(coded_at[contact]),
        }
    )
    done = _procedures(people, stays, cause=cause, rng=rng)
    return diagnoses, _procedure_table(contacts, done, coded_at=coded_at, rng=rng)


def _procedures(
    people: People, stays: Stays, *, cause: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return stays and indexes of PROCEDURES."""
    has, n = people.conditions[stays.who], len(stays)
    code = np.array(PRINCIPAL)[cause]
    chance = np.column_stack(
        (
            0.97 * (stays.kind == CHEMOTHERAPY),
            0.98 * (code == KNEE),
            0.98 * (code == HIP),
            0.30 * has[:, INDEX["renal"]],
            0.12 * (stays.severity > 1.9),
            0.35 * (stays.first[:, 3] > 2.5),
            np.where(code == "I21.4", 0.6, 0.02 * has[:, INDEX["infarction"]]),
            0.7 * (code == "K92.2"),
        )
    )
    stay, procedure = np.nonzero(rng.random((n, len(PROCEDURES))) < chance)
    return stay.astype(np.int64), procedure.astype(np.int64)


def _procedure_table(
    contacts: Contacts,
    done: tuple[Ints, Ints],
    *,
    coded_at: Ints,
    rng: np.random.Generator,
) -> pa.Table:
    stay, procedure = done
    span = contacts.ended[stay] - contacts.began[stay]
    performed = contacts.began[stay] + (span * rng.uniform(0.05, 0.6, size=len(stay))).astype(
        np.int64
    )
    performed = np.maximum(performed, contacts.began[stay] + HOUR_SECONDS)
    order = np.lexsort((procedure, stay, coded_at[stay]))
    stay = stay[order]
    return pa.table(
        {
            "procedure_id": numbered("X", np.arange(1, len(order) + 1), width=8),
            "patient_id": patient_ids(contacts.who[stay]),
            "encounter_id": encounter_ids(contacts.number[stay]),
            "icd10pcs": words(PROCEDURES, procedure[order]),
            "performed_at": instants(performed[order]),
            "coded_at": instants(coded_at[stay]),
            "known_at": instants(coded_at[stay]),
        }
    )
