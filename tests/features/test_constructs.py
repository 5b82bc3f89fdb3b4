"""Ready features: complete, with the packaged code lists, and equal to the scores."""

from __future__ import annotations

import numpy as np
import pytest

from attending.engines.plan import Predictions
from attending.errors import BadInput, NotFound
from attending.features.compiled import compiled
from attending.features.constructs import construct_names
from attending.features.shard import compute
from attending.lifecycle.constructs import chosen, ready_features, write_ready
from attending.scores.packaged import code_list
from attending.scores.registered import SCORES
from tests.scores.event_rows import LEAVES, STAY, event, events, rows, sign, stay

NAMES = construct_names()
LISTS = {"charlson": "charlson", "elixhauser": "elixhauser", "medication": "medication_classes"}
BEFORE = "2026-01-05T10:00"


def values(spec, *happened):
    """Every feature of one patient at discharge, NaN where it is missing."""
    due = rows(stay())
    at = due["prediction_time"].cast("int64").to_numpy()
    start = due["index_start"].cast("int64").to_numpy()
    cells = compute(compiled(spec), events(*happened), Predictions.at(np.array([1]), at, start))
    return {name: column[0] for name, column in zip(spec.names, cells.values, strict=True)}


@pytest.mark.parametrize("name", NAMES)
def test_code_lists_are_the_packaged_ones(name):
    spec = ready_features(name)
    held = {found.name: found for found in spec.code_lists}
    expected = 0
    for prefix, packaged in LISTS.items():
        listed = code_list(packaged)
        for part in listed.names:
            found = held[f"{prefix}_{part}"]
            assert set(found.codes) == set(listed.patterns(part))
            assert found.version == listed.version
            expected += 1
    assert len(held) == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_group_of_constructs_is_there_and_nothing_is_approved_yet(name):
    spec = ready_features(name)
    purposes = {feature.purpose for feature in spec.features}
    assert purposes == {
        "demographics", "encounter history", "utilisation", "vital signs", "laboratory",
        "medication classes", "comorbidity",
    }  # fmt: skip
    assert {feature.status for feature in spec.features} == {"draft"}
    assert sum(feature.aggregate == "slope" for feature in spec.features) == 17


def test_both_files_have_the_same_features():
    first, second = (ready_features(name) for name in NAMES)
    assert first.names == second.names


CODES = [
    [],
    ["ICD10CM//Z000"],
    ["ICD10CM//I509", "ICD10CM//N184"],
    ["ICD10CM//K709", "ICD10CM//K721", "ICD10CM//C509"],
    ["ICD10CM//C509", "ICD10CM//C787", "ICD10CM//B20"],
    ["ICD10CM//E119", "ICD10CM//E1122", "ICD10CM//F112", "ICD10CM//E669"],
    ["ICD9CM//4280", "ICD9CM//042", "ICD9CM//2800", "ICD9CM//V6542"],
]


@pytest.mark.parametrize("codes", CODES)
@pytest.mark.parametrize("score", ["charlson", "elixhauser"])
def test_the_indices_equal_the_scores_and_are_missing_where_nothing_is_coded(score, codes):
    coded = [event(code, BEFORE) for code in codes]
    late = event("ICD10CM//C787", LEAVES, known="2026-03-16T12:00", stay=STAY)
    spec = chosen(ready_features("loinc"), [f"{score}_index"])
    found = values(spec, *coded, late)[f"{score}_index"]
    scored = SCORES.get(score)({"policy": "strict"}).score(events(*coded, late), rows(stay()))
    expected = scored["total"].to_pylist()[0]
    assert np.isnan(found) if expected is None else found == expected


def test_trends_counts_and_medications_of_one_patient():
    found = values(
        ready_features("loinc"),
        event("MEDS_BIRTH", "1950-05-01T00:00"),
        event("GENDER//M", None, known=BEFORE),
        event("ENCOUNTER//ADMISSION//INPATIENT", "2026-03-10T22:00", stay=STAY),
        event("ENCOUNTER//ADMISSION//INPATIENT", "2026-02-20T08:00", stay=3),
        event("ENCOUNTER//DISCHARGE//INPATIENT", "2026-02-22T12:00", stay=3),
        event("MEDICATION//furosemide", "2026-03-11T09:00", stay=STAY),
        event("MEDICATION//Heparin Flush (10 units/ml)", "2026-03-11T09:00", stay=STAY),
        sign("pulse", 80, "2026-03-13T08:00"),
        sign("pulse", 90, "2026-03-13T10:00"),
        sign("creatinine", 1.5, "2026-03-11T06:00"),
        sign("creatinine", 9.0, "2026-03-13T11:00", known="2026-03-13T13:00"),
    )
    assert (int(found["age"]), found["male"]) == (75, 1)
    assert found["stay_hours"] == 62.0
    assert (found["stays_30d"], found["hours_since_discharge"]) == (2, 19 * 24)
    assert (found["pulse_last"], found["pulse_slope"], found["pulse_count"]) == (90, 5.0, 2)
    assert found["creatinine_last"] == 1.5 and np.isnan(found["creatinine_max"])
    assert (found["on_loop_diuretic"], found["on_anticoagulant"]) == (1, 0)
    assert found["medication_classes"] == 1


def test_a_choice_brings_what_it_is_derived_from_and_no_more():
    spec = chosen(ready_features("mimic-iv"), ["charlson_liver"])
    assert set(spec.names) == {
        "charlson_mld", "charlson_msld", "charlson_liver_mild", "charlson_liver_severe",
        "charlson_liver",
    }  # fmt: skip
    assert [found.name for found in spec.code_lists] == ["charlson_mld", "charlson_msld"]


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(NotFound) as unknown:
        ready_features("mimic")
    assert "mimic-iv" in unknown.value.hint
    with pytest.raises(BadInput) as wrong:
        chosen(ready_features("loinc"), ["charlson_indx"])
    assert "charlson_index" in wrong.value.hint
    copy = write_ready("loinc", tmp_path / "features.yaml")
    with pytest.raises(BadInput) as exists:
        write_ready("loinc", copy)
    assert exists.value.code == "features.exists"
