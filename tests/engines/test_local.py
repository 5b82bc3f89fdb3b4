"""The local engine reads whole patients, whatever the pieces and however many threads."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attending.engines.local import LocalEngine, Wanted, pieces
from attending.errors import IntegrityBroken
from attending.records.events import EVENTS


def test_pieces_hold_whole_patients_however_small_they_are(local):
    wanted = Wanted(None, ("time", "subject_id"))
    found = list(pieces(local.shards[1], wanted, most_rows=1))
    owners = [set(piece["subject_id"].to_pylist()) for piece in found]
    assert len(found) > 1
    assert all(not (a & b) for i, a in enumerate(owners) for b in owners[i + 1 :])
    assert sum(piece.num_rows for piece in found) == 4 * 37


def test_the_result_is_the_same_with_one_thread_and_with_many(local):
    one = LocalEngine(local.shards, threads=1).map(lambda rows: rows)
    assert one.equals(LocalEngine(local.shards, threads=4).map(lambda rows: rows))


def test_a_column_of_nulls_alone_is_not_read_and_is_there(tmp_path):
    path = tmp_path / "shard-00000.parquet"
    row = {"subject_id": 1, "time": 5, "code": "A", "known_at": 5, "source": "s"}
    rows = pa.Table.from_pylist([row, {**row, "time": 6, "unit": "mg"}], schema=EVENTS)
    pq.write_table(rows, path, row_group_size=1)
    found = LocalEngine([path]).map(lambda table: table)
    assert found.schema.names == EVENTS.names
    assert found["unit"].to_pylist() == [None, "mg"]
    assert found["text_value"].null_count == found["superseded_at"].null_count == 2
    assert LocalEngine([path]).map(lambda table: table, columns=["unit"]).num_rows == 2


def test_that_arrow_gets_no_thread_says_nothing_of_the_shard(local, monkeypatch):
    def raising(said):
        def read(*_, **__):
            raise pa.ArrowException(said)

        return read

    for said, kind in (
        ("Unknown error: Failed to launch worker thread: no memory", MemoryError),
        ("Unknown error: a page is torn", IntegrityBroken),  # the control
    ):
        monkeypatch.setattr(pq.ParquetFile, "read_row_groups", raising(said))
        with pytest.raises(kind):
            LocalEngine(local.shards, threads=1).map(lambda rows: rows)
