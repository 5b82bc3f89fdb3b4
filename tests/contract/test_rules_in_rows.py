"""Values that stand for none, volumes by site and day, freshness and repeats, on handmade rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from attending.contract.check import check, finish, plan_checks
from attending.errors import BadInput
from attending.records.events import EVENTS
from attending.specs.contract import ContractSpec
from attending.specs.read_yaml import parse_spec
from tests.contract.example import YAML
from tests.ingest.handmade import ingest, write

START = datetime(2024, 3, 1, tzinfo=UTC)
ZERO = {"mustBe": 0}


def rule(
    name: str, metric: str, bound: dict[str, object], **arguments: object
) -> dict[str, object]:
    """Return a rule as a contract states it."""
    return {"id": name, "metric": metric, "arguments": arguments, **bound}


def spec(*, columns=(), table=(), sla=(), terms=()):
    """Return a contract with rules on numeric_value, on the table, and promises on time."""
    head, rest = YAML.split("schema:\n")
    numbers = {"name": "numeric_value", "logicalType": "number", "quality": columns}
    schema = [{"name": "events", "properties": [numbers], "quality": table}]
    stated = f"schema: {json.dumps(schema)}\nslaProperties: {json.dumps(sla)}\n"
    added = "".join(f"  - {json.dumps(term)}\n" for term in terms)
    text = head + stated + rest[rest.index("team:") :] + added
    return parse_spec(text.encode(), ContractSpec, name="contract.yaml")


def rows(*items):
    """Return events; what an item does not say is one patient's plain row."""
    plain = {"subject_id": 1, "time": START, "known_at": START, "code": "A", "source": "s",
             "source_row": "1", "site": "NORTH"}  # fmt: skip
    naive = [{**plain, **item} for item in items]
    for row in naive:
        for clock in ("time", "known_at"):
            row[clock] = row[clock].replace(tzinfo=None)
    return pa.Table.from_pylist(naive, schema=EVENTS)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rules")
    return ingest(write(folder / "in"), folder / "out")


def judged(contract, snapshot, *shards, as_of=None):
    report = check(contract, snapshot, shards, as_of=as_of)
    return {one.name: one for one in report.checks}


@pytest.mark.requirement("A3")
@pytest.mark.fault("D25")
def test_D25_declared_sentinels_are_counted_and_null_only_when_it_is_listed(snapshot):
    gone = rule("gone", "missingValues", ZERO, codes=["A"], missingValues=[-999, 9999.9])
    null = rule("or-null", "missingValues", ZERO, codes=["A"], missingValues=[-999, None])
    contract = spec(columns=[gone, null])
    values = [5.0, -999.0, 9999.9, None, -998.0]
    found = judged(contract, snapshot, rows(*({"numeric_value": value} for value in values)))
    assert (found["gone"].rows, found["gone"].failing, found["gone"].verdict) == (5, 2, "failed")
    assert (found["or-null"].rows, found["or-null"].failing) == (5, 2)
    clean = judged(
        contract, snapshot, rows({"numeric_value": 5.0}, {"code": "B", "numeric_value": -999.0})
    )
    assert (clean["gone"].rows, clean["gone"].failing, clean["gone"].verdict) == (1, 0, "met")


@pytest.mark.requirement("A3")
def test_a_unit_that_the_contract_does_not_name_fails_and_so_does_none(snapshot):
    units = {"property": "attending.units", "value": {"A": "mg/dL"}}
    contract = spec(terms=[units])
    good = rows({"numeric_value": 5.0, "unit": "mg/dL"}, {"code": "B", "numeric_value": 1.0})
    assert judged(contract, snapshot, good)["unit.A"].verdict == "met"
    # Text has no unit; a number without one, or in another, does not keep the contract.
    bad = rows({"numeric_value": 5.0}, {"numeric_value": 5.0, "unit": "mmol/L"}, {})
    found = judged(contract, snapshot, bad)["unit.A"]
    assert (found.rows, found.failing, found.severity) == (2, 2, "error")


@pytest.mark.requirement("A2")
def test_a_site_that_falls_silent_for_a_day_breaks_its_volume(snapshot):
    """Totals hide it: the other site sends as before."""
    north = rule(
        "north", "rowCount", {"mustBeGreaterOrEqualTo": 2}, codes=["A"], sites=["NORTH"], per="day"
    )
    both = rule("all", "rowCount", {"mustBeBetween": [2, 6]}, codes=["A"], per="day")
    contract = spec(table=[north, both])
    made = [
        {"known_at": START + timedelta(days=day, hours=hour), "site": site}
        for day in range(6)
        for hour in (1, 2)
        for site in ("NORTH", "SOUTH")
    ]
    whole = judged(contract, snapshot, rows(*made))
    assert (whole["north"].figure, whole["north"].verdict) == (2.0, "met")
    assert whole["all"].verdict == "met"
    dead = [row for row in made if row["site"] == "SOUTH" or row["known_at"].day != 4]
    found = judged(contract, snapshot, rows(*dead))
    assert (found["north"].figure, found["north"].unit, found["north"].verdict) == (
        0.0,
        "rows a day",
        "failed",
    )
    assert found["all"].verdict == "met"
    # The first and the last day are not whole, so that what lacks there is no fault.
    ends = [row for row in made if row["site"] == "SOUTH" or row["known_at"].day not in {1, 6}]
    assert judged(contract, snapshot, rows(*ends))["north"].verdict == "met"


@pytest.mark.requirement("A2")
def test_freshness_is_judged_by_code_and_not_by_the_whole_feed(snapshot):
    daily = {"property": "frequency", "value": 1, "unit": "d"}
    contract = spec(sla=[{**daily, "element": "A"}, daily])
    table = rows({"known_at": START}, {"code": "B", "known_at": START + timedelta(hours=40)})
    now = START + timedelta(hours=41)
    found = judged(contract, snapshot, table, as_of=now)
    assert (found["freshness.0"].figure, found["freshness.0"].verdict) == (41.0, "failed")
    assert (found["freshness.1"].figure, found["freshness.1"].verdict) == (1.0, "met")
    assert found["freshness.0"].severity == "warning"


def test_repeats_are_found_across_shards_when_the_patient_is_no_part_of_the_key(snapshot):
    own = rule("own", "duplicateValues", ZERO, properties=["subject_id", "code"])
    lines = rule("rows", "duplicateValues", ZERO, properties=["source", "source_row"])
    one = rows({"subject_id": 1}, {"subject_id": 2, "source_row": "2"})
    two = rows({"subject_id": 3, "source_row": "2"}, {"subject_id": 3, "source_row": "3"})
    found = judged(spec(table=[own, lines]), snapshot, one, two)
    assert (found["rows"].rows, found["rows"].failing, found["rows"].verdict) == (4, 1, "failed")
    assert (found["own"].rows, found["own"].failing) == (4, 1)


def test_pieces_of_any_size_and_dictionaries_give_the_same_report(snapshot):
    """A slow path counts the same with Python; pieces, dictionaries and order change nothing."""
    often = rule(
        "often", "rowCount", {"mustBeGreaterThan": 0}, codes=["A*"], sites=["NORTH"], per="day"
    )
    ranged = rule("range", "invalidValues", ZERO, codes=["A*"], minimum=2, maximum=8)
    nulls = rule("nulls", "nullValues", ZERO, codes=["AB", "B"])
    soon = {"property": "latency", "value": 1, "unit": "h", "element": "A*"}
    contract = spec(columns=[ranged, nulls], table=[often], sla=[soon])
    draw = np.random.default_rng(3)
    made = [
        {
            "subject_id": int(subject),
            "code": str(draw.choice(["A", "AB", "B"])),
            "numeric_value": None if draw.random() < 0.2 else float(draw.integers(0, 11)),
            "known_at": START + timedelta(minutes=int(draw.integers(0, 9000))),
            "site": str(draw.choice(["NORTH", "SOUTH"])),
        }
        for subject in np.sort(draw.integers(1, 40, 500))
    ]
    events = rows(*made)
    plan = plan_checks(contract, snapshot)
    whole = finish(plan(events), plan=plan)
    coded = events.set_column(
        EVENTS.names.index("code"), "code", events["code"].dictionary_encode()
    )
    cuts = [0, 17, 17, 250, 500]
    pieces = [coded.slice(low, high - low) for low, high in pairwise(cuts)]
    assert finish(pa.concat_tables([plan(piece) for piece in pieces]), plan=plan) == whole
    found = {one.name: one for one in whole.checks}
    numbers = [row["numeric_value"] for row in made if row["code"] in {"A", "AB"}]
    valid = [value for value in numbers if value is not None]
    assert (found["range"].rows, found["range"].failing) == (
        len(valid), sum(not 2 <= value <= 8 for value in valid),
    )  # fmt: skip
    asked = [row["numeric_value"] for row in made if row["code"] in {"AB", "B"}]
    assert (found["nulls"].rows, found["nulls"].failing) == (len(asked), asked.count(None))
    waits = sorted(
        (row["known_at"] - START) / timedelta(minutes=1) for row in made if row["code"] != "B"
    )
    assert found["latency.0"].figure == waits[int(np.ceil(0.95 * len(waits))) - 1] / 60


@pytest.mark.parametrize(
    "senseless",
    [
        rule("x", "missingValues", ZERO),
        rule("x", "nullValues", ZERO, per="day"),
    ],
)
def test_rules_that_make_no_sense_are_refused(senseless):
    with pytest.raises(BadInput, match=r"missingValues|per day"):
        spec(columns=[senseless])


def test_numbers_have_no_words_for_missing(snapshot):
    words = rule("x", "missingValues", ZERO, missingValues=["NULL"])
    with pytest.raises(BadInput, match="words for missing numbers"):
        check(spec(columns=[words]), snapshot, [])
