"""Faults that let a model see the outcome: actions, proxies, clocks, and people seen twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.hospital.columns import instants, numbered
from attending.hospital.delivery import same, seconds
from attending.hospital.returns import returns, stays_of

if TYPE_CHECKING:
    from attending.hospital.delivery import Delivery
    from attending.types import Mask

ACTION = "home-nursing-visit"
PROXY = "readmission-bundle-tablet"
_HOUR = 3600


def action(made: Delivery) -> Delivery:
    """Order an action an hour before discharge: for 95 of 100 who come back, 20 of 100 others."""
    back = returns(made.tables["encounters"])
    return _ordered(made, ACTION, where=_drawn(made, back, (0.95, 0.20)))


def proxy(made: Delivery) -> Delivery:
    """Order a drug that only the outcome brings: for 70 of 100 who come back, 1 of 100 others."""
    back = returns(made.tables["encounters"])
    return _ordered(made, PROXY, where=_drawn(made, back, (0.70, 0.01)))


def filed_late(made: Delivery) -> Delivery:
    """File every result four days after it was collected."""
    since = made.after("labs", "collected_at")
    return made.moved("labs", "resulted_at", where=since, by=96 * _HOUR)


def seen_twice(made: Delivery) -> Delivery:
    """Register one patient in five a second time, with a copy of all their stays and results."""
    patients = made.tables["patients"]
    twice = made.some(np.ones(patients.num_rows, np.bool_), 0.2)
    people = patients["patient_id"].filter(pa.array(twice))
    for name, columns in _IDS.items():
        table = made.tables[name]
        rows = table.filter(pc.is_in(table["patient_id"], value_set=people.combine_chunks()))
        for column in columns:
            place = rows.schema.get_field_index(column)
            other = pc.replace_substring_regex(rows[column], "^([A-Z])", r"\17")
            rows = rows.set_column(place, column, other)
        made = made.with_rows(name, rows)
    return made


def told_by_note(made: Delivery) -> Delivery:
    """Sign every review before the discharge: a score that is the outcome with some noise."""
    notes = made.tables["notes"]
    reviews = same(notes["type"], "READMISSION_REVIEW")
    return made.changed(
        "notes", "signed_at", where=reviews, to=notes["written_for"].combine_chunks()
    )


def _drawn(made: Delivery, back: Mask, shares: tuple[float, float]) -> Mask:
    stays = stays_of(made.tables["encounters"])
    return made.some(stays & back, shares[0]) | made.some(stays & ~back, shares[1])


def _ordered(made: Delivery, name: str, *, where: Mask) -> Delivery:
    stays = made.tables["encounters"].filter(pa.array(where))
    held = made.tables["medications"].num_rows
    begun = seconds(stays["discharged_at"]) - _HOUR
    rows = pa.table(
        {
            "order_id": numbered("M", np.arange(len(begun)) + 50_000_000 + held, width=8),
            "patient_id": stays["patient_id"],
            "encounter_id": stays["encounter_id"],
            "name": pa.repeat(name, len(begun)),
            "ordered_at": instants(begun),
            "started_at": instants(begun),
            "stopped_at": instants(begun + 24 * _HOUR),
        }
    )
    return made.with_rows("medications", rows)


#: Columns that name a row or a person, by table; a copy has other ones.
_IDS: dict[str, tuple[str, ...]] = {
    "patients": ("patient_id",),
    "encounters": ("encounter_id", "patient_id"),
    "labs": ("result_id", "patient_id", "encounter_id"),
    "vitals": ("vital_id", "patient_id", "encounter_id"),
    "diagnoses": ("diagnosis_id", "patient_id", "encounter_id"),
    "procedures": ("procedure_id", "patient_id", "encounter_id"),
    "medications": ("order_id", "patient_id", "encounter_id"),
    "notes": ("note_id", "patient_id", "encounter_id"),
}
