"""Snapshots that grow: a day's feed, the same rows again, corrections, looking back, folding."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import csv

from attending.digests import canonical, digest_file
from attending.engines.local import LocalEngine
from attending.errors import BadInput, Refused
from attending.ingest.shards import sorted_events
from attending.lifecycle import auditing, growing, ingesting, simulating, snapshots
from attending.lifecycle.cohorts import build_cohort
from attending.lifecycle.desk import create_home
from attending.lifecycle.examples import copy_example
from attending.lifecycle.featuring import build_features
from attending.lifecycle.projects import open_project
from attending.records.events import BIRTH, plain
from attending.times import parse_instant

FIRST = parse_instant("2024-08-01T06:00:00Z")
SECOND = parse_instant("2024-08-08T06:00:00Z")
THIRD = parse_instant("2024-08-20T06:00:00Z")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Three deliveries: a base, a week's feed, and a further feed; and all of it at once."""
    folder = tmp_path_factory.mktemp("growing")
    hospital = simulating.build_hospital(patients=700, years=3, seed=7)
    simulating.write_source(hospital, folder / "base", until=FIRST)
    simulating.write_source(hospital, folder / "week", until=SECOND, since=FIRST)
    simulating.write_source(hospital, folder / "more", until=THIRD, since=SECOND)
    simulating.write_source(hospital, folder / "whole", until=THIRD)
    desk = create_home(folder / "home", at=FIRST, seed=7)
    base = ingesting.ingest(desk, "hospital", folder / "base", shards=2)
    second = growing.append(replace(desk, at=SECOND), "hospital", folder / "week")
    third = growing.append(replace(desk, at=THIRD), "hospital", folder / "more")
    now = replace(desk, at=THIRD)
    whole = ingesting.ingest(now, "hospital", folder / "whole", shards=2)
    yield SimpleNamespace(
        folder=folder, desk=now, base=base, second=second, third=third, whole=whole
    )
    desk.home.close()


def events(held, engine=None):
    """Return all events in canonical order."""
    return sorted_events((engine or LocalEngine(held.shards)).map(plain))


def lived(table):
    """Return what happened: births and static facts are known from the first stay delivered."""
    happened = pc.and_(table["time"].is_valid(), pc.not_equal(table["code"], BIRTH))
    return table.filter(happened)


def test_two_feeds_on_a_base_hold_what_one_whole_extract_holds(place):
    assert place.third.snapshot.layers == (place.base.digest, place.second.digest)
    grown, whole = events(place.third), events(place.whole)
    assert grown.num_rows == whole.num_rows == place.third.snapshot.rows
    assert place.third.snapshot.subjects == place.whole.snapshot.subjects
    assert lived(grown).equals(lived(whole))
    assert lived(grown)["superseded_at"].null_count < lived(grown).num_rows
    # A refusal: a delivery of another source is no part of it.
    with pytest.raises(BadInput) as refused:
        growing.append(place.desk, "fhir", place.folder / "whole" / "fhir", onto=place.third.digest)
    assert refused.value.code == "ingest.append"


def test_a_feed_costs_a_feed_and_leaves_what_was_there(place):
    files = {path.name: digest_file(path) for path in place.base.folder.glob("*.parquet")}
    assert {one.name: one.digest for one in place.base.snapshot.shards}.items() <= files.items()
    written = sum(one.rows for one in place.second.snapshot.shards)
    assert 0 < written < place.base.snapshot.rows / 50
    assert place.second.snapshot.account.balanced
    assert place.second.snapshot.account.duplicate > 0  # stays that the new rows belong to


@pytest.mark.fault("D19")
def test_all_of_it_delivered_again_is_counted_as_duplicate_and_changes_nothing(place):
    again = growing.append(place.desk, "hospital", place.folder / "whole", onto=place.whole.digest)
    # The control: ingested for itself it is taken in whole.
    assert place.whole.snapshot.account.accepted > 10_000
    account = again.snapshot.account
    assert account.accepted == account.events == 0
    once = place.whole.snapshot.account
    assert account.duplicate == once.accepted + once.duplicate
    assert account.balanced
    assert events(again).equals(events(place.whole))
    assert snapshots.diff(place.desk, place.whole.digest, again.digest) == ()


@pytest.mark.fault("D20")
def test_looking_back_gives_to_the_byte_what_was_there(place):
    for number, (held, at) in enumerate(((place.base, FIRST), (place.second, SECOND))):
        was, seen = (place.folder / f"{what}-{number}" for what in ("was", "seen"))
        snapshots.export(place.desk, was, snapshot=held.digest, at=at)
        snapshots.export(place.desk, seen, snapshot=place.third.digest, at=at)
        files = sorted(path.name for path in was.iterdir())
        assert files == ["shard-00000.parquet", "shard-00001.parquet"]
        assert all((was / name).read_bytes() == (seen / name).read_bytes() for name in files)
    now = events(place.third)
    back = events(place.third, snapshots.as_of(place.desk, place.third, FIRST))
    assert 0 < back.num_rows < now.num_rows
    with pytest.raises(BadInput):
        snapshots.export(place.desk, place.folder / "was-0", snapshot=place.base.digest)


def rewrite(folder, source, *, name, change):
    """Copy a feed with one table changed, its control totals made right again."""
    folder.mkdir()
    for path in source.glob("*.csv"):
        (folder / path.name).write_bytes(path.read_bytes())
    as_text = csv.ConvertOptions(
        column_types={one: pa.string() for one in csv.read_csv(source / name).column_names},
        strings_can_be_null=True,
    )
    table = change(csv.read_csv(source / name, convert_options=as_text))
    csv.write_csv(table, folder / name, csv.WriteOptions(quoting_style="none"))
    lines = (folder / name).read_text().splitlines()
    lines[0] = lines[0].replace('"', "")
    (folder / name).write_text("\n".join(lines) + "\n")
    manifest = json.loads((source / "manifest.json").read_text())
    manifest["files"][name] |= {"rows": table.num_rows, "sha256": digest_file(folder / name)}
    (folder / "manifest.json").write_bytes(canonical(manifest))
    return folder


def only(table, **cells):
    """Return one row with some cells changed."""
    row = table.slice(0, 1).to_pylist()[0] | cells
    return pa.Table.from_pylist([row], schema=table.schema)


@pytest.fixture(scope="module")
def first_result(place):
    """The name of a numeric result of the base that nobody corrected."""
    table = csv.read_csv(place.folder / "base" / "labs.csv")
    counts = Counter(table["result_id"].to_pylist())
    rows = table.to_pylist()
    week = csv.read_csv(place.folder / "week" / "encounters.csv")["encounter_id"].to_pylist()
    return next(
        row for row in rows if counts[row["result_id"]] == 1 and row["encounter_id"] in set(week)
    )


def versions(held, name):
    """Return value and end of every version of a result."""
    table = events(held)
    mine = table.filter(pc.starts_with(table["source_row"], f"{name}/"))
    return [(row["source_row"], row["superseded_at"]) for row in mine.to_pylist()]


def corrected(first_result, **cells):
    """Return a change of labs that delivers a second version of a result."""

    def change(table):
        named = {key: str(value) for key, value in first_result.items() if value is not None}
        later = {"version": "2", "resulted_at": "2024-08-05T00:00:00Z"}
        return only(table, **(named | later | cells))

    return change


@pytest.mark.fault("D21")
def test_a_corrected_result_ends_the_one_before_when_it_became_known(place, first_result):
    name = first_result["result_id"]
    assert versions(place.base, name) == [(f"{name}/1", None)]  # the control: not yet corrected
    feed = rewrite(
        place.folder / "corrected",
        place.folder / "week",
        name="labs.csv",
        change=corrected(first_result, status="corrected", value="9.9"),
    )
    held = growing.append(replace(place.desk, at=THIRD), "hospital", feed, onto=place.base.digest)
    (one, ended), (two, open_end) = sorted(versions(held, name))
    assert (one, two, open_end) == (f"{name}/1", f"{name}/2", None)
    assert ended == parse_instant("2024-08-05T00:00:00Z").replace(tzinfo=None)
    (change,) = [
        found
        for found in snapshots.diff(place.desk, place.base.digest, held.digest)
        if found.vocabulary == "LOINC"
    ]
    vitals = csv.read_csv(place.folder / "week" / "vitals.csv").num_rows
    assert (change.only_first, change.only_second, change.ended) == (0, vitals + 1, 1)


def test_a_retracted_result_ends_without_a_successor(place, first_result):
    name = first_result["result_id"]
    feed = rewrite(
        place.folder / "retracted",
        place.folder / "week",
        name="labs.csv",
        change=corrected(first_result, status="entered-in-error"),
    )
    held = growing.append(replace(place.desk, at=THIRD), "hospital", feed, onto=place.base.digest)
    ((one, ended),) = versions(held, name)
    assert one == f"{name}/1"
    assert ended == parse_instant("2024-08-05T00:00:00Z").replace(tzinfo=None)


def test_an_older_version_that_comes_late_does_not_end_the_newer(place, first_result):
    name = first_result["result_id"]
    newer = corrected(first_result, version="3", status="corrected", value="9.9")
    older = corrected(
        first_result, status="corrected", value="8.8", resulted_at="2024-08-03T00:00:00Z"
    )
    feeds = [
        rewrite(place.folder / word, place.folder / "week", name="labs.csv", change=change)
        for word, change in (("newer", newer), ("older", older))
    ]
    desk = replace(place.desk, at=THIRD)
    held = growing.append(desk, "hospital", feeds[0], onto=place.base.digest)
    held = growing.append(desk, "hospital", feeds[1], onto=held.digest)
    ends = dict(versions(held, name))
    assert ends[f"{name}/3"] is None
    assert ends[f"{name}/2"] == parse_instant("2024-08-05T00:00:00Z").replace(tzinfo=None)
    assert ends[f"{name}/1"] is not None


def test_features_of_a_grown_snapshot_are_those_of_the_whole_one(place):
    folder = copy_example("readmission-synthetic", place.folder / "project")
    project = open_project(folder)
    tables = [
        build_features(
            place.desk, project, build_cohort(place.desk, project, snapshot=held.digest)
        ).table
        for held in (place.third, place.whole)
    ]
    assert tables[0].num_rows > 100
    assert tables[0].equals(tables[1])


def test_folding_keeps_every_event_and_the_sum_of_the_accounts(place):
    folded = snapshots.compact(place.desk, place.third.digest)
    assert folded.snapshot.compacted == place.third.digest
    assert folded.snapshot.layers == ()
    assert events(folded).equals(events(place.third))
    rows_in = [held.snapshot.account.rows_in for held in (place.base, place.second, place.third)]
    assert folded.snapshot.account.rows_in == sum(rows_in)
    assert folded.snapshot.account.balanced
    with pytest.raises(Refused) as refused:
        snapshots.compact(place.desk, folded.digest)
    assert refused.value.code == "snapshot.one_layer"


def test_only_what_nothing_needs_may_go_and_what_is_lost_is_missed(tmp_path):
    hospital = simulating.build_hospital(patients=60, years=2, seed=3)
    for name, until in (("a", "2023-06-01T00:00:00Z"), ("b", "2023-07-01T00:00:00Z")):
        simulating.write_source(hospital, tmp_path / name, until=parse_instant(until))
    desk = create_home(tmp_path / "home", at=FIRST, seed=3)
    old, new = (ingesting.ingest(desk, "hospital", tmp_path / name) for name in ("a", "b"))
    with pytest.raises(Refused) as refused:
        snapshots.let_go(desk, new.digest)
    assert "newest" in refused.value.message
    grown = growing.append(desk, "hospital", tmp_path / "b", onto=old.digest)
    with pytest.raises(Refused) as refused:
        snapshots.let_go(desk, old.digest)
    assert "grown snapshot" in refused.value.message
    assert snapshots.let_go(desk, new.digest).digest == new.digest
    assert not new.folder.exists()
    assert auditing.fsck(desk)["snapshots"] == []
    assert snapshots.missing(desk) == ()
    desk.home.snapshots.delete(grown.digest)  # the control: nobody said so in the ledger
    assert snapshots.missing(desk) == (grown.digest,)
    assert len(auditing.fsck(desk)["snapshots"]) == 1
    desk.home.close()
