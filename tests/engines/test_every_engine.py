"""One and the same suite for every engine: what is read, in which order, and what is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from attending.engines.protocol import Engine
from attending.errors import BadInput, IntegrityBroken, Refused
from tests.engines.tables import engine, event, events


def as_they_are(rows):
    """Work that changes nothing."""
    return rows


def test_map_gives_every_row_once_and_calls_each_after_every_shard(over, local, table):
    calls = []
    mapped = over(local.shards)
    found = mapped.map(as_they_are, each=lambda: calls.append(1))
    assert isinstance(mapped, Engine)
    assert found.num_rows == table.num_rows
    assert len(calls) == 3
    order = [subject % 3 for subject in found["subject_id"].to_pylist()]
    assert order == sorted(order)
    backwards = over(local.shards[::-1]).map(as_they_are)
    assert [subject % 3 for subject in backwards["subject_id"].to_pylist()] == order[::-1]


def test_only_the_codes_and_columns_that_are_asked_for_are_given(over, local):
    def work(rows):
        return rows.append_column("seen", pa.array([",".join(rows.column_names)] * rows.num_rows))

    mapped = over(local.shards)
    found = mapped.map(work, codes=["LAB//1", "LAB//2*"], columns=["subject_id", "code"])
    assert set(found["seen"].to_pylist()) == {"subject_id,code"}
    assert set(found["code"].to_pylist()) == {"LAB//1", "LAB//2"}
    without = mapped.map(as_they_are, codes=["LAB//0"], columns=["subject_id"])
    assert without.column_names == ["subject_id"]
    assert without.num_rows == 11 * 13
    assert mapped.only(local.shards[1]).map(as_they_are).num_rows == 4 * 37


def test_one_subject_is_found_wherever_it_lies_and_nobody_is_an_empty_table(over, local):
    mapped = over(local.shards)
    rows = mapped.rows(7)
    assert set(rows["subject_id"].to_pylist()) == {7}
    assert rows.num_rows == 37
    assert rows["time"].to_pylist() == sorted(rows["time"].to_pylist())
    assert mapped.rows(7, codes=["LAB//0"]).num_rows == 13
    assert over(local.shards[::-1]).rows(7).num_rows == 37
    assert mapped.rows(999).num_rows == 0


def test_no_rows_are_worked_as_an_empty_table(over, local):
    found = over(local.shards).map(lambda rows: pa.table({"n": [rows.num_rows]}), codes=["NONE"])
    assert found["n"].to_pylist() == [0]
    assert over([]).map(as_they_are).num_rows == 0


def test_empty_shards_among_others_change_nothing(over, table, local, tmp_path):
    odd = table.filter(pa.array(table["subject_id"].to_numpy() % 7 < 2))
    shards = engine(tmp_path, odd, shards=7).shards
    found = over(shards).map(as_they_are)
    assert found.num_rows == odd.num_rows > 0
    assert set(found["subject_id"].to_pylist()) == {1, 7, 8}


def test_looking_back_leaves_out_what_was_not_yet_known(over, tmp_path):
    rows = events(
        [
            event(1, 1, "LAB", 1.0, known=2, superseded=6),
            event(1, 1, "LAB", 2.0, known=6),
            event(2, 3, "LAB", 3.0, known=30),
        ]
    )
    shards = engine(tmp_path, rows).shards
    hour = 3_600_000_000
    for at, values in ((1, []), (5, [1.0]), (7, [1.0, 2.0]), (30, [3.0, 1.0, 2.0])):
        found = over(shards, as_of=at * hour).map(as_they_are)
        assert found["numeric_value"].to_pylist() == values
    assert over(shards, as_of=5 * hour).rows(1)["superseded_at"].to_pylist() == [None]


def test_the_bits_and_types_of_a_result_are_kept(over, local):
    odd = np.array([0x7FF8_0000_0000_0001, 0xFFF8_0000_0000_0000, 0x8000_0000_0000_0000], np.uint64)

    def work(rows):
        words = pa.array(["a", None, "b"]).dictionary_encode()
        floats = pa.array(odd.view(np.float64))
        when = pa.array([1, None, 3], pa.timestamp("us"))
        return pa.table({"floats": floats, "words": words, "when": when, "n": [rows.num_rows] * 3})

    found = over(local.shards).map(work)
    assert found.schema.field("words").type == pa.dictionary(pa.int32(), pa.string())
    assert found.schema.field("when").type == pa.timestamp("us")
    assert found["floats"].to_numpy().view(np.uint64).tolist() == odd.tolist() * 3
    assert found["words"].to_pylist() == ["a", None, "b"] * 3


def test_a_missing_or_damaged_shard_is_refused_as_broken(over, local, tmp_path):
    with pytest.raises(IntegrityBroken, match="missing or is not a Parquet file"):
        over([*local.shards, tmp_path / "gone.parquet"]).map(as_they_are)
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(local.shards[0].read_bytes()[:-100])
    with pytest.raises(IntegrityBroken):
        over([cut]).rows(7)
    torn = bytearray(local.shards[0].read_bytes())
    torn[100:600] = np.random.default_rng(1).bytes(500)
    cut.write_bytes(bytes(torn))
    with pytest.raises(IntegrityBroken) as refused:
        over([cut]).map(as_they_are)
    assert (refused.value.code, refused.value.where) == ("engine.shard", "cut.parquet")


def test_an_unknown_column_is_refused_and_a_failing_work_stops_the_map(over, local):
    mapped = over(local.shards)
    with pytest.raises(BadInput, match="column 'colour'"):
        mapped.map(as_they_are, columns=["colour"])

    def fails(rows):
        if 1 in rows["subject_id"].to_pylist():
            raise Refused("no", code="test.no", hint="ask again", where="shard one")
        raise BadInput("a later shard")

    with pytest.raises((Refused, BadInput)) as refused:
        over(local.shards[1:]).map(fails)
    told = {"code": "test.no", "message": "no", "hint": "ask again", "where": "shard one"}
    assert isinstance(refused.value, Refused)
    assert refused.value.as_problem() == told
