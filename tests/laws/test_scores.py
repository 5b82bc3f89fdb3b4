"""Laws that every registered bedside score keeps; a new one is checked by being registered."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attending.records.events import EVENTS
from attending.scores.about import Bands
from attending.scores.registered import SCORES
from tests.scores.event_rows import LEAVES, SIGNALS, STAY, event, moment, rows, stay

NEEDED = {"recorded": {"code": "PHYSIONET2012//SAPS-I"}}
LEAVE = moment(LEAVES)
VALUES = {
    "inspired_oxygen": (0.21, 1.0),
    "temperature": (32, 42),
    "creatinine": (0.3, 8),
    "bilirubin": (0.2, 15),
    "glasgow": (3, 15),
    "norepinephrine": (0.01, 1),
    "epinephrine": (0.01, 1),
}
CODES = (
    "ICD10CM//I509",
    "ICD10CM//I214",
    "ICD10CM//B20",
    "ICD10CM//C509",
    "ICD10CM//C787",
    "ICD10CM//E119",
    "ICD10CM//E1122",
    "ICD10CM//K709",
    "ICD10CM//K721",
    "ICD10CM//N184",
    "ICD10CM//F112",
    "ICD10CM//E669",
    "ICD9CM//4280",
    "ICD9CM//042",
    "ICD10PCS//0DTJ4ZZ",
    "ICD9PROC//0066",
    "ADMISSION_TYPE//URGENT",
    "ADMISSION_TYPE//ELECTIVE",
    "ENCOUNTER//ADMISSION//ED",
    "ENCOUNTER//DISCHARGE//ED",
    "ENCOUNTER//ADMISSION//INPATIENT",
    "SERVICE//OMED",
    "SERVICE//MED",
    "PHYSIONET2012//SAPS-I",
    "INFUSION_END//221906",
)
NAMES = tuple(SIGNALS)


@st.composite
def histories(draw, *, subjects=(1, 2)):
    """Rows of two patients around one discharge: some late, some withdrawn, some of other stays."""
    seed = draw(st.integers(0, 2**32 - 1))
    n = draw(st.integers(0, 60))
    rng = np.random.default_rng(seed)
    made = [event("MEDS_BIRTH", f"{1930 + int(rng.integers(0, 70))}-05-01", subject=1)]
    for number in range(n):
        back = float(rng.choice([0.0, 0.5, 2.0, 6.0, 23.0, 24.0, 30.0, 90.0, 24 * 60, 24 * 400]))
        time = LEAVE - timedelta(hours=back * float(rng.choice([1.0, rng.random()])))
        late = float(rng.choice([0.0, 0.0, 0.5, 3.0, 50.0]))
        gone = late + float(rng.choice([0.5, 10.0])) if rng.random() < 0.15 else None
        if rng.random() < 0.65:
            name = NAMES[int(rng.integers(0, len(NAMES)))]
            code, unit = SIGNALS[name]
            value = round(float(rng.uniform(*VALUES.get(name, (1, 200)))), 1)
        else:
            code, unit, value = (
                CODES[int(rng.integers(0, len(CODES)))],
                None,
                float(rng.integers(0, 30)),
            )
        row = event(
            code, time.isoformat(), unit=unit, value=value, subject=int(rng.choice(subjects))
        )
        row["known_at"] = time + timedelta(hours=late)
        row["superseded_at"] = None if gone is None else time + timedelta(hours=gone)
        row["encounter_id"] = int(rng.choice([STAY, 7, 8]))
        row["source_row"] = str(number)
        made.append(row)
    return made


def table(made):
    order = sorted(made, key=lambda row: (row["subject_id"], row["time"], row["known_at"]))
    return pa.Table.from_pylist(order, schema=EVENTS)


def due():
    """Three predictions: at discharge, the morning before, and of another patient."""
    early = stay(end="2026-03-12T06:00")
    return rows(stay(), early, stay(subject=2, encounter=7))


def visible(row, at):
    gone = row["superseded_at"]
    return row["known_at"] <= at and (gone is None or at < gone)


@pytest.fixture(params=SCORES.names(), scope="module")
def made_by(request):
    """Return what makes the score with more parameters."""
    return lambda **more: SCORES.get(request.param)({**NEEDED.get(request.param, {}), **more})


@settings(max_examples=25)
@given(made=histories())
def test_the_total_is_the_sum_of_the_components_and_stays_in_its_range(made_by, made):
    score = made_by()
    for found in score.score(table(made), due()).to_pylist():
        marks = [found[f"missing_{name}"] for name in score.components]
        points = [found[name] for name in score.components]
        assert found["completeness"] == pytest.approx(1 - sum(marks) / len(marks))
        if found["total"] is None:
            assert found["policy"] == "strict" and any(marks)
            continue
        assert found["total"] == sum(points)
        if score.about.low is not None:
            assert score.about.low <= found["total"] <= score.about.high


@settings(max_examples=25)
@given(made=histories())
def test_a_missing_component_has_no_points_and_no_input_and_strict_gives_no_total(made_by, made):
    lenient, strict = made_by(policy="normal"), made_by(policy="strict")
    both = zip(
        lenient.score(table(made), due()).to_pylist(),
        strict.score(table(made), due()).to_pylist(),
        strict=True,
    )
    for found, demanded in both:
        gone = [name for name in lenient.components if found[f"missing_{name}"]]
        for name in gone:
            assert found[name] == 0
            assert (
                found[f"time_{name}"] is found[f"known_at_{name}"] is found[f"row_{name}"] is None
            )
        assert found["total"] is not None
        assert demanded["total"] == (None if gone else found["total"])


@settings(max_examples=25)
@given(made=histories())
def test_every_input_was_known_at_the_prediction(made_by, made):
    score = made_by()
    for found in score.score(table(made), due()).to_pylist():
        for name in score.components:
            known = found[f"known_at_{name}"]
            assert known is None or known <= found["prediction_time"]
            assert known is None or found[f"time_{name}"] <= found["prediction_time"]


@settings(max_examples=25)
@given(made=histories())
def test_rows_that_are_not_visible_never_change_a_score(made_by, made):
    score = made_by()
    asked = rows(stay(), stay(subject=2, encounter=7))
    seen = [row for row in made if visible(row, LEAVE)]
    assert score.score(table(made), asked).equals(score.score(table(seen), asked))


@settings(max_examples=20)
@given(made=histories(), seed=st.integers(0, 1000))
def test_neither_the_order_of_rows_nor_other_patients_change_a_score(made_by, made, seed):
    score = made_by()
    whole = score.score(table(made), due())
    turned = pa.Table.from_pylist(made, schema=EVENTS)
    order = np.random.default_rng(seed).permutation(turned.num_rows)
    assert score.score(turned.take(order), due()).equals(whole)
    alone = [row for row in made if row["subject_id"] == 1]
    first = due().slice(0, 1)
    assert score.score(table(alone), first).equals(whole.slice(0, 1))


@settings(max_examples=20)
@given(made=histories())
def test_what_happened_to_another_patient_is_not_read(made_by, made):
    score = made_by()
    others = [row for row in made if row["subject_id"] != 1]
    empty = score.score(table(others), due().slice(0, 1)).to_pylist()[0]
    nobody = score.score(table([]), due().slice(0, 1)).to_pylist()[0]
    assert empty == nobody


#: Scores in which one more disease, visit or reading never takes points away.
RISING = {
    "lace": ("ICD10CM//I509", "ICD10CM//C787", "ENCOUNTER//ADMISSION//ED"),
    "charlson": ("ICD10CM//I509", "ICD10CM//C787", "ICD10CM//E1122", "ICD10CM//K721"),
    "sofa": ("LOINC//777-3", "LOINC//1975-2", "LOINC//9269-2", "LOINC//8478-0"),
    "hospital": ("ENCOUNTER//ADMISSION//INPATIENT",),
}


@pytest.mark.parametrize(("name", "code"), [(n, c) for n, codes in RISING.items() for c in codes])
@settings(max_examples=20)
@given(made=histories(), value=st.integers(3, 15), hours=st.sampled_from([1.0, 20.0]))
def test_one_more_of_what_is_bad_never_lowers_the_score(name, code, made, value, hours):
    score = SCORES.get(name)({})
    unit = dict(SIGNALS.values()).get(code)
    back = hours if unit else 24 * 30
    time = (LEAVE - timedelta(hours=back)).isoformat()
    more = event(code, time, unit=unit, value=value, stay=99)
    at = rows(stay())
    before, after = score.score(table(made), at), score.score(table([*made, more]), at)
    assert after["total"][0].as_py() >= before["total"][0].as_py()


MODULES = ("news2", "mews", "cart", "qsofa", "sirs", "sofa", "hospital")
BANDED = [
    (module, name, found)
    for module in MODULES
    for name, found in vars(import_module(f"attending.scores.{module}")).items()
    if isinstance(found, Bands)
]


@pytest.mark.parametrize(("module", "name", "bands"), BANDED)
def test_points_never_fall_as_a_value_moves_away_from_its_normal_band(module, name, bands):
    assert len(bands.points) == len(bands.edges) + 1
    assert list(bands.edges) == sorted(set(bands.edges))
    assert min(bands.points) == 0
    normal = bands.points.index(0.0)
    falling, rising = bands.points[: normal + 1], bands.points[normal:]
    assert all(one >= other for one, other in pairwise(falling))
    assert all(one <= other for one, other in pairwise(rising))


def test_bands_are_found():
    assert len(BANDED) > 25
