"""A snapshot keeps its contract, or the report says which promise broke and by how much."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attending.contract.check import check, finish, partial, plan_checks
from attending.errors import BadInput
from tests.contract.example import contract
from tests.ingest.handmade import TABLES, ingest, write

TIMES = "2023-01-06T06:00:00Z,2023-01-06T08:00:00Z"
NOW = datetime(2023, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory):
    """Return a function that ingests an extract with some tables replaced."""

    def build(**tables):
        folder = tmp_path_factory.mktemp("contract")
        snapshot = ingest(write(folder / "in", **tables), folder / "out")
        return snapshot, [pq.read_table(path) for path in sorted((folder / "out").glob("shard*"))]

    return build


def judged(report, name):
    return next(one for one in report.checks if one.name == name)


def lab(number: int, value: str, unit: str = "mg/dL", site: str = "NORTH") -> str:
    return f"R{number},1,final,P1,E1,{site},2160-0,{value},{unit},{TIMES}"


def test_a_good_extract_keeps_every_promise(taken_in):
    snapshot, shards = taken_in()
    report = check(contract(), snapshot, shards, as_of=snapshot.watermark)
    assert [one.name for one in report.failed] == []
    assert report.met
    assert report.refusal == ""
    assert {one.name for one in report.checks if one.verdict == "not_shown"} == {"read"}


@pytest.mark.requirement("A3")
def test_a_null_rate_above_its_bound_fails(taken_in):
    labs = [lab(1, "1.0"), lab(2, ""), lab(3, "")]
    report = check(contract(), *taken_in(labs=labs))
    found = judged(report, "lab-nulls")
    # Two of three results and one heart rate: 2 of 4 rows.
    assert (found.figure, found.failing, found.rows, found.verdict) == (50.0, 2, 4, "failed")
    assert "lab-nulls: got 50 percent, expected at most 10" in report.refusal
    loose = contract(("mustBeLessOrEqualTo: 10\n", "mustBeLessOrEqualTo: 60\n"))
    assert judged(check(loose, *taken_in(labs=labs)), "lab-nulls").verdict == "met"


@pytest.mark.requirement("A5")
def test_ranges_units_codes_and_duplicates_are_held(taken_in):
    labs = [lab(1, "900"), lab(2, "88.4", "umol/L"), lab(3, "1.0")]
    report = check(contract(), *taken_in(labs=labs))
    assert judged(report, "creatinine-range").failing == 2
    assert judged(report, "creatinine-unit").failing == 1
    assert judged(report, "once").verdict == "met"
    with pytest.raises(BadInput, match="colour"):
        check(contract(("name: unit\n", "name: colour\n")), *taken_in())


def test_an_exact_duplicate_of_an_event_fails(taken_in):
    snapshot, shards = taken_in()
    report = check(contract(), snapshot, [*shards, shards[0], shards[1]])
    assert judged(report, "once").verdict == "met"  # each shard for itself
    twice = [pa.concat_tables([shard, shard]) for shard in shards]
    assert judged(check(contract(), snapshot, twice), "once").failing == snapshot.rows


@pytest.mark.requirement("A4")
def test_a_row_known_before_it_happened_or_in_the_future_fails(taken_in):
    snapshot, shards = taken_in()
    report = check(contract(), snapshot, shards, as_of=datetime(2023, 2, 1, tzinfo=UTC))
    assert judged(report, "no_future_time").verdict == "failed"
    assert judged(check(contract(), snapshot, shards), "known_at_not_before_time").verdict == "met"
    swapped = [
        shard.set_column(1, "time", shard["known_at"]).set_column(6, "known_at", shard["time"])
        for shard in shards
    ]
    found = judged(check(contract(), snapshot, swapped), "known_at_not_before_time")
    assert (found.verdict, found.failing > 0) == ("failed", True)


def test_the_latency_is_the_95th_percentile_to_the_minute(taken_in):
    labs = [
        f"R{n},1,final,P1,E1,NORTH,2160-0,1.0,mg/dL,2023-01-06T06:00:00Z,"
        f"2023-01-06T{6 + n // 60:02}:{n % 60:02}:00Z"
        for n in range(1, 101)
    ]
    report = check(contract(), *taken_in(labs=labs, vitals=[]))
    assert judged(report, "latency.0").figure == pytest.approx(95 / 60)
    tight = contract(("value: 16, unit: h", "value: 94, unit: min"))
    found = judged(check(tight, *taken_in(labs=labs, vitals=[])), "latency.0")
    assert (found.verdict, found.severity) == ("failed", "warning")


def test_counts_of_shards_add_up_whatever_their_number(taken_in, tmp_path):
    spec = contract()
    snapshot, shards = taken_in()
    plan = plan_checks(spec, snapshot)
    apart = finish(pa.concat_tables([partial(one, plan=plan) for one in shards]), plan=plan)
    whole = finish(partial(pa.concat_tables(shards), plan=plan), plan=plan)
    assert apart == whole
    assert set(plan.columns) >= {"numeric_value", "unit", "source_row", "site"}
    pruned = [plan(shard.select(plan.columns)) for shard in shards]
    assert finish(pa.concat_tables(pruned), plan=plan) == apart


@pytest.mark.fault("D12")
def test_D12_a_new_source_system_is_not_a_delivery_of_the_old_one(taken_in):
    snapshot, shards = taken_in()
    moved = snapshot.model_copy(update={"source_system": "new-vendor"})
    assert check(contract(), snapshot, shards).met  # the control: the rows are the same
    report = check(contract(), moved, shards)
    assert judged(report, "source.known").verdict == "failed"
    assert "source.known" in report.refusal


def test_a_site_that_is_not_named_fails(taken_in):
    report = check(contract(), *taken_in(labs=[lab(1, "1.0", site="ELSEWHERE")]))
    assert (judged(report, "site").failing, report.met) == (1, False)


@pytest.mark.requirement("J1")
def test_without_a_permission_or_after_it_nothing_is_trained(taken_in):
    data = taken_in()
    assert judged(check(contract(), *data, as_of=NOW), "permission").verdict == "met"
    late = check(contract(), *data, as_of=datetime(2024, 1, 2, tzinfo=UTC))
    assert judged(late, "permission").verdict == "failed"
    assert "2024-01-01" in judged(late, "permission").detail
    start = contract().model_copy(update={"custom_properties": ()})
    assert not check(start, *data).met


@pytest.mark.requirement("J8")
def test_a_server_outside_the_residency_fails(taken_in):
    abroad = contract(("region: us-east}", "region: elsewhere}"))
    data = taken_in()
    assert judged(check(contract(), *data), "residency").verdict == "met"
    found = judged(check(abroad, *data), "residency")
    assert (found.verdict, found.detail) == ("failed", "outside: lake")


def test_what_was_assumed_and_not_declared_is_a_warning(taken_in):
    snapshot, shards = taken_in(labs=TABLES["labs"])
    from attending.records.snapshot import Availability

    guess = Availability(table="vitals", rule="lag:24h", assumed=True)
    assumed = snapshot.model_copy(update={"availability": (guess,)})
    found = judged(check(contract(), assumed, shards), "availability.declared")
    assert (found.verdict, found.severity) == ("failed", "warning")
    assert "vitals" in found.detail
