"""Read PhysioNet/CinC Challenge 2012 set-a: 48 hours of 4,000 ICU stays, and their outcomes.

The set has no calendar: times count from admission and stand as if every admission were at
2000-01-01. Nothing says when a value was stored, so a value counts as known when it was taken.
Outcomes are known after the 48 hours, never inside them.

The stays come as they are published, a file of text for each, or all in one Parquet file.

References:
    Silva et al., Computing in Cardiology 2012;39:245.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.digests import digest_file
from attending.ingest.batch import Batch, Origin
from attending.ingest.cells import INSTANT, Column, is_true, joined, looked_up
from attending.ingest.files import require
from attending.ingest.parquet_blocks import parquet_blocks, told_of_parquet
from attending.ingest.physionet_text import SCHEMA, stay_files, stays
from attending.ingest.places import DIED, IN_HOSPITAL
from attending.ingest.rows import Rows
from attending.ingest.tables import read_text_table
from attending.records.events import ADMISSION, BIRTH, DEATH, DISCHARGE
from attending.records.snapshot import Availability, SourceFile
from attending.times import DAY, HOUR, SECOND, parse_instant, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from attending.ingest.pseudonyms import Pseudonyms
    from attending.types import Floats, Ints, Mask

SYSTEM = "physionet-2012"
_SET = "PhysioNet 2012 set-a"
EVENTS_FILE = "events.parquet"
OUTCOMES_FILE = "Outcomes-a.txt"
START = to_micros(parse_instant("2000-01-01T00:00:00Z"))
_YEAR = 365 * DAY + 6 * HOUR
_SITE = "MIMIC-II"
_OUTCOMES = ("RecordID", "SAPS-I", "SOFA", "Length_of_stay", "Survival", "In-hospital_death")
#: Units of the challenge's variables page; what is not here has none.
_UNITS: dict[str, str | None] = {
    "Age": "a", "Height": "cm", "Weight": "kg", "Albumin": "g/dL", "ALP": "[IU]/L",
    "ALT": "[IU]/L", "AST": "[IU]/L", "Bilirubin": "mg/dL", "BUN": "mg/dL",
    "Cholesterol": "mg/dL", "Creatinine": "mg/dL", "DiasABP": "mm[Hg]", "FiO2": "1",
    "GCS": "{score}", "Glucose": "mg/dL", "HCO3": "mmol/L", "HCT": "%", "HR": "/min",
    "K": "meq/L", "Lactate": "mmol/L", "MAP": "mm[Hg]", "Mg": "mmol/L", "Na": "meq/L",
    "NIDiasABP": "mm[Hg]", "NIMAP": "mm[Hg]", "NISysABP": "mm[Hg]", "PaCO2": "mm[Hg]",
    "PaO2": "mm[Hg]", "Platelets": "10*3/uL", "RespRate": "/min", "SaO2": "%",
    "SysABP": "mm[Hg]", "Temp": "Cel", "TroponinI": "ug/L", "TroponinT": "ug/L",
    "Urine": "mL", "WBC": "10*3/uL",
}  # fmt: skip


def describe(folder: Path) -> Origin:
    """Return what the set is.

    Raises:
        NotFound: a file is missing.
    """
    outcomes = require(folder, OUTCOMES_FILE, of=_SET)
    stays = [_packed(folder)] if _is_packed(folder) else stay_files(folder, packed=EVENTS_FILE)
    files = [
        SourceFile(name=str(path.relative_to(folder)), digest=digest_file(path))
        for path in (*stays, outcomes)
    ]
    return Origin(system=SYSTEM, version="set-a", time_zone="relative", files=tuple(files))


def read(folder: Path, *, keys: Pseudonyms) -> Iterator[Batch]:
    """Iterate over the two tables: what was measured, then outcomes.

    Raises:
        BadInput: a column is missing.
        Truncated: a file is cut short.
    """
    path = require(folder, OUTCOMES_FILE, of=_SET)
    outcomes, odd_lines = read_text_table(path, _OUTCOMES, name=OUTCOMES_FILE)
    if _is_packed(folder):
        measured, odd = _measured(folder), 0
    else:
        measured, odd = stays(folder, packed=EVENTS_FILE)
    yield _measurements(Rows(SYSTEM, "events", measured, odd_lines=odd), keys=keys)
    yield _outcomes(Rows(SYSTEM, "outcomes", outcomes, odd_lines=odd_lines), keys=keys)


def _is_packed(folder: Path) -> bool:
    path = folder / EVENTS_FILE
    return path.exists() or path.is_symlink()


def _packed(folder: Path) -> Path:
    return require(folder, EVENTS_FILE, of=_SET)


def _measured(folder: Path) -> pa.Table:
    with told_of_parquet(EVENTS_FILE):
        found = list(parquet_blocks(_packed(folder), SCHEMA.names, where=EVENTS_FILE))
        parts = [table.cast(SCHEMA) for table in found]
    return pa.concat_tables([SCHEMA.empty_table(), *parts]).combine_chunks()


def _measurements(rows: Rows, *, keys: Pseudonyms) -> Batch:
    rows.drop_repeated()
    rows.reject(is_true(pc.equal(rows.text("Value"), -1.0)), "missing_value")
    rows.quarantine(rows.missing("Parameter"), "no_code")
    rows.quarantine(rows.missing("Value"), "not_a_number")
    rows.quarantine(is_true(_from_admission(rows.text("Time")).is_null()), "no_time")
    subject = keys.subject(rows.text("RecordID"))
    whose = {
        "subject_id": subject,
        "encounter_id": keys.encounter(rows.text("RecordID")),
        "site": _SITE,
    }
    first = whose | {"time": _at(START), "known_at": _at(START)}
    word, value = rows.text("Parameter"), rows.text("Value")
    number = np.asarray(value, dtype=np.float64)
    static = {"subject_id": subject, "known_at": _at(START), "site": _SITE}
    sex = pc.if_else(pc.equal(value, 1.0), "M", "F")
    record, age = _is(word, "RecordID"), _is(word, "Age")
    descriptors = record | _is(word, "Gender") | _is(word, "ICUType")
    birth = pa.array(START - np.round(np.where(age, number, 0) * _YEAR).astype(np.int64))
    unit_type = pc.cast(value, pa.int64(), safe=False).cast(pa.string())
    at = _from_admission(rows.text("Time"))
    drafts = [
        rows.events(keep=record, **first, code=f"{ADMISSION}ICU"),
        rows.events(keep=_is(word, "Gender"), **static, code=joined("GENDER", sex)),
        rows.events(keep=_is(word, "ICUType"), **static, code=joined("ICU_TYPE", unit_type)),
        rows.events(keep=age, **static, code=BIRTH, time=birth.cast(INSTANT)),
        rows.events(
            keep=~descriptors,
            **whose,
            time=at,
            known_at=at,
            code=joined("PHYSIONET2012", word),
            numeric_value=value,
            unit=looked_up(word, _UNITS),
        ),
    ]
    return rows.batch(drafts, [_same(rows)])


def _outcomes(rows: Rows, *, keys: Pseudonyms) -> Batch:
    rows.drop_repeated(["RecordID"])
    days, survival = _number(rows, "Length_of_stay"), _number(rows, "Survival")
    died = _number(rows, "In-hospital_death") == 1
    left = _after_two_days(days)
    death = _after_two_days(np.where(survival >= 0, survival, days))
    whose = {
        "subject_id": keys.subject(rows.text("RecordID")),
        "encounter_id": keys.encounter(rows.text("RecordID")),
        "site": _SITE,
    }
    end = whose | {"time": left, "known_at": left}
    day_one = whose | {"time": _at(START + DAY), "known_at": _at(START + DAY)}
    drafts = [
        rows.events(
            **end, code="PHYSIONET2012//IN_HOSPITAL_DEATH", numeric_value=pa.array(died * 1.0)
        ),
        rows.events(**end, code=f"{DISCHARGE}ICU", text_value=_where(died, DIED)),
        rows.events(
            keep=died | (survival >= 0),
            **whose,
            time=death,
            known_at=death,
            code=DEATH,
            text_value=_where(died, IN_HOSPITAL),
        ),
    ]
    for score in ("SAPS-I", "SOFA"):
        points = _number(rows, score)
        drafts.append(
            rows.events(
                keep=points >= 0,
                **day_one,
                code=f"PHYSIONET2012//{score}",
                numeric_value=pa.array(points),
                unit="{score}",
            )
        )
    return rows.batch(drafts, [_same(rows)])


def _from_admission(column: Column) -> Column:
    """Return `hh:mm` from admission as an instant, null where it is none or past 48 hours."""
    spelled = pc.unique(column).drop_null()
    times = [_clock(text) for text in spelled.to_pylist()]
    made = pa.chunked_array([pa.array(times, type=pa.int64())])
    return made.take(pc.index_in(column, value_set=spelled)).cast(INSTANT)


def _clock(text: str) -> int | None:
    hours, _, minutes = text.partition(":")
    if not (hours.isdigit() and minutes.isdigit()):
        return None
    length = int(hours) * HOUR + int(minutes) * (HOUR // 60)
    return START + length if length <= 2 * DAY else None


def _after_two_days(days: Floats) -> Column:
    """Return the end of a length in whole days, always later than the 48 hours that are seen."""
    least = START + 2 * DAY + SECOND
    ends: Ints = np.maximum(START + np.maximum(days, 0).astype(np.int64) * DAY, least)
    return pa.array(ends).cast(INSTANT)


def _number(rows: Rows, column: str) -> Floats:
    return np.nan_to_num(np.asarray(rows.number(column), dtype=np.float64), nan=-1.0)


def _where(mask: Mask, word: str) -> pa.Array:
    return pc.if_else(pa.array(mask), word, pa.scalar(None, pa.string()))


def _is(column: Column, word: str) -> Mask:
    return is_true(pc.equal(column, word))


def _at(micros: int) -> pa.Scalar:
    return pa.scalar(micros).cast(INSTANT)


def _same(rows: Rows) -> Availability:
    return Availability(table=rows.name, rule="same", assumed=True, rows=rows.left)
