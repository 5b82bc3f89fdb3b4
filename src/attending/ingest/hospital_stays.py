"""Who was in a hospital, when, and what was ordered: patients, stays and medications."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import (
    INSTANT,
    Column,
    instants,
    is_true,
    joined,
    later,
    looked_up,
)
from attending.ingest.places import CLASSES, DIED, IN_HOSPITAL, disposition
from attending.records.events import ADMISSION, BIRTH, DEATH, DISCHARGE
from attending.records.snapshot import Availability

if TYPE_CHECKING:
    from attending.ingest.batch import Batch
    from attending.ingest.pseudonyms import Pseudonyms
    from attending.ingest.rows import Rows
    from attending.types import Mask

_SEXES: dict[str, str | None] = {"FEMALE": "F", "MALE": "M", "F": "F", "M": "M"}
_STATIC = {"RACE": "race_ethnicity", "LANGUAGE": "language", "INSURANCE": "insurance"}


def patients(rows: Rows, *, stays: Rows, keys: Pseudonyms) -> Batch:
    """Return births, static facts and deaths; static facts are known from the first admission."""
    rows.quarantine(is_true(rows.instant("birth_date").is_null()), "no_time")
    birth = rows.instant("birth_date")
    known = pc.coalesce(_first_admission(rows, stays), birth)
    subject = keys.subject(rows.text("patient_id"))
    sex = pc.utf8_upper(rows.text("sex"))
    static = {"GENDER": pc.coalesce(looked_up(sex, _SEXES), sex)}
    static |= {word: pc.utf8_upper(rows.text(column)) for word, column in _STATIC.items()}
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
    drafts.append(_deaths(rows, stays=stays, keys=keys))
    return rows.batch(drafts, [_recorded(rows)])


def encounters(rows: Rows, *, keys: Pseudonyms) -> Batch:
    """Return admissions with their type and unit, and discharges with where the patient went."""
    rows.quarantine(is_true(rows.instant("admitted_at").is_null()), "no_time")
    classes = pc.is_in(pc.utf8_upper(rows.text("class")), value_set=pa.array(CLASSES))
    rows.quarantine(~is_true(classes), "unknown_class")
    place = pc.utf8_upper(rows.text("class"))
    whose = {
        "subject_id": keys.subject(rows.text("patient_id")),
        "encounter_id": keys.encounter(rows.text("encounter_id")),
        "site": rows.text("site"),
    }
    admitted = whose | {
        "time": rows.instant("admitted_at"),
        "known_at": rows.instant("admitted_recorded_at"),
    }
    left = rows.instant("discharged_at")
    parts = {
        "ADMISSION_TYPE": pc.utf8_upper(rows.text("admission_type")),
        "TRANSFER_TO": rows.text("unit"),
    }
    drafts = [rows.events(**admitted, code=joined(ADMISSION.removesuffix("//"), place))]
    drafts.extend(
        rows.events(keep=is_true(value.is_valid()), **admitted, code=joined(word, value))
        for word, value in parts.items()
    )
    drafts.append(
        rows.events(
            keep=is_true(left.is_valid()),
            **whose,
            time=left,
            known_at=rows.instant("discharged_recorded_at"),
            code=joined(DISCHARGE.removesuffix("//"), place),
            text_value=_dispositions(rows.text("disposition")),
        )
    )
    return rows.batch(drafts, [_recorded(rows)])


def medications(rows: Rows, *, keys: Pseudonyms, until: str | None = None) -> Batch:
    """Return medication starts (the order's time when never started) and stops.

    A start or a stop is known only when it comes: the order's plan is the future, and what lies
    past `until`, the end of the extract, has not come.
    """
    started = pc.coalesce(rows.instant("started_at"), rows.instant("ordered_at"))
    rows.quarantine(is_true(started.is_null()), "no_time")
    rows.quarantine(rows.missing("name"), "no_code")
    started = pc.coalesce(rows.instant("started_at"), rows.instant("ordered_at"))
    stopped = rows.instant("stopped_at")
    whose = {
        "subject_id": keys.subject(rows.text("patient_id")),
        "encounter_id": keys.encounter(rows.text("encounter_id")),
    }
    drafts = [
        rows.events(
            keep=_came(started, until),
            **whose,
            time=started,
            known_at=later(rows.instant("ordered_at"), started),
            code=joined("MEDICATION", rows.text("name")),
        ),
        rows.events(
            keep=_came(stopped, until),
            **whose,
            time=stopped,
            known_at=stopped,
            code=joined("MEDICATION_STOP", rows.text("name")),
        ),
    ]
    return rows.batch(drafts, [_recorded(rows)])


def _came(time: Column, until: str | None) -> Mask:
    if until is None:
        return is_true(time.is_valid())
    end = instants(pa.chunked_array([[until]]))[0]
    return is_true(pc.less_equal(time, end))


def _deaths(rows: Rows, *, stays: Rows, keys: Pseudonyms) -> pa.Table:
    died = rows.instant("death_time")
    by_stay = pc.equal(pc.utf8_upper(stays.text("disposition")), DIED)
    dead = stays.text("patient_id").filter(by_stay)
    stay = stays.text("encounter_id").filter(by_stay)
    place = pc.index_in(rows.text("patient_id"), value_set=pa.array(dead.to_pylist(), pa.string()))
    inside = place.is_valid()
    return rows.events(
        keep=is_true(died.is_valid()),
        subject_id=keys.subject(rows.text("patient_id")),
        encounter_id=keys.encounter(stay.take(place)),
        time=died,
        known_at=rows.instant("death_recorded_at"),
        code=DEATH,
        text_value=pc.if_else(inside, IN_HOSPITAL, None),
    )


def _first_admission(rows: Rows, stays: Rows) -> Column:
    times = pa.table(
        {"id": stays.text("patient_id"), "at": stays.instant("admitted_at").cast(pa.int64())}
    )
    firsts = times.group_by("id").aggregate([("at", "min")])
    place = pc.index_in(rows.text("patient_id"), value_set=firsts["id"].combine_chunks())
    return firsts["at_min"].take(place).cast(INSTANT)


def _dispositions(column: Column) -> Column:
    words = pc.unique(column).drop_null().to_pylist()
    return looked_up(column, {word: disposition(word) for word in words})


def _recorded(rows: Rows) -> Availability:
    return Availability(table=rows.name, rule="recorded", assumed=False, rows=rows.left)
