"""Medication orders. `stopped_at` is the planned stop, written at the order: future information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.hospital.columns import instants, numbered, words
from attending.hospital.conditions import INDEX
from attending.hospital.contacts import encounter_ids, patient_ids
from attending.hospital.course import JOINT
from attending.hospital.sites import DAY_SECONDS, HOUR_SECONDS

if TYPE_CHECKING:
    from attending.hospital.contacts import Contacts
    from attending.hospital.people import People
    from attending.hospital.stays import Stays
    from attending.types import Floats


@dataclass(frozen=True)
class Drug:
    """One drug.

    Args:
        name: generic name.
        chance: part of stays with the reason in which it is ordered, 0 to 1.
        reason: a chronic condition, `ill` (severity above 1), `joint`, or empty for everyone.
        days: planned length of the order.
    """

    name: str
    chance: float
    reason: str
    days: float


DRUGS = (
    Drug("acetaminophen", 0.55, "", 5.0),
    Drug("heparin", 0.45, "", 7.0),
    Drug("ondansetron", 0.20, "", 3.0),
    Drug("pantoprazole", 0.25, "", 10.0),
    Drug("furosemide", 0.85, "heart_failure", 10.0),
    Drug("metoprolol", 0.70, "heart_failure", 30.0),
    Drug("lisinopril", 0.45, "hypertension", 30.0),
    Drug("atorvastatin", 0.60, "lipids", 30.0),
    Drug("insulin-glargine", 0.60, "diabetes_damage", 14.0),
    Drug("metformin", 0.40, "diabetes", 30.0),
    Drug("albuterol", 0.75, "pulmonary", 10.0),
    Drug("prednisone", 0.45, "pulmonary", 5.0),
    Drug("lactulose", 0.70, "liver_severe", 14.0),
    Drug("epoetin", 0.30, "renal", 30.0),
    Drug("morphine", 0.60, "joint", 3.0),
    Drug("ceftriaxone", 0.40, "ill", 5.0),
    Drug("piperacillin-tazobactam", 0.30, "ill", 7.0),
    Drug("vancomycin", 0.25, "ill", 5.0),
)


def _chances(people: People, stays: Stays) -> Floats:
    """Return the chance of each drug in each stay, shape (n, drugs)."""
    columns = []
    for drug in DRUGS:
        if drug.reason == "ill":
            fits = stays.severity > 1.0
        elif drug.reason == "joint":
            fits = stays.kind == JOINT
        elif drug.reason:
            fits = people.conditions[stays.who, INDEX[drug.reason]]
        else:
            fits = np.ones(len(stays), np.bool_)
        columns.append(drug.chance * fits)
    return np.column_stack(columns)


def order_table(
    people: People, contacts: Contacts, *, stays: Stays, rng: np.random.Generator
) -> pa.Table:
    """Return the table of orders in the order of writing; most are written on the first day."""
    chances = _chances(people, stays)
    stay, drug = np.nonzero(rng.random(chances.shape) < chances)
    hours = np.minimum(0.5 + rng.exponential(6.0, size=len(stay)), 0.8 * 24.0 * stays.days[stay])
    ordered = stays.admitted[stay] + (hours * HOUR_SECONDS).astype(np.int64)
    started = ordered + (rng.uniform(0.2, 2.0, size=len(stay)) * HOUR_SECONDS).astype(np.int64)
    planned = np.array([d.days for d in DRUGS])[drug]
    # The extract lists an order once its first dose was given: what is planned is no event yet.
    order = np.lexsort((drug, stay, started))
    stay, drug, ordered, started = stay[order], drug[order], ordered[order], started[order]
    stopped = started + (planned[order] * DAY_SECONDS).astype(np.int64)
    return pa.table(
        {
            "order_id": numbered("M", np.arange(1, len(order) + 1), width=8),
            "patient_id": patient_ids(contacts.who[stay]),
            "encounter_id": encounter_ids(contacts.number[stay]),
            "name": words([d.name for d in DRUGS], drug),
            "ordered_at": instants(ordered),
            "started_at": instants(started),
            "stopped_at": instants(stopped),
            "known_at": instants(started),
        }
    )
