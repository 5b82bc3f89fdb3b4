"""Laws of the unit-and-shift table: a slow count agrees, shards add up, the future stays out."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attending.cohort.build import build
from attending.cohort.unit_table import unit_table
from attending.engines.tables import micros
from attending.features.unit_features import build_units
from attending.specs.features import FeaturesSpec
from attending.times import HOUR, from_micros
from tests.cohort.units import FALL, START, counted_slowly, visit, ward
from tests.engines.tables import engine, event, events

AS_OF = START + 24 * 6
_QUIET = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FEATURES = FeaturesSpec.model_validate(
    {
        "name": "ward_features",
        "version": "1",
        "features": [
            {
                "name": name,
                "label": name,
                "kind": "unit",
                "series": series,
                "lags": lags,
                "owner": "dana",
                "purpose": "staffing",
            }
            for name, series, lags in (
                ("now", "present", [0]),
                ("came", "arrivals", [1]),
                ("day_before", "arrivals", [3]),
                ("lately", "arrivals", [1, 2, 3]),
            )
        ],
    }
)


@st.composite
def wards(draw):
    """Return rows of five patients who move between three units, some told late or corrected."""
    rows = []
    for subject in range(1, 6):
        at = START
        for number in range(draw(st.integers(0, 3))):
            encounter = subject * 100 + number
            at += draw(st.integers(1, 40))
            came, moves = at, []
            for _ in range(draw(st.integers(1, 4))):
                moves.append((at, draw(st.sampled_from(["ICU", "WARD", "EAST"]))))
                at += draw(st.integers(0, 30))
            left = at if draw(st.booleans()) else None
            told = at + draw(st.integers(0, 20))
            stay = visit(subject, encounter, came, moves, left, told=told)
            for row in stay[1:]:
                if draw(st.integers(0, 3)) == 0:
                    row["known_at"] += draw(st.integers(0, 30)) * HOUR
                if draw(st.integers(0, 4)) == 0 and row["code"].startswith("TRANSFER"):
                    corrected = row["known_at"] + draw(st.integers(1, 40)) * HOUR
                    row["superseded_at"] = corrected
                    if draw(st.booleans()):
                        again = {**row, "code": "TRANSFER_TO//EAST", "known_at": corrected}
                        rows.append({**again, "superseded_at": None})
            rows += stay
            for _ in range(draw(st.integers(0, 2))):
                rows.append(event(subject, came + draw(st.integers(0, 40)), FALL))
    return events(rows)


def counts(table, folder, count="arrivals", **more):
    """Return the partial sums by unit and shift, as the whole table has them."""
    spec = ward(count, **more)
    found = unit_table(spec, engine(folder, table), as_of=AS_OF * HOUR, zone_of=lambda _site: "UTC")
    return found.to_pylist()


@_QUIET
@given(table=wards())
@pytest.mark.parametrize("count", ["arrivals", "departures", "outcomes", "present"])
def test_a_slow_count_of_every_stay_and_shift_agrees(table, count, tmp_path_factory):
    more = {"codes": [FALL]} if count == "outcomes" else {"ahead": int(count == "present")}
    slow = counted_slowly(table, AS_OF * HOUR)
    found = counts(table, tmp_path_factory.mktemp("w"), count, **more)
    at = {
        (
            row["group_unit"].removeprefix("NORTH "),
            micros(pa.array([row["prediction_time"]]), null=0)[0],
        ): row
        for row in found
    }
    starts = sorted({start for _, start in at})
    for (unit, start), row in at.items():
        cell = slow.get((unit, start), {})
        for name in ("known_present", "known_arrivals"):
            assert row[name] == cell.get(name, 0), (unit, start, name)
        later = starts.index(start) + more.get("ahead", 0)
        if row["outcome_count"] is not None:
            ahead = slow.get((unit, starts[later]), {})
            assert row["outcome_count"] == ahead.get(count, 0), (unit, start)
    # And nothing was left out, from when the unit was first known of.
    first = dict(sorted(at, reverse=True))
    for (unit, start), cell in slow.items():
        if start >= first.get(unit, AS_OF * HOUR):
            assert (unit, start) in at, (unit, start, cell)


@_QUIET
@given(table=wards(), shards=st.integers(1, 5), piece=st.sampled_from([1, 7, 400_000]))
def test_any_sharding_gives_the_same_table_to_the_bit(table, shards, piece, tmp_path_factory):
    one = engine(tmp_path_factory.mktemp("a"), table, shards=1, threads=1)
    many = engine(tmp_path_factory.mktemp("b"), table, shards=shards, piece_rows=piece)
    built = [
        build(ward("arrivals", ahead=1), each, as_of=from_micros(AS_OF * HOUR))[0]
        for each in (one, many)
    ]
    assert built[0] == built[1]


@_QUIET
@given(table=wards(), cut=st.integers(1, 100))
def test_what_becomes_known_later_never_changes_a_feature(table, cut, tmp_path_factory):
    at = (START + cut) * HOUR
    known = micros(table["known_at"], null=0)
    then = table.filter(pa.array(known <= at))
    gone = pc.if_else(
        pc.greater(then["superseded_at"], pa.scalar(at).cast(pa.timestamp("us"))),
        None,
        then["superseded_at"],
    )
    then = then.set_column(
        then.column_names.index("superseded_at"), table.schema.field("superseded_at"), gone
    )

    def features(rows, folder):
        spec = ward()
        made = unit_table(
            spec, engine(folder, rows), as_of=AS_OF * HOUR, zone_of=lambda _site: "UTC"
        )
        found = build_units(FEATURES, made)[1]
        early = micros(found["prediction_time"], null=0) <= at
        return {
            (row["subject_id"], row["prediction_time"]): [row[name] for name in FEATURES.names]
            for row in found.filter(pa.array(early)).to_pylist()
        }

    whole = features(table, tmp_path_factory.mktemp("a"))
    cut_off = features(then, tmp_path_factory.mktemp("b"))
    assert whole == cut_off


@_QUIET
@given(table=wards())
def test_who_was_there_came_and_left_adds_up(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("w")
    came, left = counts(table, folder), counts(table, folder, "departures")
    there = counts(table, folder, "present", ahead=1)
    slow = counted_slowly(table, AS_OF * HOUR)
    for one, other, after in zip(came, left, there, strict=True):
        unit = one["group_unit"].removeprefix("NORTH ")
        start = micros(pa.array([one["prediction_time"]]), null=0)[0]
        now = slow.get((unit, start), {}).get("present", 0)
        if after["outcome_count"] is not None:
            assert after["outcome_count"] == now + one["outcome_count"] - other["outcome_count"]
