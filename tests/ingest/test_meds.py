"""MEDS in and out: nothing is lost on the way, and another's dataset has one clock."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from meds import schema as meds

from attending.errors import BadInput, NotFound, Refused
from attending.ingest.build import build_snapshot
from attending.ingest.shards import sorted_events
from attending.lifecycle import ingesting, simulating, snapshots
from attending.lifecycle.desk import create_home
from attending.times import parse_instant

AT = parse_instant("2024-08-01T06:00:00Z")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A snapshot of the hospital, and the MEDS dataset made of it."""
    folder = tmp_path_factory.mktemp("meds")
    hospital = simulating.build_hospital(patients=200, years=3, seed=7)
    simulating.write_source(hospital, folder / "extract", until=AT)
    desk = create_home(folder / "home", at=AT, seed=7)
    held = ingesting.ingest(desk, "hospital", folder / "extract")
    rows = snapshots.export(desk, folder / "meds", meds=True)
    yield desk, held, folder / "meds", rows
    desk.home.close()


def events(paths):
    return sorted_events(pa.concat_tables([pq.read_table(path) for path in paths]))


def test_events_to_meds_to_events_loses_nothing(exported):
    desk, held, folder, rows = exported
    back = ingesting.ingest(desk, "meds", folder)
    assert back.snapshot.rows == rows == held.snapshot.rows
    assert back.snapshot.account.balanced
    assert events(back.shards).equals(events(held.shards))
    said = back.snapshot
    assert (said.time_zone, said.synthetic) == ("UTC", True)
    assert {(a.table, a.rule, a.assumed) for a in said.availability} == {
        (a.table, a.rule, a.assumed) for a in held.snapshot.availability
    }


def test_what_we_write_is_what_the_standard_asks_for(exported):
    _, _, folder, _ = exported
    codes = pq.read_table(folder / meds.code_metadata_filepath)
    meds.CodeMetadataSchema.validate(codes)
    meds.DatasetMetadataSchema.validate(
        json.loads((folder / meds.dataset_metadata_filepath).read_text())
    )
    seen: set[int] = set()
    known = set(codes["code"].to_pylist())
    for path in sorted((folder / meds.data_subdirectory).glob("*.parquet")):
        table = pq.read_table(path)
        meds.DataSchema.validate(table)
        subjects = table["subject_id"].to_pylist()
        order = list(dict.fromkeys(subjects))
        assert len(order) == len(set(order))  # a subject's rows stand together ...
        assert [s for s in order for _ in range(subjects.count(s))][: len(subjects)] == subjects
        assert not seen & set(order)  # ... in one file
        seen |= set(order)
        assert set(pc.unique(table["code"]).to_pylist()) <= known
        for subject in order[:20]:
            times = table.filter(pc.equal(table["subject_id"], subject))["time"].to_pylist()
            nulls = sum(time is None for time in times)
            assert times[:nulls] == [None] * nulls
            assert times[nulls:] == sorted(times[nulls:])


def foreign(folder, **changes):
    """Write a dataset that others made, with one clock."""
    (folder / "data" / "train").mkdir(parents=True)
    (folder / "metadata").mkdir()
    rows = [
        {"subject_id": 7, "time": None, "code": "GENDER//F", "numeric_value": None},
        {"subject_id": 7, "time": AT.replace(tzinfo=None), "code": "LAB//1", "numeric_value": 1.5},
        {"subject_id": 8, "time": AT.replace(tzinfo=None), "code": "LAB//1", "numeric_value": None},
    ]
    schema = pa.schema(
        [
            ("subject_id", pa.int64()),
            ("time", pa.timestamp("us")),
            ("code", pa.string()),
            ("numeric_value", pa.float32()),
        ]
    )
    table = pa.Table.from_pylist(rows, schema=schema)
    for name, column in changes.items():
        table = table.drop_columns([name]) if column is None else table.append_column(name, column)
    pq.write_table(table, folder / "data" / "train" / "0.parquet")
    said = {"dataset_name": "other", "dataset_version": "1", "meds_version": "0.4.1"}
    (folder / "metadata" / "dataset.json").write_text(json.dumps(said))
    return folder


def read(folder, out):
    out.mkdir()
    snapshot = build_snapshot("meds", folder, key=b"k" * 32, out=out)
    return snapshot, events([out / one.name for one in snapshot.shards])


def test_a_dataset_of_others_has_one_clock_and_that_is_told(tmp_path):
    snapshot, table = read(foreign(tmp_path / "other"), tmp_path / "out")
    assert (snapshot.source_system, snapshot.time_zone) == ("other", "floating")
    assert [(one.rule, one.assumed, one.rows) for one in snapshot.availability] == [
        ("same", True, 3)
    ]
    assert 7 not in table["subject_id"].to_pylist()  # a pseudonym of this home
    static = table.filter(table["time"].is_null()).to_pylist()
    assert [row["known_at"] for row in static] == [AT.replace(tzinfo=None)]
    known = pa.array([None, AT.replace(tzinfo=None), None], pa.timestamp("us"))
    with_one = foreign(tmp_path / "two-clocks", known_at=known)
    told, _ = read(with_one, tmp_path / "out2")
    assert {(one.rule, one.rows) for one in told.availability} == {("same", 2), ("recorded", 1)}


def test_what_is_no_dataset_is_refused(tmp_path):
    with pytest.raises(NotFound):
        read(tmp_path / "nowhere", tmp_path / "none")
    folder = foreign(tmp_path / "columns", code=None)
    with pytest.raises(BadInput) as refused:
        read(folder, tmp_path / "out")
    assert refused.value.code == "ingest.missing_column"
    whole = foreign(tmp_path / "cut")
    path = whole / "data" / "train" / "0.parquet"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(Refused) as cut:
        read(whole, tmp_path / "out2")
    assert cut.value.code == "ingest.truncated"
    (whole / "metadata" / "dataset.json").write_text("[]")
    with pytest.raises(BadInput):
        read(whole, tmp_path / "out3")
