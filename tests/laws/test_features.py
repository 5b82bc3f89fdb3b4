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
from attending.records.features import REASONS, STATES
from attending.times import HOUR, from_micros
from tests.engines.tables import engine, event, events, predictions
from tests.features.oracle import NAMES, VALUELESS, age, answer
from tests.features.specs import every_aggregate, feature, spec

BRIEF = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
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
    {"window": "48h", "since": ["OTHER"], "as_of": "06:00"},
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
        *(
            feature(f"newest_{name}", codes=["LAB"], aggregate=name, last_n=3, window="ever")
            for name in NAMES
            if name not in VALUELESS
        ),
        feature("fresh", freshness="9h", when_stale="missing"),
        feature(
            "tree",
            kind="derived",
            expression={
                "op": "coalesce",
                "of": [
                    {"op": "log", "of": [{"op": "clip", "of": ["f_mean", 0.5, 80]}]},
                    {"op": "at_least", "of": ["f_count", 2]},
                ],
            },
        ),
        feature(
            "gap",
            kind="derived",
            expression={"op": "ratio", "of": ["f_max", "f_delta"]},
        ),
    )
)


def vector(table, at=AT, plan=WIDE, zone="UTC"):
    return for_patient(
        plan,
        table,
        subject_id=1,
        encounter_id=None,
        prediction_time=from_micros(round(at * HOUR)),
        index_start=from_micros(round((at - 30) * HOUR)),
        zone=zone,
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
@given(
    first=tables,
    second=tables.map(lambda made: [{**row, "subject_id": 2} for row in made]),
    laid=st.fixed_dictionaries(
        {
            "shards": st.integers(1, 3),
            "threads": st.integers(1, 2),
            "row_group_size": st.sampled_from([1, 8, 64]),
            "piece_rows": st.sampled_from([1, 9, 1000]),
        }
    ),
)
def test_shards_threads_and_pieces_of_any_number_give_the_bits_of_one_patient(
    tmp_path, first, second, laid
):
    table = events(first + second)
    due = [(subject, at, at - 30) for subject in (1, 2, 3) for at in (31, AT)]
    _, built = build(WIDE, predictions(due), engine(tmp_path, table, **laid))
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
        states = built[STATES][place].as_py()
        assert [REASONS[state & 15] for state in states] == list(one.missing)


WINDOWS = st.sampled_from(["1h", "6h", "24h", "60h", "encounter", "ever"])
OPTIONS = st.fixed_dictionaries(
    {"window": WINDOWS},
    optional={
        "unit": st.just(UNIT),
        "plausible": st.just({"low": -5.0, "high": 10000.5}),
        "since": st.just(["OTHER"]),
        "as_of": st.sampled_from(["06:00", "00:30", "23:59"]),
        "last_n": st.integers(1, 4),
        "stale": st.sampled_from(["keep", "missing"]),
    },
)
ZONES = st.sampled_from(["UTC", "Asia/Kolkata", "America/St_Johns"])


@pytest.mark.parametrize("name", NAMES)
@BRIEF
@given(made=tables, options=OPTIONS, zone=ZONES, hour=st.sampled_from([AT, AT + 5.75]))
def test_every_aggregate_and_window_agrees_with_exact_arithmetic(name, made, options, zone, hour):
    asked = {key: value for key, value in options.items() if key != "stale"}
    if name in VALUELESS:
        asked.pop("last_n", None)
    if "stale" in options:
        asked.update(freshness="7h", when_stale=options["stale"])
    plan = compiled(spec(feature("f", aggregate=name, codes=["LAB", "OTHER"], **asked)))
    found = vector(events(made), at=hour, plan=plan, zone=zone)
    at = round(hour * HOUR)
    exact, reason, used = answer(
        _plain(asked, name), _rows(made), at=at, stay=at - 30 * HOUR, zone=zone
    )
    assert found.missing == (reason,)
    if exact is None:
        assert found.values == (None,)
    else:
        assert abs(Fraction(found.values[0]) - exact) <= tolerance(name, exact, used, at=at)


def _plain(asked, name):
    """Return the definition as the oracle takes it."""
    written = asked["window"]
    plausible = asked.get("plausible", {"low": -math.inf, "high": math.inf})
    return {
        **asked,
        **plausible,
        "aggregate": name,
        "codes": {"LAB", "OTHER"},
        "window": int(written[:-1]) * HOUR if written[:-1].isdigit() else written,
        "half_life": 5 * HOUR,
        "normal": (1, 90),
        "freshness": 7 * HOUR if "freshness" in asked else None,
        "drop_stale": asked.get("when_stale") == "missing",
    }


def _rows(made):
    """Return rows with the values as the event table holds them, in single precision."""
    return [{**row, "numeric_value": _single(row["numeric_value"])} for row in made]


def _single(value):
    return None if value is None else float(np.float32(value))


def tolerance(name, exact, used, *, at):
    """Return how far from exact a value may be: 1e-12, for roots and slopes by their condition."""
    values = [Fraction(row["numeric_value"]) for row in used]
    if name in {"mean", "sum", "median", "ewm", "time_since_last", "fraction_abnormal"}:
        return Fraction(1e-12) * (sum(map(abs, values)) + abs(exact))
    if name not in {"std", "slope"}:
        return 0
    d = [abs(value - values[-1]) for value in values]
    a = [age(row, at) - age(used[-1], at) for row in used]
    n = len(values)
    if name == "std":
        # The square is as sure as the squares that it is the difference of.
        return Fraction(math.sqrt(1e-9 * float(sum(x * x for x in d)))) if not exact else (
            Fraction(1e-9) * sum(x * x for x in d) / (n - 1) / exact
        )  # fmt: skip
    below = n * sum(x * x for x in a) - sum(a) ** 2
    above = n * sum(x * y for x, y in zip(a, d, strict=True)) + sum(a) * sum(d)
    return Fraction(1e-9) * above / below * 3600
