"""What a hospital measured, coded and wrote: labs, vitals, diagnoses, procedures and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import INSTANT, NO_TIME, Column, is_true, joined, micros
from attending.ingest.spellings import unit_column
from attending.records.snapshot import Availability

if TYPE_CHECKING:
    from typing import Any

    from attending.ingest.batch import Batch
    from attending.ingest.pseudonyms import Pseudonyms
    from attending.ingest.rows import Rows
    from attending.types import Mask

RETRACTED = "entered-in-error"
_STATUSES = pa.array(["final", "corrected", RETRACTED])


def labs(rows: Rows, *, keys: Pseudonyms) -> Batch:
    """Return laboratory results: every version, superseded when the next one was resulted.

    A retraction ends the version before it and gives no event of its own.
    """
    known_status = pc.is_in(rows.text("status"), value_set=_STATUSES)
    rows.quarantine(~is_true(known_status), "unknown_status")
    rows.quarantine(rows.missing("resulted_at") & _retracting(rows), "no_known_at")
    _measured(rows, time="collected_at")
    rows.withdraw(_retracting(rows), at=rows.instant("resulted_at"))
    events = _measurements(
        rows,
        keys=keys,
        keep=~_retracting(rows),
        time=rows.instant("collected_at"),
        known_at=rows.instant("resulted_at"),
        superseded_at=superseded(rows),
    )
    return rows.batch([events], [_recorded(rows)])


def vitals(rows: Rows, *, keys: Pseudonyms) -> Batch:
    """Return vital signs: taken at one instant, known when charted."""
    _measured(rows, time="taken_at")
    events = _measurements(
        rows,
        keys=keys,
        keep=None,
        time=rows.instant("taken_at"),
        known_at=rows.instant("charted_at"),
    )
    return rows.batch([events], [_recorded(rows)])


def diagnoses(rows: Rows, *, keys: Pseudonyms) -> Batch:
    """Return diagnoses: dated to the admission, known only when they were coded."""
    _need(rows, time="dated_at", code="icd10cm")
    code = joined("ICD10CM", _plain_code(rows.text("icd10cm")))
    events = rows.events(
        **_whose(rows, keys),
        time=rows.instant("dated_at"),
        code=code,
        numeric_value=rows.number("rank"),
        known_at=rows.instant("coded_at"),
    )
    return rows.batch([events], [_recorded(rows)])


def procedures(rows: Rows, *, keys: Pseudonyms) -> Batch:
    """Return procedures: performed at one instant, known when they were coded."""
    _need(rows, time="performed_at", code="icd10pcs")
    events = rows.events(
        **_whose(rows, keys),
        time=rows.instant("performed_at"),
        code=joined("ICD10PCS", _plain_code(rows.text("icd10pcs"))),
        known_at=rows.instant("coded_at"),
    )
    return rows.batch([events], [_recorded(rows)])


def notes(rows: Rows, *, keys: Pseudonyms) -> Batch:
    """Return notes: written for one instant, known when signed. Their text is never taken in."""
    _need(rows, time="written_for", code="type")
    events = rows.events(
        **_whose(rows, keys),
        time=rows.instant("written_for"),
        code=joined("NOTE", pc.utf8_upper(rows.text("type"))),
        numeric_value=rows.number("score"),
        text_value=rows.text("category"),
        known_at=rows.instant("signed_at"),
    )
    return rows.batch([events], [_recorded(rows)])


def superseded(rows: Rows) -> Column:
    """Return when the next version of each result was resulted; null for the newest."""
    ended = np.full(rows.left, NO_TIME)
    ids = rows.text("result_id")
    version = np.nan_to_num(np.asarray(rows.number("version"), dtype=np.float64))
    revised = pc.unique(ids.filter(pa.array(version > 1)))
    where = np.flatnonzero(is_true(pc.is_in(ids, value_set=revised)))
    if len(where):
        coded = pc.index_in(ids.take(pa.array(where)), value_set=revised)
        order = where[np.lexsort([version[where], np.asarray(coded)])]
        same = np.diff(np.sort(np.asarray(coded))) == 0
        resulted = micros(rows.instant("resulted_at"))
        ended[order[:-1][same]] = resulted[order[1:][same]]
    return pa.chunked_array([pa.array(ended, mask=ended == NO_TIME).cast(INSTANT)])


def _retracting(rows: Rows) -> Mask:
    return is_true(pc.equal(rows.text("status"), RETRACTED))


def _measured(rows: Rows, *, time: str) -> None:
    """Quarantine measurements without time or code, or with a number in an unknown unit."""
    _need(rows, time=time, code="loinc")
    code = joined("LOINC", rows.text("loinc"))
    number = is_true(rows.number("value").is_valid())
    unit, unknown = unit_column(rows.text("unit"))
    rows.quarantine(unknown & number, "unknown_unit", code=code)
    code, unit = joined("LOINC", rows.text("loinc")), unit_column(rows.text("unit"))[0]
    number = is_true(rows.number("value").is_valid())
    rows.quarantine(number & _lost_unit(code, unit), "no_unit", code=code)


def _lost_unit(code: Column, unit: Column) -> Mask:
    """Return where a unit is missing although other rows of the code carry one."""
    missing = is_true(unit.is_null())
    carrying = pc.unique(code.filter(pa.array(~missing)))
    return missing & is_true(pc.is_in(code, value_set=carrying))


def _measurements(rows: Rows, *, keys: Pseudonyms, keep: Mask | None, **times: Any) -> pa.Table:  # noqa: ANN401 - columns
    value = rows.number("value")
    text = pc.if_else(value.is_null(), rows.text("value"), None)
    return rows.events(
        keep=keep,
        **_whose(rows, keys),
        **times,
        code=joined("LOINC", rows.text("loinc")),
        numeric_value=value,
        # A censored value such as '<0.01' stays text: it is neither a number nor nothing.
        text_value=text,
        unit=unit_column(rows.text("unit"))[0],
        site=rows.text("site"),
    )


def _need(rows: Rows, *, time: str, code: str) -> None:
    rows.quarantine(is_true(rows.instant(time).is_null()), "no_time")
    rows.quarantine(rows.missing(code), "no_code")


def _whose(rows: Rows, keys: Pseudonyms) -> dict[str, Column]:
    return {
        "subject_id": keys.subject(rows.text("patient_id")),
        "encounter_id": keys.encounter(rows.text("encounter_id")),
    }


def _plain_code(column: Column) -> Column:
    return pc.replace_substring(pc.utf8_upper(column), ".", "")


def _recorded(rows: Rows) -> Availability:
    return Availability(table=rows.name, rule="recorded", assumed=False, rows=rows.left)
