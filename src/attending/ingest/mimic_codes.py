"""MIMIC-IV's codes: diagnoses, procedures and DRGs are coded after discharge, never before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from attending.ingest.cells import Column, end_of_day, is_true, joined, looked_up
from attending.ingest.mimic_rows import Stays, coded_after, declared

if TYPE_CHECKING:
    from attending.ingest.batch import Batch
    from attending.ingest.rows import Rows

_DIAGNOSES: dict[str, str | None] = {"9": "ICD9CM", "10": "ICD10CM"}
_PROCEDURES: dict[str, str | None] = {"9": "ICD9PROC", "10": "ICD10PCS"}
_AFTER_DISCHARGE = "encounter_end+3d"


def diagnoses_icd(rows: Rows, *, stays: Stays) -> Batch:
    """Return diagnoses: at discharge, known three days later; the number is their rank."""
    _need_end(rows, stays)
    events = rows.events(
        **stays.whose(rows),
        time=stays.end(rows),
        known_at=coded_after(stays.end(rows)),
        code=_icd(rows, _DIAGNOSES),
        numeric_value=rows.number("seq_num"),
    )
    return rows.batch([events], declared(rows, _AFTER_DISCHARGE))


def procedures_icd(rows: Rows, *, stays: Stays) -> Batch:
    """Return procedures: done on a date, coded three days after discharge."""
    _need_end(rows, stays)
    rows.quarantine(is_true(rows.instant("chartdate").is_null()), "no_time")
    events = rows.events(
        **stays.whose(rows),
        time=rows.instant("chartdate"),
        known_at=coded_after(stays.end(rows)),
        code=_icd(rows, _PROCEDURES),
        numeric_value=rows.number("seq_num"),
    )
    return rows.batch([events], declared(rows, _AFTER_DISCHARGE))


def drgcodes(rows: Rows, *, stays: Stays) -> Batch:
    """Return diagnosis-related groups: at discharge, known three days later."""
    _need_end(rows, stays)
    events = rows.events(
        **stays.whose(rows),
        time=stays.end(rows),
        known_at=coded_after(stays.end(rows)),
        code=joined("DRG", rows.text("drg_type"), rows.text("drg_code")),
        text_value=rows.text("description"),
    )
    return rows.batch([events], declared(rows, _AFTER_DISCHARGE))


def hcpcsevents(rows: Rows, *, stays: Stays) -> Batch:
    """Return HCPCS codes: a date only, so known by the end of that day."""
    rows.quarantine(is_true(rows.instant("chartdate").is_null()), "no_time")
    events = rows.events(
        **stays.whose(rows),
        time=rows.instant("chartdate"),
        known_at=end_of_day(rows.instant("chartdate")),
        code=joined("HCPCS", rows.text("hcpcs_cd")),
        text_value=rows.text("short_description"),
    )
    return rows.batch([events], declared(rows, "end_of_day"))


def _need_end(rows: Rows, stays: Stays) -> None:
    rows.quarantine(is_true(stays.end(rows).is_null()), "no_time")


def _icd(rows: Rows, vocabularies: dict[str, str | None]) -> Column:
    plain = pc.replace_substring(pc.utf8_upper(rows.text("icd_code")), ".", "")
    return joined(looked_up(rows.text("icd_version"), vocabularies), plain)
