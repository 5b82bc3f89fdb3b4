"""Old and new data side by side: every row on one side or the other, the most changed first."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from attending.contract.side_by_side import PARTIAL_SIDE, partial_side, side_by_side
from tests.contract.test_inputs import lab, taken


def side(folder, *rows):
    snapshot, shards = taken(folder, labs=list(rows))
    return snapshot, pa.concat_tables([partial_side(shard) for shard in shards])


@pytest.fixture
def compared(tmp_path):
    old = side(tmp_path / "a", lab(1, "1.0", "mg/dL"), lab(2, "2.0", "mg/dL"))
    renamed = lab(3, "4.0", "mg/dL").replace("2160-0", "9999-9")
    new = side(tmp_path / "b", lab(1, "88.4", "umol/L"), renamed, lab(4, "2.5", "mg/dL"))
    return old, new, side_by_side(old, new)


def test_a_unit_that_is_new_and_a_code_that_both_have_stand_apart(compared):
    labs = {(one.code, one.unit): one for one in compared[2].sides if one.table == "labs"}
    both = labs["LOINC//2160-0", "mg/dL"]
    assert (both.status, both.rows_before, both.rows_after) == ("both", 2, 1)
    assert (both.patients_before, both.patients_after) == (1, 1)
    assert (both.mean_before, both.mean_after) == (1.5, 2.5)
    other = labs["LOINC//2160-0", "umol/L"]
    assert (other.status, other.rows_before, other.rows_after) == ("new", 0, 1)
    assert (other.mean_before, round(other.mean_after or 0, 1)) == (None, 88.4)
    assert labs["LOINC//9999-9", "mg/dL"].status == "new"


def test_every_row_is_counted_once_and_what_is_gone_or_new_comes_first(compared):
    (old, was), (new, now), found = compared
    assert sum(one.rows_before for one in found.sides) == old.rows == pc.sum(was["rows"]).as_py()
    assert sum(one.rows_after for one in found.sides) == new.rows == pc.sum(now["rows"]).as_py()
    order = [("gone", "new", "both").index(one.status) for one in found.sides]
    assert order == sorted(order)
    backwards = side_by_side((new, now), (old, was))
    assert [one.status for one in backwards.sides].count("gone") == order.count(1)


def test_a_snapshot_without_rows_is_compared_too(compared):
    old, _, _ = compared
    nobody = old[0].model_copy(update={"subjects": 0, "rows": 0})
    found = side_by_side(old, (nobody, PARTIAL_SIDE.empty_table()))
    assert {one.status for one in found.sides} == {"gone"}
