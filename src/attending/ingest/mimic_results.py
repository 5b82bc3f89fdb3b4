"""MIMIC-IV's laboratory results, microbiology and outpatient measurements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import Column, end_of_day, is_true, joined, numbers
from attending.ingest.mimic_rows import Stays, declared, recorded, stored
from attending.ingest.spellings import unit_column

if TYPE_CHECKING:
    from typing import Any

    from attending.ingest.batch import Batch
    from attending.ingest.rows import Rows

_COMPARATOR = r"^\s*[<>=]"
_PRESSURE = r"^(?P<systolic>\d+)/(?P<diastolic>\d+)$"
_FOUND = ("org_name", "ab_name", "interpretation")
_OMR_UNITS = {"(Lbs)": "[lb_av]", "(Inches)": "[in_i]", "(kg/m2)": "kg/m2"}


def labevents(rows: Rows, *, stays: Stays) -> Batch:
    """Return laboratory results: drawn at `charttime`, known when stored.

    A censored value such as '<0.01' keeps its text beside the number that the source gives it.
    """
    rows.quarantine(is_true(rows.instant("charttime").is_null()), "no_time")
    number = is_true(rows.number("valuenum").is_valid())
    unknown = unit_column(rows.text("valueuom"))[1]
    code = joined("MIMICIV_LAB", rows.text("itemid"))
    rows.quarantine(unknown & number, "unknown_unit", code=code)
    drawn, value = rows.instant("charttime"), rows.number("valuenum")
    known, by_item, never = stored(drawn, rows.instant("storetime"), rows.text("itemid"))
    censored = pc.match_substring_regex(rows.text("value"), _COMPARATOR)
    worded = pc.or_(value.is_null(), pc.fill_null(censored, False))  # noqa: FBT003 - arrow
    events = rows.events(
        **stays.whose(rows),
        time=drawn,
        known_at=known,
        code=joined("MIMICIV_LAB", rows.text("itemid")),
        numeric_value=value,
        text_value=pc.if_else(worded, rows.text("value"), None),
        unit=unit_column(rows.text("valueuom"))[0],
    )
    return rows.batch([events], recorded(rows, by_item=by_item, never=never))


def microbiologyevents(rows: Rows, *, stays: Stays) -> Batch:
    """Return cultures: taken at `charttime`, else by the end of `chartdate`; known when stored."""
    rows.quarantine(is_true(_taken(rows).is_null()), "no_time")
    taken = _taken(rows)
    store = pc.coalesce(rows.instant("storetime"), end_of_day(rows.instant("storedate")))
    known, by_item, never = stored(taken, store, rows.text("test_itemid"))
    parts = [pc.fill_null(rows.text(part), "") for part in _FOUND]
    found = pc.utf8_rtrim(pc.binary_join_element_wise(*parts, "|"), "|")
    events = rows.events(
        **stays.whose(rows),
        time=taken,
        known_at=known,
        code=joined("MICRO", rows.text("spec_type_desc"), rows.text("test_name")),
        text_value=pc.if_else(pc.equal(found, ""), None, found),
    )
    return rows.batch([events], recorded(rows, by_item=by_item, never=never))


def omr(rows: Rows, *, stays: Stays) -> Batch:
    """Return outpatient measurements: a date only, so known by the end of that day.

    A blood pressure gives two events, systolic and diastolic.
    """
    rows.quarantine(is_true(rows.instant("chartdate").is_null()), "no_time")
    day, name, result = (
        rows.instant("chartdate"),
        rows.text("result_name"),
        rows.text("result_value"),
    )
    base: dict[str, Any] = {**stays.whose(rows), "time": day, "known_at": end_of_day(day)}
    pair = pc.extract_regex(result, _PRESSURE)
    paired = is_true(pair.is_valid())
    value = numbers(result)
    drafts = [
        rows.events(
            keep=paired,
            **base,
            code=joined("OMR", name, pa.repeat(pa.scalar(part), rows.left)),
            numeric_value=numbers(pc.struct_field(pair, part)),
            unit="mm[Hg]",
        )
        for part in ("systolic", "diastolic")
    ]
    drafts.append(
        rows.events(
            keep=~paired,
            **base,
            code=joined("OMR", name),
            numeric_value=value,
            text_value=pc.if_else(value.is_null(), result, None),
            unit=_omr_unit(name),
        )
    )
    return rows.batch(drafts, declared(rows, "end_of_day"))


def _taken(rows: Rows) -> Column:
    return pc.coalesce(rows.instant("charttime"), end_of_day(rows.instant("chartdate")))


def _omr_unit(name: Column) -> pa.Array:
    found = np.full(len(name), None, dtype=object)
    for word, unit in _OMR_UNITS.items():
        found[is_true(pc.match_substring(name, word))] = unit
    return pa.array(found, type=pa.string())
