"""Charlson agrees with another implementation on every admission of the MIMIC-IV demo.

`charlson_mimic_demo.json` holds comorbidipy's figures: counts, sums and one digest over all
admissions with their conditions and totals; `make figures` makes it again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow.csv as pa_csv
import pytest

from attending.scores.charlson import make
from attending.scores.coded import coded_classes
from attending.scores.packaged import code_list
from tests.scores.event_rows import LEAVES, event, events, rows, stay

pytestmark = pytest.mark.data
FROZEN = json.loads(Path(__file__).with_name("charlson_mimic_demo.json").read_text())


@pytest.fixture(scope="module")
def admissions(data_folder):
    """Each admission as a patient of its own, with its own codes alone."""
    path = data_folder / "mimic-iv-demo" / "hosp" / "diagnoses_icd.csv.gz"
    text = {"hadm_id": "string", "icd_code": "string", "icd_version": "string"}
    options = pa_csv.ConvertOptions(column_types=text, include_columns=list(text))
    with gzip.open(path) as file:
        read = pa_csv.read_csv(file, convert_options=options).to_pylist()
    prefix = {"9": "ICD9CM", "10": "ICD10CM"}
    made = events(
        *(
            event(
                f"{prefix[row['icd_version']]}//{row['icd_code'].strip()}",
                LEAVES,
                known="2026-03-16T12:00",
                subject=int(row["hadm_id"]),
                stay=int(row["hadm_id"]),
            )
            for row in read
        )
    )
    ids = sorted({int(row["hadm_id"]) for row in read})
    return ids, made, rows(*(stay(subject=number, encounter=number) for number in ids))


def test_every_admission_has_the_conditions_and_totals_of_the_other_implementation(admissions):
    ids, made, due = admissions
    old, new = (
        make({"weights": year, "availability": "as_coded"}).score(made, due)["total"].to_numpy()
        for year in (1987, 2011)
    )
    shown = coded_classes(made, due, [code_list("charlson")], availability="as_coded").shown
    lines = []
    for at, admission in enumerate(ids):
        names = "+".join(sorted(name for name, found in shown.items() if found[at]))
        lines.append(f"{admission},{names},{old[at]:.0f},{new[at]:.0f}")
    assert len(ids) == FROZEN["admissions"] == 275
    assert {name: int(found.sum()) for name, found in shown.items()} == FROZEN["conditions"]
    assert {"1987": old.sum(), "2011": new.sum()} == FROZEN["sum_of_totals"]
    digest = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
    assert digest == FROZEN["sha256"]


def test_none_of_it_was_knowable_at_discharge(admissions):
    _, made, due = admissions
    found = make({}).score(made, due)
    assert np.asarray(found["missing_chf"]).all() and found["total"].to_pylist() == [0] * 275
