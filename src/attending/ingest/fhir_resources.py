"""Turn the picked cells of FHIR resources into events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import INSTANT, Column, is_true, joined, later, looked_up
from attending.ingest.places import disposition
from attending.ingest.spellings import unit_column
from attending.records.events import ADMISSION, BIRTH, DEATH, DISCHARGE, TEST_PATIENT
from attending.records.snapshot import Availability

if TYPE_CHECKING:
    from attending.ingest.batch import Batch
    from attending.ingest.pseudonyms import Pseudonyms
    from attending.ingest.rows import Rows
    from attending.types import Mask

_CLASSES: dict[str, str | None] = {
    "IMP": "INPATIENT", "ACUTE": "INPATIENT", "NONAC": "INPATIENT", "OBSENC": "OBSERVATION",
    "EMER": "ED", "AMB": "OUTPATIENT", "VR": "OUTPATIENT", "HH": "OUTPATIENT", "SS": "OUTPATIENT",
    "FLD": "OUTPATIENT", "PRENC": "OUTPATIENT",
}  # fmt: skip
_SEXES: dict[str, str | None] = {"female": "F", "male": "M", "other": "O", "unknown": "U"}
RETRACTED = "entered-in-error"
#: All eight codes of R4's observation-status, and what is done with each.
STATUSES = {
    "registered": "no_value_yet",
    "preliminary": "",
    "final": "",
    "amended": "",
    "corrected": "",
    "cancelled": "cancelled",
    RETRACTED: "",
    "unknown": "unknown_status",
}
_STAYS_NEVER = ("planned", "cancelled", RETRACTED)


def patients(rows: Rows, *, stays: Rows, keys: Pseudonyms) -> Batch:
    """Return births, static facts and deaths."""
    rows.quarantine(is_true(rows.instant("born").is_null()), "no_time")
    birth, died = rows.instant("born"), rows.instant("died")
    seen = later(died, rows.instant("updated"))
    known = pc.coalesce(_first_stay(rows, stays), birth)
    subject = keys.subject(rows.text("id"))
    static = {
        "GENDER": looked_up(rows.text("sex"), _SEXES),
        "RACE": pc.utf8_upper(rows.text("race")),
        "LANGUAGE": pc.utf8_upper(rows.text("language")),
    }
    drafts = [rows.events(subject_id=subject, code=BIRTH, time=birth, known_at=known)]
    drafts.extend(
        rows.events(
            keep=is_true(value.is_valid()),
            subject_id=subject,
            code=joined(word, value),
            known_at=known,
        )
        for word, value in static.items()
    )
    drafts.append(
        rows.events(
            keep=is_true(rows.text("test").is_valid()),
            subject_id=subject,
            code=TEST_PATIENT,
            known_at=known,
        )
    )
    drafts.append(
        rows.events(
            keep=is_true(died.is_valid()), subject_id=subject, code=DEATH, time=died, known_at=seen
        )
    )
    return rows.batch(drafts, [_rule(rows, "same", assumed=True)])


def encounters(rows: Rows, *, keys: Pseudonyms) -> Batch:
    """Return admissions, their type and discharges; planned and cancelled stays say nothing.

    An admission counts as known when it happened; a discharge not before the server says so.
    """
    never = pc.is_in(rows.text("status"), value_set=pa.array(_STAYS_NEVER))
    rows.reject(is_true(never), "no_stay")
    rows.quarantine(is_true(rows.instant("start").is_null()), "no_time")
    unknown = looked_up(rows.text("class"), _CLASSES).is_null()
    rows.quarantine(is_true(unknown), "unknown_class")
    place = looked_up(rows.text("class"), _CLASSES)
    start, end = rows.instant("start"), rows.instant("end")
    whose = {
        "subject_id": keys.subject(rows.text("patient")),
        "encounter_id": keys.encounter(rows.text("id")),
        "site": rows.text("site"),
    }
    parts = {"ADMISSION_TYPE": pc.utf8_upper(rows.text("kind")), "TRANSFER_TO": rows.text("unit")}
    admitted = whose | {"time": start, "known_at": start}
    drafts = [rows.events(**admitted, code=joined(ADMISSION.removesuffix("//"), place))]
    drafts.extend(
        rows.events(keep=is_true(value.is_valid()), **admitted, code=joined(word, value))
        for word, value in parts.items()
    )
    drafts.append(
        rows.events(
            keep=is_true(end.is_valid()),
            **whose,
            time=end,
            known_at=later(end, rows.instant("updated")),
            code=joined(DISCHARGE.removesuffix("//"), place),
            text_value=_dispositions(rows.text("disposition")),
        )
    )
    return rows.batch(drafts, [_rule(rows, "same", assumed=True)])


def observations(rows: Rows, *, keys: Pseudonyms) -> Batch:
    """Return measurements, one event a part; known when issued.

    One entered in error is withdrawn from when the server last touched it; without that time it
    is quarantined, as nobody could say until when it was shown.
    """
    _sort_out(rows)
    rows.quarantine(is_true(rows.instant("time").is_null()), "no_time")
    rows.quarantine(rows.missing("code0"), "no_code")
    parts = [place for place in range(len(STATUSES) * 4) if rows.has(f"code{place}")]
    for place in parts:
        unknown = unit_column(rows.text(f"unit{place}"))[1]
        number = is_true(rows.number(f"number{place}").is_valid())
        rows.quarantine(unknown & number, "unknown_unit", code=rows.text(f"code{place}"))
        told = is_true(rows.text(f"number{place}").is_valid())
        lost = told & ~is_true(rows.number(f"number{place}").is_valid())
        rows.quarantine(lost, "not_a_number", code=rows.text(f"code{place}"))
    whose = _whose(rows, keys) | {
        "time": rows.instant("time"),
        "known_at": rows.instant("known"),
        "site": rows.text("site"),
        "superseded_at": _withdrawn(rows),
    }
    drafts = [
        rows.events(
            keep=~rows.missing(f"code{place}"),
            **whose,
            code=rows.text(f"code{place}"),
            numeric_value=rows.number(f"number{place}"),
            text_value=rows.text(f"text{place}"),
            unit=unit_column(rows.text(f"unit{place}"))[0],
        )
        for place in parts
    ]
    return rows.batch(drafts, [_rule(rows, "recorded", assumed=False)])


def conditions(rows: Rows, *, keys: Pseudonyms) -> Batch:
    """Return diagnoses: since their onset, known from when they were recorded."""
    mistaken = pc.is_in(rows.text("status"), value_set=pa.array([RETRACTED, "refuted"]))
    rows.reject(is_true(mistaken), "refuted")
    rows.quarantine(is_true(rows.instant("time").is_null()), "no_time")
    rows.quarantine(rows.missing("code"), "no_code")
    events = rows.events(
        **_whose(rows, keys),
        time=rows.instant("time"),
        known_at=rows.instant("known"),
        code=rows.text("code"),
    )
    return rows.batch([events], [_rule(rows, "recorded", assumed=False)])


def _sort_out(rows: Rows) -> None:
    status = rows.text("status")
    spelled = pc.is_in(status, value_set=pa.array(list(STATUSES)))
    rows.quarantine(~is_true(spelled), "unknown_status")
    for word, reason in STATUSES.items():
        here = is_true(pc.equal(rows.text("status"), word))
        if reason == "unknown_status":
            rows.quarantine(here, reason)
        elif reason:
            rows.reject(here, reason)
    rows.quarantine(_retracted(rows) & rows.missing("updated"), "withdrawn_at_unknown_time")


def _retracted(rows: Rows) -> Mask:
    return is_true(pc.equal(rows.text("status"), RETRACTED))


def _withdrawn(rows: Rows) -> Column:
    ended = later(rows.instant("updated"), rows.instant("known"))
    never = pa.scalar(None, INSTANT)
    return pc.if_else(pa.array(_retracted(rows)), ended, never)


def _whose(rows: Rows, keys: Pseudonyms) -> dict[str, Any]:
    return {
        "subject_id": keys.subject(rows.text("patient")),
        "encounter_id": keys.encounter(rows.text("encounter")),
    }


def _first_stay(rows: Rows, stays: Rows) -> Column:
    times = pa.table({"id": stays.text("patient"), "at": stays.instant("start").cast(pa.int64())})
    firsts = times.group_by("id").aggregate([("at", "min")])
    place = pc.index_in(rows.text("id"), value_set=firsts["id"].combine_chunks())
    return firsts["at_min"].take(place).cast(INSTANT)


def _dispositions(column: Column) -> Column:
    words = pc.unique(column).drop_null().to_pylist()
    return looked_up(column, {word: disposition(word) for word in words})


def _rule(rows: Rows, rule: str, *, assumed: bool) -> Availability:
    return Availability(table=rows.name, rule=rule, assumed=assumed, rows=rows.left)
