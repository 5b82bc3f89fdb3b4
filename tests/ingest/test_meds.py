"""MEDS in and out: nothing is lost, and the standard's own validators have nothing to say."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attending.errors import BadInput, NotFound
from attending.ingest import meds
from attending.lifecycle.desk import open_or_create
from attending.lifecycle.exporting import export_meds
from attending.lifecycle.ingesting import ingest
from attending.records.events import EVENTS
from tests.ingest import handmade

AT = datetime(2026, 6, 1, tzinfo=UTC)


def whole(held) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in held.shards])


@pytest.fixture
def exported(tmp_path):
    extract = handmade.write(tmp_path / "extract")
    with open_or_create(tmp_path / "home", at=AT, seed=1) as desk:
        held = ingest(desk, "hospital", extract)
        rows = export_meds(desk, held, tmp_path / "meds")
        actions = [entry.action for entry in desk.home.ledger.entries(0, desk.home.ledger.size)]
    assert actions[-1] == "snapshot.export"
    return tmp_path / "meds", whole(held), rows


def test_events_to_meds_to_events_loses_nothing(exported, tmp_path):
    folder, events, rows = exported
    assert rows == events.num_rows > 0
    # Another home with another key: what we wrote are pseudonyms already.
    with open_or_create(tmp_path / "other", at=AT, seed=2) as desk:
        back = ingest(desk, "meds", folder)
        again = whole(back)
    assert again.equals(events)
    assert back.snapshot.account.balanced
    assert (back.snapshot.synthetic, back.snapshot.time_zone) == (True, "UTC")


def test_the_validators_of_meds_find_nothing(exported):
    standard = pytest.importorskip("meds")
    folder, events, _ = exported
    files = sorted((folder / "data").glob("*.parquet"))
    assert len(files) == 2
    seen: set[int] = set()
    for path in files:
        table = pq.ParquetFile(path).read()
        standard.DataSchema.validate(table)
        assert meds.check_order(table)
        here = set(table["subject_id"].to_pylist())
        assert not here & seen
        seen |= here
    codes = pq.read_table(folder / meds.CODES)
    standard.CodeMetadataSchema.validate(codes)
    assert set(codes["code"].to_pylist()) == set(events["code"].to_pylist())
    standard.DatasetMetadataSchema.validate(json.loads((folder / meds.DATASET).read_text()))


def foreign(tmp_path, table: pa.Table):
    (tmp_path / "foreign" / "data" / "train").mkdir(parents=True)
    pq.write_table(table, tmp_path / "foreign" / "data" / "train" / "0.parquet")
    return tmp_path / "foreign"


def rows_of(**columns) -> pa.Table:
    time = pa.array([None, 10, 20], pa.timestamp("us"))
    return pa.table({"subject_id": [7, 7, 7], "time": time, "code": ["G", "A", "B"]} | columns)


def test_a_dataset_with_one_clock_is_marked_and_its_ids_are_hashed(tmp_path):
    folder = foreign(tmp_path, rows_of(numeric_value=pa.array([None, float("nan"), 2.5], "f4")))
    with open_or_create(tmp_path / "home", at=AT) as desk:
        held = ingest(desk, "meds", folder)
        events = whole(held)
    assert held.snapshot.time_zone == "floating"
    assert [(one.rule, one.assumed) for one in held.snapshot.availability] == [("same", True)]
    assert events["known_at"].cast("int64").to_pylist() == [10, 10, 20]
    assert events["numeric_value"].to_pylist() == [None, None, 2.5]
    assert events["subject_id"].to_pylist() != [7, 7, 7]


def test_what_is_no_meds_dataset_is_refused(tmp_path):
    with open_or_create(tmp_path / "home", at=AT) as desk:
        with pytest.raises(NotFound, match="data/"):
            ingest(desk, "meds", tmp_path)
        folder = foreign(tmp_path, rows_of().drop_columns(["code"]))
        with pytest.raises(BadInput, match="'code' is missing"):
            ingest(desk, "meds", folder)
        (folder / "metadata").mkdir()
        (folder / meds.DATASET).write_text("[]")
        with pytest.raises(BadInput, match="JSON object"):
            ingest(desk, "meds", folder)


def test_extensions_are_named_in_the_dataset(exported):
    folder, _, _ = exported
    about = json.loads((folder / meds.DATASET).read_text())
    named = about["other_extension_columns"] + ["site", "encounter_id", *meds.STANDARD]
    assert sorted(named) == sorted(EVENTS.names)


def test_an_export_never_writes_over_anything(exported, tmp_path):
    folder, _, _ = exported
    with open_or_create(tmp_path / "home", at=AT) as desk:
        held = ingest(desk, "hospital", tmp_path / "extract")
        with pytest.raises(BadInput, match="there already"):
            export_meds(desk, held, folder)
