"""Faults in values, units, codes and clocks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.hospital.sheets import equals, middle, moved, rewritten, since, some

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.hospital.sheets import Sheets
    from attending.types import Mask

#: LOINC of creatinine, glucose, haemoglobin and sodium, and mg/dL to SI.
CREATININE, GLUCOSE, HAEMOGLOBIN, SODIUM = "2160-0", "2345-7", "718-7", "2951-2"
_TO_SI = {CREATININE: 88.4, GLUCOSE: 1 / 18.016}
_LABS, _VITALS = "labs.csv", "vitals.csv"
#: The local code that an upgrade gives to haemoglobin.
NEW_CODE = "20570-8"
EPOCHS = (
    "1970-01-01T00:00:00Z", "1900-01-01T00:00:00Z", "1800-01-01T00:00:00Z",
    "2299-12-31T00:00:00Z", "05-01-23T13:00:00Z", "31/12/2023 13:00", "1672923600000",
)  # fmt: skip
SENTINELS = ("-1", "999", "9999", "NULL", "1,5", "n/a", "\u22121.5")


def _changed(sheets: Sheets, file: str, column: str, *, where: Mask, to: object) -> int:
    sheets[file] = rewritten(sheets[file], column, where=where, to=to)  # type: ignore[arg-type]  # a word or a function
    return int(where.sum())


def _units(sheets: Sheets, *, where: Callable[[pa.Table], Mask]) -> int:
    """Give values in SI with the unit's name left as it was."""
    touched = 0
    for code, factor in _TO_SI.items():
        labs = sheets[_LABS]
        hit = equals(labs, "loinc", code) & where(labs)

        def convert(cell: str, factor: float = factor) -> str:
            return cell if cell.startswith("<") else f"{float(cell) * factor:.3f}"

        touched += _changed(sheets, _LABS, "value", where=hit, to=convert)
    return touched


def _late(labs: pa.Table) -> Mask:
    return since(labs, "resulted_at", middle(labs, "resulted_at"))


def _at_city(labs: pa.Table) -> Mask:
    return equals(labs, "site", "CITY")


def _unit_text(sheets: Sheets, *, to: str | None) -> int:
    labs = sheets[_LABS]
    hit = some(equals(labs, "loinc", CREATININE), one_in=20)
    return _changed(sheets, _LABS, "unit", where=hit, to=to)


def _remap(sheets: Sheets) -> int:
    labs = sheets[_LABS]
    return _changed(
        sheets, _LABS, "loinc", where=equals(labs, "loinc", HAEMOGLOBIN) & _late(labs), to=NEW_CODE
    )


def _decimals(sheets: Sheets) -> int:
    codes = sheets["diagnoses.csv"]
    hit = some(np.ones(codes.num_rows, np.bool_), one_in=10)
    return _changed(sheets, "diagnoses.csv", "icd10cm", where=hit, to=lambda cell: cell[:3])


def _dead_feed(sheets: Sheets) -> int:
    labs = sheets[_LABS]
    gone = equals(labs, "loinc", SODIUM) & _late(labs)
    sheets[_LABS] = labs.filter(pa.array(~gone))
    return int(gone.sum())


def _assay(sheets: Sheets) -> int:
    labs = sheets[_LABS]
    hit = equals(labs, "loinc", CREATININE) & _late(labs)
    return _changed(sheets, _LABS, "value", where=hit, to=lambda cell: _scaled(cell, 1.08))


def _scaled(cell: str, factor: float) -> str:
    return cell if cell.startswith("<") else f"{float(cell) * factor:.3f}"


def _censored(sheets: Sheets) -> int:
    labs = sheets[_LABS]
    hit = some(equals(labs, "loinc", CREATININE), one_in=50)
    return _changed(sheets, _LABS, "value", where=hit, to="<0.01")


def _dst_hour(sheets: Sheets) -> int:
    """Write the repeated hour of autumn as local time without an offset."""
    vitals = sheets[_VITALS]
    hit = some(np.ones(vitals.num_rows, np.bool_), one_in=500)
    return _changed(sheets, _VITALS, "taken_at", where=hit, to="2023-11-05 01:10 local")


def _dst_gap(sheets: Sheets) -> int:
    vitals = sheets[_VITALS]
    hit = some(np.ones(vitals.num_rows, np.bool_), one_in=500)
    return _changed(
        sheets, _VITALS, "taken_at", where=hit, to="2023-03-12T02:30:00 America/New_York"
    )


def _wrong_zone(sheets: Sheets) -> int:
    """Let one site send its local time as UTC, five hours off, on both clocks."""
    touched = 0
    for column in ("collected_at", "resulted_at"):
        labs = sheets[_LABS]
        touched = _changed(
            sheets, _LABS, column, where=_at_city(labs), to=partial(moved, hours=-5.0)
        )
    return touched


def _impossible(sheets: Sheets) -> int:
    labs = sheets[_LABS]
    cells = labs["collected_at"].to_pylist()
    for number, text in enumerate(EPOCHS):
        cells[100 * number] = text
    at = labs.schema.get_field_index("collected_at")
    sheets[_LABS] = labs.set_column(at, "collected_at", pa.array(cells, pa.string()))
    return len(EPOCHS)


def _sentinels(sheets: Sheets) -> int:
    touched = 0
    for number, text in enumerate(SENTINELS):
        whole = equals(sheets[_LABS], "loinc", SODIUM)
        hit = np.zeros(len(whole), np.bool_)
        hit[np.flatnonzero(whole)[number::350]] = True
        touched += _changed(sheets, _LABS, "value", where=hit, to=text)
    return touched


def _thinned(sheets: Sheets) -> int:
    labs = sheets[_LABS]
    gone = equals(labs, "loinc", HAEMOGLOBIN) & _late(labs)
    gone &= ~some(gone, one_in=4)
    sheets[_LABS] = labs.filter(pa.array(~gone))
    return int(gone.sum())


def _backfill(sheets: Sheets) -> int:
    """Give every result of the first half the instant of drawing as the instant it was filed."""
    labs = sheets[_LABS]
    early = ~_late(labs)
    cells = labs["collected_at"].to_pylist()
    filed = labs["resulted_at"].to_pylist()
    both = [taken if old else known for taken, known, old in zip(cells, filed, early, strict=True)]
    at = labs.schema.get_field_index("resulted_at")
    sheets[_LABS] = labs.set_column(at, "resulted_at", pa.array(both, pa.string()))
    return int(early.sum())


def _late_arrival(sheets: Sheets) -> int:
    labs = sheets[_LABS]
    hit = some(np.ones(labs.num_rows, np.bool_), one_in=200)
    return _changed(sheets, _LABS, "resulted_at", where=hit, to=partial(moved, hours=72.0))


def _unfiled(sheets: Sheets) -> int:
    labs = sheets[_LABS]
    hit = some(np.ones(labs.num_rows, np.bool_), one_in=100)
    return _changed(sheets, _LABS, "resulted_at", where=hit, to=None)


FAULTS: tuple[tuple[str, str, str, Callable[[Sheets], int]], ...] = (
    ("D03", "unfiled", "one result in a hundred without the time it was filed", _unfiled),
    ("D03", "backfill", "earlier results filed at the instant they were drawn", _backfill),
    (
        "D06",
        "all",
        "SI values under the old unit's name from one day on",
        partial(_units, where=_late),
    ),
    (
        "D07",
        "site",
        "SI values under the old unit's name at one site",
        partial(_units, where=_at_city),
    ),
    ("D08", "no_unit", "one creatinine in twenty without a unit", partial(_unit_text, to=None)),
    (
        "D08",
        "unknown",
        "one creatinine in twenty in an unknown unit",
        partial(_unit_text, to="mEq?"),
    ),
    ("D08", "misspelt", "one creatinine in twenty in mg/dl", partial(_unit_text, to="mg/dl")),
    ("D09", "remap", "haemoglobin under another LOINC code from one day on", _remap),
    ("D10", "decimal", "diagnosis codes cut to three characters", _decimals),
    ("D11", "dead_code", "sodium ends on one day, all else goes on", _dead_feed),
    ("D13", "assay", "creatinine 8 % higher from one day on", _assay),
    ("D13", "censored", "one creatinine in fifty below the limit of detection", _censored),
    ("D14", "no_offset", "vital signs of the repeated hour, local time", _dst_hour),
    ("D15", "gap", "vital signs at half past two that did not exist", _dst_gap),
    ("D15", "zone", "one site sends local time as UTC", _wrong_zone),
    ("D16", "impossible", "seven impossible or unreadable times of drawing", _impossible),
    ("D20", "late", "results that are filed three days later", _late_arrival),
    ("D25", "sentinels", "sodium with -1, 999, NULL, a comma and a Unicode minus", _sentinels),
    ("D26", "thinned", "three of four haemoglobins missing from one day on", _thinned),
)
