"""The local engine reads whole patients, whatever the pieces and however many threads."""

from __future__ import annotations

from attending.engines.local import LocalEngine, Wanted, pieces


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
