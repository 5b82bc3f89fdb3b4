"""Faults in who a row is about, how often it comes, and what status it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.hospital.sheets import equals, middle, rewritten, since, some

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.hospital.sheets import Sheets

_LABS = "labs.csv"


def _merge(sheets: Sheets) -> int:
    """File all rows of one patient under another, as a merge without a message does."""
    ids = sheets["patients.csv"]["patient_id"].to_pylist()
    kept, gone = ids[0], ids[1]
    touched = 0
    for file, table in sheets.items():
        if file != "patients.csv":
            hit = equals(table, "patient_id", gone)
            sheets[file] = rewritten(table, "patient_id", where=hit, to=kept)
            touched += int(hit.sum())
    return touched


def _overlay(sheets: Sheets) -> int:
    """File every other stay of one patient under another: two people in one record."""
    stays = sheets["encounters.csv"]
    ids = sheets["patients.csv"]["patient_id"].to_pylist()
    hit = some(equals(stays, "patient_id", ids[0]), one_in=2)
    sheets["encounters.csv"] = rewritten(stays, "patient_id", where=hit, to=ids[1])
    return int(hit.sum())


def _repeated(sheets: Sheets) -> int:
    labs = sheets[_LABS]
    sheets[_LABS] = pa.concat_tables([labs, labs, labs])
    return int(2 * labs.num_rows)


def _new_message(sheets: Sheets) -> int:
    labs = sheets[_LABS]
    again = labs.filter(pa.array(some(np.ones(labs.num_rows, np.bool_), one_in=10)))
    whole = np.ones(again.num_rows, np.bool_)
    again = rewritten(again, "result_id", where=whole, to=lambda cell: f"{cell}R")
    sheets[_LABS] = pa.concat_tables([labs, again])
    return int(again.num_rows)


def _corrected(sheets: Sheets) -> int:
    """Send a corrected version of one result in two hundred, one day later."""
    labs = sheets[_LABS]
    again = labs.filter(pa.array(some(equals(labs, "status", "final"), one_in=200)))
    whole = np.ones(again.num_rows, np.bool_)
    again = rewritten(again, "version", where=whole, to=lambda cell: str(int(cell) + 7))
    again = rewritten(again, "status", where=whole, to="corrected")
    last = max(labs["resulted_at"].drop_null().to_pylist())
    again = rewritten(again, "resulted_at", where=whole, to=str(last))
    sheets[_LABS] = pa.concat_tables([labs, again])
    return int(again.num_rows)


def _odd_status(sheets: Sheets) -> int:
    labs = sheets[_LABS]
    hit = some(np.ones(labs.num_rows, np.bool_), one_in=100)
    sheets[_LABS] = rewritten(labs, "status", where=hit, to="preliminary-maybe")
    return int(hit.sum())


def _unroutable(sheets: Sheets) -> int:
    labs = sheets[_LABS]
    hit = some(np.ones(labs.num_rows, np.bool_), one_in=100)
    sheets[_LABS] = rewritten(labs, "patient_id", where=hit, to="P_UNKNOWN")
    return int(hit.sum())


def _unlabelled(sheets: Sheets) -> int:
    """Lose the stays of the last weeks: outcomes that are not there yet look like none."""
    stays = sheets["encounters.csv"]
    starts = sorted(stays["admitted_at"].to_pylist())
    gone = since(stays, "admitted_at", str(starts[int(len(starts) * 0.97)]))
    sheets["encounters.csv"] = stays.filter(pa.array(~gone))
    return int(gone.sum())


def _boundary(sheets: Sheets) -> int:
    """Make one patient eighteen on the day of the discharge, born on a leap day."""
    people = sheets["patients.csv"]
    hit = np.zeros(people.num_rows, np.bool_)
    hit[0] = True
    sheets["patients.csv"] = rewritten(people, "birth_date", where=hit, to="2004-02-29")
    return 1


def _suppressed(sheets: Sheets) -> int:
    """Take away two of five unplanned stays after the middle: care acted on the alerts."""
    stays = sheets["encounters.csv"]
    late = since(stays, "admitted_at", middle(stays, "admitted_at"))
    gone = equals(stays, "class", "INPATIENT") & equals(stays, "admission_type", "EMERGENCY")
    gone = some(gone & late, one_in=5) | some(gone & late, one_in=4)
    sheets["encounters.csv"] = stays.filter(pa.array(~gone))
    return int(gone.sum())


FAULTS: tuple[tuple[str, str, str, Callable[[Sheets], int]], ...] = (
    ("D17", "merge", "one patient's rows filed under another", _merge),
    ("D18", "overlay", "every other stay of one patient under another", _overlay),
    ("D19", "same_message", "every result three times", _repeated),
    ("D19", "new_message", "one result in ten again under a new id", _new_message),
    ("D21", "corrected", "one result in two hundred corrected later", _corrected),
    ("D22", "status", "one result in a hundred with an unknown status", _odd_status),
    ("D24", "patient", "one result in a hundred of an unknown patient", _unroutable),
    ("D27", "boundary", "a patient born on a leap day, eighteen years before", _boundary),
    ("D30", "unlabelled", "the stays of the last weeks are not there yet", _unlabelled),
    ("D31", "treated", "two of five unplanned stays prevented after the middle", _suppressed),
)
