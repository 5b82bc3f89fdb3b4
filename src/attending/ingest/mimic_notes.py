"""What a full MIMIC-IV has beside the demo: charted values, provider orders, details and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import INSTANT, Column, is_true, joined
from attending.ingest.mimic_rows import Stays, recorded, stored
from attending.ingest.spellings import unit_column

if TYPE_CHECKING:
    from attending.ingest.batch import Batch
    from attending.ingest.rows import Rows


def notes(rows: Rows, *, stays: Stays) -> Batch:
    """Return notes: written at `charttime`, known when stored; one never stored is quarantined.

    A discharge summary is charted at the start of its day and stored days later: its store time
    is the only one that counts.
    """
    rows.quarantine(is_true(rows.instant("charttime").is_null()), "no_time")
    events = rows.events(
        **stays.whose(rows),
        time=rows.instant("charttime"),
        known_at=rows.instant("storetime"),
        code=joined("NOTE", pc.utf8_upper(pa.repeat(pa.scalar(rows.name), rows.left)),
                    rows.text("note_type")),
        text_value=rows.text("text"),
    )  # fmt: skip
    return rows.batch([events], recorded(rows))


def chartevents(rows: Rows, *, stays: Stays) -> Batch:
    """Return charted values: taken at `charttime`, known when stored; late entry is common."""
    rows.quarantine(is_true(rows.instant("charttime").is_null()), "no_time")
    number = is_true(rows.number("valuenum").is_valid())
    code = joined("MIMICIV_ITEM", rows.text("itemid"))
    unknown = unit_column(rows.text("valueuom"))[1]
    rows.quarantine(unknown & number, "unknown_unit", code=code)
    taken, value = rows.instant("charttime"), rows.number("valuenum")
    known, by_item, never = stored(taken, rows.instant("storetime"), rows.text("itemid"))
    events = rows.events(
        **stays.whose(rows),
        time=taken,
        known_at=known,
        code=joined("MIMICIV_ITEM", rows.text("itemid")),
        numeric_value=value,
        text_value=pc.if_else(value.is_null(), rows.text("value"), None),
        unit=unit_column(rows.text("valueuom"))[0],
    )
    return rows.batch([events], recorded(rows, by_item=by_item, never=never))


def poe(rows: Rows, *, stays: Stays) -> Batch:
    """Return provider orders: known when ordered. How an order ended is hindsight and stays out."""
    rows.quarantine(is_true(rows.instant("ordertime").is_null()), "no_time")
    rows.quarantine(rows.missing("order_type"), "no_code")
    ordered = rows.instant("ordertime")
    kind, part = rows.text("order_type"), rows.text("order_subtype")
    events = rows.events(
        **stays.whose(rows),
        time=ordered,
        known_at=ordered,
        code=pc.coalesce(joined("POE", kind, part), joined("POE", kind)),
        text_value=rows.text("transaction_type"),
    )
    return rows.batch([events], recorded(rows))


def times_of(rows: Rows, *, key: str, time: str, known: str, code: str) -> pa.Table:
    """Return what details borrow of their row: `id`, both clocks, `code` and stay."""
    return pa.table(
        {
            "id": rows.text(key),
            "time": rows.instant(time),
            "known": rows.instant(known),
            "code": rows.text(code),
            "hadm_id": rows.text("hadm_id"),
        }
    )


def poe_detail(rows: Rows, *, stays: Stays, parents: pa.Table) -> Batch:
    """Return details of provider orders, known as the order is."""
    found = _borrowed(rows, "poe_id", parents)
    events = rows.events(
        **stays.whose(rows),
        encounter_id=stays.keys.encounter(found["hadm_id"]),
        time=found["time"],
        known_at=found["known"],
        code=joined("POE_DETAIL", rows.text("field_name")),
        text_value=rows.text("field_value"),
    )
    return rows.batch([events], recorded(rows))


def emar_detail(rows: Rows, *, stays: Stays, parents: pa.Table) -> Batch:
    """Return doses as given, known as the administration is; rows without a dose say nothing."""
    rows.reject(is_true(rows.number("dose_given").is_null()), "no_dose")
    found = _borrowed(rows, "emar_id", parents)
    rows.quarantine(is_true(found["code"].is_null()), "no_code")
    rows.quarantine(unit_column(rows.text("dose_given_unit"))[1], "unknown_unit")
    found = _borrowed(rows, "emar_id", parents)
    events = rows.events(
        **stays.whose(rows),
        encounter_id=stays.keys.encounter(found["hadm_id"]),
        time=found["time"],
        known_at=found["known"],
        code=joined("MEDICATION_DOSE", found["code"]),
        numeric_value=rows.number("dose_given"),
        unit=unit_column(rows.text("dose_given_unit"))[0],
    )
    return rows.batch([events], recorded(rows))


def nothing(rows: Rows) -> Batch:
    """Return a table that is about no patient: its rows are counted and give no event."""
    rows.reject(np.ones(rows.left, dtype=np.bool_), "reference")
    return rows.batch([])


def _borrowed(rows: Rows, key: str, parents: pa.Table) -> dict[str, Column]:
    """Return the columns of each row's parent, after setting rows without one aside."""
    ids = parents["id"].combine_chunks()
    there = pc.is_in(rows.text(key), value_set=ids)
    rows.quarantine(~is_true(there), "no_parent")
    place = pc.index_in(rows.text(key), value_set=ids)
    found = {name: parents[name].take(place) for name in ("time", "known", "code", "hadm_id")}
    rows.quarantine(is_true(found["time"].is_null()), "no_time")
    place = pc.index_in(rows.text(key), value_set=ids)
    kept = {name: parents[name].take(place) for name in ("code", "hadm_id")}
    instants = {name: parents[name].take(place).cast(INSTANT) for name in ("time", "known")}
    return kept | instants
