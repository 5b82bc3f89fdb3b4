"""MIMIC-IV's patients, admissions, transfers, services and ICU stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import (
    INSTANT,
    NO_TIME,
    Column,
    end_of_day,
    is_true,
    joined,
    looked_up,
    micros,
)
from attending.ingest.mimic_rows import Stays, declared
from attending.ingest.places import DIED, IN_HOSPITAL, disposition
from attending.records.events import ADMISSION, BIRTH, DEATH, DISCHARGE

if TYPE_CHECKING:
    from attending.ingest.batch import Batch
    from attending.ingest.rows import Rows
    from attending.types import Ints, Mask

_STATIC = {"RACE": "race", "LANGUAGE": "language", "INSURANCE": "insurance"}


def patients(rows: Rows, *, admissions: Rows, stays: Stays) -> Batch:
    """Return births (1 January of the anchor's year), sex, year group, and deaths.

    A death in hospital has its time; one outside has a date only, so it counts from the end of
    that day. Ages over 89 are grouped by the source, so those births are not exact.
    """
    year = np.asarray(pc.subtract(rows.number("anchor_year"), rows.number("anchor_age")))
    rows.quarantine(np.isnan(year.astype(np.float64)), "no_time")
    birth = _new_year(rows)
    first = _first_seen(rows, admissions)
    known = pc.coalesce(first, birth)
    whose = stays.whose(rows)
    group = pc.replace_substring(rows.text("anchor_year_group"), " ", "")
    drafts = [
        rows.events(**whose, code=BIRTH, time=birth, known_at=known),
        rows.events(**whose, code=joined("GENDER", rows.text("gender")), known_at=known),
        rows.events(
            keep=is_true(group.is_valid()),
            **whose,
            code=joined("YEAR_GROUP", group),
            known_at=known,
        ),
        _deaths(rows, admissions=admissions, stays=stays),
    ]
    return rows.batch(drafts, declared(rows, "same"))


def admissions(rows: Rows, *, stays: Stays) -> Batch:
    """Return admissions, their type, discharges, time in the emergency room, and changed facts."""
    whose = stays.whose(rows)
    kind = pc.utf8_upper(rows.text("admission_type"))
    rows_class = pc.if_else(pc.match_substring(kind, "OBSERVATION"), "OBSERVATION", "INPATIENT")
    where = pc.if_else(
        pc.equal(rows.text("hospital_expire_flag"), "1"),
        DIED,
        _dispositions(rows.text("discharge_location")),
    )
    emergency = pa.repeat(pa.scalar("ED"), rows.left)
    moments = {
        "admittime": (joined(_word(ADMISSION), rows_class), None),
        "dischtime": (joined(_word(DISCHARGE), rows_class), where),
        "edregtime": (joined(_word(ADMISSION), emergency), None),
        "edouttime": (joined(_word(DISCHARGE), emergency), None),
    }
    drafts = [
        rows.events(
            keep=is_true(rows.instant(column).is_valid()),
            **whose,
            **_at(rows.instant(column)),
            code=code,
            text_value=text,
        )
        for column, (code, text) in moments.items()
    ]
    admitted = _at(rows.instant("admittime"))
    drafts.append(rows.events(**whose, **admitted, code=joined("ADMISSION_TYPE", kind)))
    for word, column in _STATIC.items():
        value = pc.utf8_upper(rows.text(column))
        drafts.append(
            rows.events(
                keep=_changed(rows, value),
                subject_id=whose["subject_id"],
                site=whose["site"],
                code=joined(word, value),
                known_at=admitted["known_at"],
            )
        )
    return rows.batch(drafts, declared(rows, "same"))


def transfers(rows: Rows, *, stays: Stays) -> Batch:
    """Return moves between units."""
    rows.quarantine(is_true(rows.instant("intime").is_null()), "no_time")
    unit = pc.coalesce(rows.text("careunit"), pc.utf8_upper(rows.text("eventtype")))
    events = rows.events(
        **stays.whose(rows), **_at(rows.instant("intime")), code=joined("TRANSFER_TO", unit)
    )
    return rows.batch([events], declared(rows, "same"))


def services(rows: Rows, *, stays: Stays) -> Batch:
    """Return changes of the service in charge."""
    rows.quarantine(is_true(rows.instant("transfertime").is_null()), "no_time")
    code = joined("SERVICE", rows.text("curr_service"))
    events = rows.events(**stays.whose(rows), **_at(rows.instant("transfertime")), code=code)
    return rows.batch([events], declared(rows, "same"))


def icustays(rows: Rows, *, stays: Stays) -> Batch:
    """Return ICU admissions and discharges, as part of the hospital stay."""
    rows.quarantine(is_true(rows.instant("intime").is_null()), "no_time")
    whose = stays.whose(rows)
    left = rows.instant("outtime")
    drafts = [
        rows.events(
            **whose,
            **_at(rows.instant("intime")),
            code=f"{ADMISSION}ICU",
            text_value=rows.text("first_careunit"),
        ),
        rows.events(keep=is_true(left.is_valid()), **whose, **_at(left), code=f"{DISCHARGE}ICU"),
    ]
    return rows.batch(drafts, declared(rows, "same"))


def _word(prefix: str) -> str:
    return prefix.removesuffix("//")


def _at(time: Column) -> dict[str, Any]:
    return {"time": time, "known_at": time}


def _dispositions(column: Column) -> Column:
    words = pc.unique(column).drop_null().to_pylist()
    return looked_up(column, {word: disposition(word) for word in words})


def _new_year(rows: Rows) -> Column:
    year = pc.subtract(rows.number("anchor_year"), rows.number("anchor_age"))
    counted = pa.array(np.asarray(year).astype(np.int64) - 1970)
    days = np.asarray(counted).astype("datetime64[Y]").astype("datetime64[us]")
    return pa.chunked_array([pa.array(days)])


def _first_seen(rows: Rows, admissions: Rows) -> Column:
    """Return each patient's first arrival, at the emergency room or on a ward."""
    seen = pc.min_element_wise(
        admissions.instant("admittime"), admissions.instant("edregtime"), skip_nulls=True
    )
    return _by_patient(rows, admissions, seen, pick="min")


def _by_patient(rows: Rows, admissions: Rows, value: Column, *, pick: str) -> Column:
    table = pa.table({"id": admissions.text("subject_id"), "at": value.cast(pa.int64())})
    grouped = table.group_by("id").aggregate([("at", pick)])
    place = pc.index_in(rows.text("subject_id"), value_set=grouped["id"].combine_chunks())
    return grouped[f"at_{pick}"].take(place).cast(INSTANT)


def _deaths(rows: Rows, *, admissions: Rows, stays: Stays) -> pa.Table:
    inside = _by_patient(rows, admissions, admissions.instant("deathtime"), pick="min")
    outside = end_of_day(rows.instant("dod"))
    time = pc.coalesce(inside, outside)
    died = admissions.text("subject_id").filter(admissions.instant("deathtime").is_valid())
    stay = admissions.text("hadm_id").filter(admissions.instant("deathtime").is_valid())
    place = pc.index_in(rows.text("subject_id"), value_set=pa.array(died.to_pylist(), pa.string()))
    return rows.events(
        keep=is_true(time.is_valid()),
        **stays.whose(rows),
        encounter_id=stays.keys.encounter(stay.take(place)),
        **_at(time),
        code=DEATH,
        text_value=pc.if_else(inside.is_valid(), IN_HOSPITAL, None),
    )


def _changed(rows: Rows, value: Column) -> Mask:
    """Return the admissions at which a patient's fact is new or differs from the one before."""
    coded = value.combine_chunks().dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    fact: Ints = np.asarray(pc.fill_null(coded.indices, -1), dtype=np.int64)
    person: Ints = np.unique(np.asarray(rows.text("subject_id")), return_inverse=True)[1]
    blank = (fact < 0) | (np.asarray(value.to_numpy()) == "?")
    at = micros(rows.instant("admittime"))
    order = np.lexsort([at, person])
    order = order[~blank[order] & (at[order] != NO_TIME)]
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (np.diff(person[order]) != 0) | (np.diff(fact[order]) != 0)
    found = np.zeros(rows.left, dtype=np.bool_)
    found[order[fresh]] = True
    return found
