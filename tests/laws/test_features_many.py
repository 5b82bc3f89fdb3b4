"""Laws of features: what is later never matters, order never matters, one kernel everywhere."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attending.engines.tables import in_order
from attending.features.build import build
from attending.features.compiled import compiled
from attending.features.online import for_patient
from attending.times import HOUR, from_micros
from tests.engines.tables import engine, event, events, predictions
from tests.features.oracle import NAMES, aggregate, window
from tests.features.specs import every_aggregate, feature, spec

BRIEF = settings(
    max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
AT = 48
UNIT = "mg/dL"
hours = st.integers(0, 72).map(lambda half: half / 1.5)
values = st.one_of(
    st.none(),
    st.integers(-20, 20).map(float),
    st.floats(0.125, 400, width=32),
    st.floats(10000, 10001, width=32),
)


@st.composite
def rows(draw, subject=1):
    hour = draw(hours)
    known = hour + draw(st.sampled_from([0, 0, 0, 1, 5, 30]))
    superseded = draw(st.sampled_from([None, None, None, 0.5, 20]))
    return event(
        subject,
        hour,
        draw(st.sampled_from(["LAB", "LAB", "OTHER"])),
        draw(values),
        known=known,
        superseded=None if superseded is None else known + superseded,
        unit=draw(st.sampled_from([UNIT, UNIT, "mmol/L", None])),
    )


tables = st.lists(rows(), max_size=30)
SPANS: list[dict[str, Any]] = [
    {"window": "6h"},
    {"window": "ever", "plausible": {"low": 0, "high": 300}},
    {"window": "encounter"},
]
WIDE = compiled(
    spec(
        *every_aggregate(codes=["LAB", "OTHER"], unit=UNIT).features,
        *(
            feature(f"{name}_{number}", codes=["LAB"], aggregate=name, **more)
            for name in NAMES
            for number, more in enumerate(SPANS)
        ),
        feature("age", kind="age"),
        feature("stay", kind="stay_hours"),
        feature("weekday", kind="calendar", part="weekday"),
        feature(
            "gap",
            kind="derived",
            expression={"op": "ratio", "of": ["f_max", "f_delta"]},
        ),
    )
)


def vector(table, at=AT, plan=WIDE):
    return for_patient(
        plan,
        table,
        subject_id=1,
        encounter_id=None,
        prediction_time=from_micros(round(at * HOUR)),
        index_start=from_micros(round((at - 30) * HOUR)),
    )


def bits(found):
    return found.row().view(np.int64).tolist()


@BRIEF
@given(tables, st.lists(rows(), max_size=10))
def test_rows_that_are_known_later_never_change_a_feature(before, later):
    shifted = [
        {**row, "time": row["time"] + shift * HOUR, "known_at": AT * HOUR + 1 + row["known_at"]}
        for row in later
        for shift in (0, 100)
    ]
    assert bits(vector(events(before))) == bits(vector(events(before + shifted)))


@BRIEF
@given(tables)
def test_a_row_may_change_after_the_prediction_without_a_trace(before):
    withdrawn = [{**row, "superseded_at": row["superseded_at"] or AT * HOUR + 1} for row in before]
    assert bits(vector(events(before))) == bits(vector(events(withdrawn)))


@BRIEF
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(made, random):
    first = events(made)
    shuffled = list(range(first.num_rows))
    random.shuffle(shuffled)
    assert vector(in_order(first.take(pa.array(shuffled, pa.int64())))) == vector(first)


@BRIEF
@given(tables, st.lists(rows(subject=2), max_size=10))
def test_rows_of_others_never_matter(mine, others):
    assert vector(events(mine)) == vector(events(mine + others))


@BRIEF
@given(tables, tables.map(lambda made: [{**row, "subject_id": 2} for row in made]))
def test_a_shard_and_one_patient_are_equal_to_the_bit(tmp_path, first, second):
    table = events(first + second)
    due = [(subject, at, at - 30) for subject in (1, 2, 3) for at in (31, AT)]
    _, built = build(WIDE, predictions(due), engine(tmp_path, table, row_group_size=8))
    for place, (subject, at, start) in enumerate(due):
        one = for_patient(
            WIDE,
            table,
            subject_id=subject,
            encounter_id=None,
            prediction_time=from_micros(at * HOUR),
            index_start=from_micros(start * HOUR),
        )
        assert [built[name][place].as_py() for name in one.names] == list(one.values)


@pytest.mark.parametrize("name", NAMES)
@BRIEF
@given(made=tables, hours_back=st.sampled_from([1, 6, 24]))
def test_every_aggregate_agrees_with_exact_arithmetic(name, made, hours_back):
    plan = compiled(
        spec(
            feature(
                "f",
                aggregate=name,
                window=f"{hours_back}h",
                codes=["LAB", "OTHER"],
                unit=UNIT,
                plausible={"low": -5, "high": 10001},
            )
        )
    )
    found = vector(events(made), plan=plan).values[0]
    counted = name in {"count", "any", "time_since_last"}
    at = AT * HOUR
    table = events(made).to_pylist()
    inside = window(
        [{**row, "known_at": _us(row["known_at"]), "time": _us(row["time"]),
          "superseded_at": _us(row["superseded_at"])} for row in table],
        at=at,
        start=at - hours_back * HOUR,
        codes={"LAB", "OTHER"},
        unit=None if counted else UNIT,
        low=-5,
        high=10001,
    )  # fmt: skip
    exact = aggregate(name, inside, at=at)
    if exact is None:
        assert found is None
    elif name in {"std", "slope"}:
        assert math.isclose(found, float(exact), rel_tol=1e-9, abs_tol=1e-6)
    elif name in {"mean", "sum", "time_since_last"}:
        scale = sum(abs(Fraction(row["numeric_value"] or 0)) for row in inside) + abs(exact)
        assert abs(Fraction(found) - exact) <= Fraction(1e-12) * scale
    else:
        assert found == float(exact)


def _us(naive):
    from datetime import UTC

    from attending.times import to_micros

    return None if naive is None else to_micros(naive.replace(tzinfo=UTC))
