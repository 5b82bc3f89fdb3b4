"""MIMIC-IV's ICU tables: infusions, ingredients, outputs, procedures and dates.

Some rows are stored ahead of time: settling makes them known when they happened, and counts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from attending.ingest.cells import Column, is_true, joined
from attending.ingest.mimic_rows import Stays, recorded
from attending.ingest.spellings import unit_column

if TYPE_CHECKING:
    from attending.ingest.batch import Batch
    from attending.ingest.rows import Rows


def infusions(rows: Rows, *, stays: Stays, word: str) -> Batch:
    """Return infusions: the rate at their start, the amount only at their end."""
    _need_time(rows, "starttime")
    item = rows.text("itemid")
    drafts = [
        rows.events(
            **stays.whose(rows),
            **_known(rows, rows.instant("starttime")),
            code=joined(f"{word}_START", item),
            numeric_value=rows.number("rate"),
            unit=unit_column(rows.text("rateuom"))[0],
        ),
        rows.events(
            keep=is_true(rows.instant("endtime").is_valid()),
            **stays.whose(rows),
            **_known(rows, rows.instant("endtime")),
            code=joined(f"{word}_END", item),
            numeric_value=rows.number("amount"),
            unit=unit_column(rows.text("amountuom"))[0],
        ),
    ]
    return rows.batch(drafts, recorded(rows))


def outputevents(rows: Rows, *, stays: Stays) -> Batch:
    """Return fluids that left the body."""
    _need_time(rows, "charttime")
    events = rows.events(
        **stays.whose(rows),
        **_known(rows, rows.instant("charttime")),
        code=joined("SUBJECT_FLUID_OUTPUT", rows.text("itemid")),
        numeric_value=rows.number("value"),
        unit=unit_column(rows.text("valueuom"))[0],
    )
    return rows.batch([events], recorded(rows))


def procedureevents(rows: Rows, *, stays: Stays) -> Batch:
    """Return bedside procedures: their start, and their length only at their end."""
    _need_time(rows, "starttime")
    item, end = rows.text("itemid"), rows.instant("endtime")
    drafts = [
        rows.events(
            **stays.whose(rows),
            **_known(rows, rows.instant("starttime")),
            code=joined("PROCEDURE//START", item),
        ),
        rows.events(
            keep=is_true(end.is_valid()),
            **stays.whose(rows),
            **_known(rows, end),
            code=joined("PROCEDURE//END", item),
            numeric_value=rows.number("value"),
            unit=unit_column(rows.text("valueuom"))[0],
        ),
    ]
    return rows.batch(drafts, recorded(rows))


def datetimeevents(rows: Rows, *, stays: Stays) -> Batch:
    """Return charted dates, as text."""
    _need_time(rows, "charttime")
    events = rows.events(
        **stays.whose(rows),
        **_known(rows, rows.instant("charttime")),
        code=joined("DATETIME", rows.text("itemid")),
        text_value=rows.text("value"),
    )
    return rows.batch([events], recorded(rows))


def _need_time(rows: Rows, column: str) -> None:
    rows.quarantine(is_true(pc.is_null(rows.instant(column))), "no_time")


def _known(rows: Rows, time: Column) -> dict[str, Any]:
    return {"time": time, "known_at": rows.instant("storetime")}
