"""What a hospital had recorded by a moment: the rows of its tables that an extract may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import BadInput
from attending.hospital.columns import INSTANT
from attending.times import format_instant

if TYPE_CHECKING:
    from attending.hospital.generate import Hospital
    from attending.types import Instant

#: Tables of an extract, in the order in which they are written.
TABLES = (
    "patients",
    "encounters",
    "labs",
    "vitals",
    "diagnoses",
    "procedures",
    "medications",
    "notes",
)
#: A table of those extracts alone whose hospital found that two records are one person.
MERGES = "merges"
#: Columns that stay empty until a second moment of recording.
_LATER = {
    "patients": ("death_recorded_at", ("death_time", "death_recorded_at")),
    "encounters": (
        "discharged_recorded_at",
        ("discharged_at", "disposition", "discharged_recorded_at"),
    ),
}


def check_until(hospital: Hospital, until: Instant) -> None:
    """Refuse a moment outside the plan: nothing was recorded before it and nothing is known after.

    Raises:
        BadInput: `until` has no zone, or lies before the start or after the end of the plan.
    """
    plan = hospital.plan
    if until.tzinfo is None or not plan.start <= until <= plan.end:
        raise BadInput(
            "until is not an instant within the plan",
            code="hospital.until",
            hint=f"Give one from {format_instant(plan.start)} to {format_instant(plan.end)}.",
            where="until",
        )


def visible(hospital: Hospital, name: str, *, until: Instant) -> pa.Table:
    """Return the rows of one table recorded by `until`, without `known_at`.

    A stay whose discharge was not yet recorded has empty discharge columns; so has a patient whose
    death was not.
    """
    table = getattr(hospital, name)
    last = int(until.timestamp())
    known = table["known_at"].cast(pa.int64()).to_numpy()
    rows = table.slice(0, int(np.searchsorted(known, last, side="right"))).drop_columns("known_at")
    if name not in _LATER:
        return rows
    recorded, columns = _LATER[name]
    moment = pa.scalar(last, pa.int64()).cast(INSTANT)
    written = pc.fill_null(pc.less_equal(rows[recorded], moment), False)  # noqa: FBT003
    for column in columns:
        nothing = pa.scalar(None, rows[column].type)
        at = rows.schema.get_field_index(column)
        rows = rows.set_column(at, column, pc.if_else(written, rows[column], nothing))
    return rows
