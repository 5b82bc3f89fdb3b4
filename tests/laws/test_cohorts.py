"""Laws of cohorts: the future never changes the past, and order and shards never matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attending.cohort.build import build
from attending.cohort.shard import KEPT, shard
from attending.engines.tables import in_order
from attending.times import HOUR, from_micros
from tests.cohort.patients import birth, cohort, landmark
from tests.engines.tables import engine, event, events

START = 473_000  # hours since 1970: the end of 2023
CUT = START + 24 * 60
LAB = "LOINC//2524-7"
_QUIET = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_NO_EVENT = {"competing": {"death": "no_event"}, "horizon": "10d"}
_THRESHOLD = {"codes": [LAB], "comparison": "above", "value": 2.0, "unit": "mmol/L"}
_SEPSIS = {
    "antibiotics": ["RXNORM//1"],
    "cultures": ["LOINC//600-7"],
    "sofa": {"creatinine": [LAB]},
}
LABELS = {
    "readmission": cohort().model_dump(mode="json")["label"],
    "codes": {"kind": "codes", "codes": {"any_of": ["RXNORM//1"]}, **_NO_EVENT},
    "encounter": {"kind": "encounter", "encounter": {"classes": ["INPATIENT"]}, **_NO_EVENT},
    "death": {"kind": "death", "horizon": "10d"},
    "threshold": {"kind": "threshold", "threshold": _THRESHOLD, **_NO_EVENT},
    "lasting": {
        "kind": "threshold",
        "threshold": {**_THRESHOLD, "sustained": {"lasting": "6h"}},
        **_NO_EVENT,
    },
    "k_of_n": {
        "kind": "threshold",
        "threshold": {**_THRESHOLD, "sustained": {"k": 2, "n": 3}},
        **_NO_EVENT,
    },
    "sepsis3": {"kind": "sepsis3", "sepsis3": _SEPSIS, **_NO_EVENT},
    "remaining_days": {"kind": "remaining_days", "competing": {"death": "competing"}},
}
INDEXES = {
    "landmark": {"event": "landmark", "after": "24h"},
    "every": {"event": "every", "every": "18h"},
    "clock": {"event": "clock", "clock": "06:00", "time_zone": "Europe/Berlin"},
    "result": {"event": "result", "codes": [LAB]},
}


@st.composite
def histories(draw):
    """Return rows of four patients: stays one after the other, labs, drugs, cultures, deaths."""
    rows = []
    for subject in (1, 2, 3, 4):
        rows.append(birth(subject, "1950-01-01"))
        at = START
        for stay in range(draw(st.integers(0, 4))):
            at += draw(st.integers(1, 24 * 20))
            came, at = at, at + draw(st.integers(1, 24 * 9))
            same = {"encounter_id": subject * 100 + stay, "site": "north"}
            late = draw(st.integers(0, 24))
            rows.append(event(subject, came, "ENCOUNTER//ADMISSION//INPATIENT", **same))
            out = {"known": at + late, "text_value": draw(st.sampled_from(["HOME", "TRANSFER"]))}
            rows.append(event(subject, at, "ENCOUNTER//DISCHARGE//INPATIENT", **out, **same))
            for _ in range(draw(st.integers(0, 6))):
                when = draw(st.integers(came, at))
                code = draw(st.sampled_from([LAB, LAB, "RXNORM//1", "LOINC//600-7"]))
                value = draw(st.sampled_from([1.0, 2.0, 3.0, 5.5]))
                known = when + draw(st.integers(0, 30))
                rows.append(event(subject, when, code, value, unit="mmol/L", known=known))
        if draw(st.booleans()):
            rows.append(event(subject, at + draw(st.integers(1, 200)), "MEDS_DEATH"))
    return rows


def asked(kind, index):
    if kind == "readmission":
        return cohort()
    said = {**landmark().model_dump(mode="json"), "label": LABELS[kind], "index": INDEXES[index]}
    return type(landmark()).model_validate(said)


CASES = [*((kind, "landmark") for kind in LABELS), *(("codes", name) for name in INDEXES)]


def rows_of(spec, table, *, as_of):
    """Return what stands for every candidate that is kept, by subject, stay and instant."""
    found = shard(spec, round(as_of * HOUR), table).to_pylist()
    return {
        (row["subject_id"], row["encounter_id"], row["prediction_time"]): row
        for row in found
        if row["step"] == KEPT
    }


@pytest.mark.parametrize(("kind", "index"), CASES)
@_QUIET
@given(rows=histories())
def test_rows_that_are_known_later_change_neither_who_is_in_nor_a_mature_label(kind, index, rows):
    spec = asked(kind, index)
    known = [row for row in rows if row["known_at"] <= CUT * HOUR]
    before = rows_of(spec, events(known), as_of=CUT)
    assert before == rows_of(spec, events(rows), as_of=CUT), "rows from after the cut are unseen"
    # From here on only what happens after the cut is added; late rows about the past are not.
    later = [*known, *(row for row in rows if row["time"] > CUT * HOUR)]
    after = rows_of(spec, events(later), as_of=CUT + 24 * 400)
    for key, row in before.items():
        assert key in after
        if row["matured_at"] is not None:
            same = [name for name in row if name != "horizon_end"]
            assert [after[key][name] for name in same] == [row[name] for name in same]


@pytest.mark.parametrize(("kind", "index"), CASES)
@_QUIET
@given(rows=histories(), seed=st.integers(0, 99))
def test_neither_the_order_of_rows_nor_the_shards_matter(tmp_path_factory, kind, index, rows, seed):
    spec = asked(kind, index)
    as_of = from_micros(round((CUT + 24 * 400) * HOUR))
    shuffled = [rows[place] for place in np.random.default_rng(seed).permutation(len(rows))]
    found = []
    for some, shards in ((rows, 1), (shuffled, 3)):
        local = engine(tmp_path_factory.mktemp("law"), in_order(events(some)), shards=shards)
        found.append(build(spec, local, as_of=as_of)[0])
    assert found[0].digest == found[1].digest


def test_the_laws_would_be_seen_to_be_broken():
    spec = asked("codes", "landmark")
    stay = {"encounter_id": 7}
    rows = [
        birth(1, "1950-01-01"),
        event(1, START, "ENCOUNTER//ADMISSION//INPATIENT", **stay),
        event(1, START + 100, "ENCOUNTER//DISCHARGE//INPATIENT", **stay),
    ]
    late = event(1, START + 30, "RXNORM//1", known=CUT + 1)
    before = rows_of(spec, events(rows), as_of=CUT)
    after = rows_of(spec, events([*rows, late]), as_of=CUT + 2)
    (key,) = before
    assert (before[key]["label"], after[key]["label"]) == (0, 1), "a correction known later may"
