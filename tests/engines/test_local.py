"""The local engine reads whole patients, only what is asked for, and refuses broken shards."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from attending.engines.local import LocalEngine, Wanted, pieces
from attending.engines.protocol import Engine
from attending.errors import BadInput, IntegrityBroken
from tests.engines.tables import engine, event, events


@pytest.fixture(scope="module")
def table():
    return events(
        [
            event(subject, hour, f"LAB//{hour % 3}", float(hour))
            for subject in range(1, 12)
            for hour in range(37)
        ]
    )


@pytest.fixture(scope="module")
def local(table, tmp_path_factory):
    return engine(tmp_path_factory.mktemp("shards"), table, shards=3)


def test_map_gives_every_row_once_and_calls_each_after_every_shard(local, table):
    calls = []
    found = local.map(lambda rows: rows, each=lambda: calls.append(1))
    assert isinstance(local, Engine)
    assert found.num_rows == table.num_rows
    assert len(calls) == 3
    order = [subject % 3 for subject in found["subject_id"].to_pylist()]
    assert order == sorted(order)


def test_only_the_codes_and_columns_that_are_asked_for_are_given(local):
    seen = []

    def work(rows):
        seen.append(tuple(rows.column_names))
        return rows

    found = local.map(work, codes=["LAB//1", "LAB//2*"], columns=["subject_id", "code"])
    assert set(seen) == {("subject_id", "code")}
    assert set(found["code"].to_pylist()) == {"LAB//1", "LAB//2"}
    without = local.map(lambda rows: rows, codes=["LAB//0"], columns=["subject_id"])
    assert without.column_names == ["subject_id"]
    assert without.num_rows == 11 * 13


def test_pieces_hold_whole_patients_however_small_they_are(local):
    wanted = Wanted(None, ("time", "subject_id"))
    found = list(pieces(local.shards[1], wanted, most_rows=1))
    owners = [set(piece["subject_id"].to_pylist()) for piece in found]
    assert len(found) > 1
    assert all(not (a & b) for i, a in enumerate(owners) for b in owners[i + 1 :])
    assert sum(piece.num_rows for piece in found) == 4 * 37


def test_one_subject_is_found_wherever_it_lies_and_nobody_is_an_empty_table(local, table):
    rows = local.rows(7)
    assert set(rows["subject_id"].to_pylist()) == {7}
    assert rows.num_rows == 37
    assert rows["time"].to_pylist() == sorted(rows["time"].to_pylist())
    assert local.rows(7, codes=["LAB//0"]).num_rows == 13
    elsewhere = LocalEngine(local.shards[::-1])
    assert elsewhere.rows(7).num_rows == 37
    assert local.rows(999).num_rows == 0


def test_the_result_is_the_same_with_one_thread_and_with_many(local):
    one = LocalEngine(local.shards, threads=1).map(lambda rows: rows)
    assert one.equals(LocalEngine(local.shards, threads=4).map(lambda rows: rows))


def test_no_rows_are_worked_as_an_empty_table(local):
    found = local.map(lambda rows: pa.table({"n": [rows.num_rows]}), codes=["NONE"])
    assert found["n"].to_pylist() == [0]
    assert LocalEngine([]).map(lambda rows: rows).num_rows == 0


def test_a_missing_or_damaged_shard_is_refused_as_broken(local, tmp_path):
    with pytest.raises(IntegrityBroken, match="missing or is not a Parquet file"):
        LocalEngine([tmp_path / "gone.parquet"]).map(lambda rows: rows)
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(local.shards[0].read_bytes()[:-100])
    with pytest.raises(IntegrityBroken):
        LocalEngine([cut]).rows(7)
    torn = bytearray(local.shards[0].read_bytes())
    torn[100:600] = np.random.default_rng(1).bytes(500)
    cut.write_bytes(bytes(torn))
    with pytest.raises(IntegrityBroken):
        LocalEngine([cut]).map(lambda rows: rows)


def test_an_unknown_column_is_refused_and_a_failing_work_stops_the_map(local):
    with pytest.raises(BadInput, match="column 'colour'"):
        local.map(lambda rows: rows, columns=["colour"])

    def fails(rows):
        raise BadInput("no", code="test.no")

    with pytest.raises(BadInput, match="no"):
        local.map(fails)
