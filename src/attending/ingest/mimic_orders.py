"""MIMIC-IV's medicines: orders of the pharmacy, prescriptions, and what was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import INSTANT, Column, is_true, joined, later, numbers
from attending.ingest.mimic_rows import Stays, recorded
from attending.ingest.spellings import unit_column
from attending.records.snapshot import Availability

if TYPE_CHECKING:
    from attending.ingest.batch import Batch
    from attending.ingest.rows import Rows


def emar(rows: Rows, *, stays: Stays) -> Batch:
    """Return administrations, with what was done; known when stored, never before they happened."""
    rows.quarantine(is_true(rows.instant("charttime").is_null()), "no_time")
    rows.quarantine(rows.missing("medication"), "no_code")
    given = rows.instant("charttime")
    events = rows.events(
        **stays.whose(rows),
        time=given,
        known_at=rows.instant("storetime"),
        code=joined("MEDICATION", rows.text("medication")),
        text_value=rows.text("event_txt"),
    )
    return rows.batch([events], recorded(rows))


def entered(rows: Rows) -> pa.Table:
    """Return when each order of the pharmacy was entered: `id` and `at`."""
    pairs = pa.table(
        {"id": rows.text("pharmacy_id"), "at": rows.instant("entertime").cast(pa.int64())}
    )
    grouped = pairs.group_by("id").aggregate([("at", "min")])
    return pa.table({"id": grouped["id"], "at": grouped["at_min"].cast(INSTANT)})


def pharmacy(rows: Rows, *, stays: Stays) -> Batch:
    """Return orders of the pharmacy: starts known when entered, stops only when they come."""
    _need(rows, "medication")
    return _orders(rows, stays=stays, code="PHARMACY", entry=rows.instant("entertime"))


def prescriptions(rows: Rows, *, stays: Stays, entered: pa.Table) -> Batch:
    """Return prescriptions: entered when the pharmacy's order of the same id was."""
    _need(rows, "drug")
    place = pc.index_in(rows.text("pharmacy_id"), value_set=entered["id"].combine_chunks())
    return _orders(rows, stays=stays, code="PRESCRIPTION", entry=entered["at"].take(place))


def _need(rows: Rows, name: str) -> None:
    rows.quarantine(rows.missing(name), "no_code")
    neither = pc.coalesce(rows.instant("starttime"), rows.instant("stoptime")).is_null()
    rows.quarantine(is_true(neither), "no_time")


def _orders(rows: Rows, *, stays: Stays, code: str, entry: Column) -> Batch:
    """Return starts and stops of orders.

    The stop that the source holds is planned or final: nobody knows it before it comes. Where
    nobody wrote when an order was entered, it counts as known when it starts; this is assumed.
    """
    start, stop = rows.instant("starttime"), rows.instant("stoptime")
    dosed = code == "PRESCRIPTION"
    name = rows.text("drug" if dosed else "medication")
    dose = numbers(rows.text("dose_val_rx")) if dosed else None
    unit = unit_column(rows.text("dose_unit_rx"))[0] if dosed else None
    drafts = [
        rows.events(
            keep=is_true(start.is_valid()),
            **stays.whose(rows),
            time=start,
            known_at=later(start, entry),
            code=joined(code, name),
            numeric_value=dose,
            unit=unit,
        ),
        rows.events(
            keep=is_true(stop.is_valid()),
            **stays.whose(rows),
            time=stop,
            known_at=later(stop, entry),
            code=joined(f"{code}_STOP", name),
        ),
    ]
    missing = int(is_true(entry.is_null()).sum())
    told = Availability(table=rows.name, rule="recorded", assumed=False, rows=rows.left - missing)
    assumed = Availability(table=rows.name, rule="same", assumed=True, rows=missing)
    return rows.batch(drafts, [told, assumed] if missing else [told])
