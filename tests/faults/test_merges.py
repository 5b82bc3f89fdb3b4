"""D17 and D18: two records of one person are merged, and two people of one record taken apart.

What ingest does of them: the histories that later steps read.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from attending.digests import canonical, digest_file
from attending.ingest.merging import Merging
from attending.ingest.pseudonyms import Pseudonyms
from attending.lifecycle.desk import open_desk
from attending.records.events import BIRTH, MERGED_BIRTH
from attending.times import parse_instant
from tests.faults.conftest import AT

_WHAT = ("code", "time", "numeric_value", "text_value", "unit", "encounter_id", "source_row")


class Told:
    """What the table of merges of an extract says, by pseudonyms."""

    def __init__(self, ward, folder) -> None:
        with (folder / "merges.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        with open_desk(ward.home, at=parse_instant(AT)) as desk:
            keys = Pseudonyms(desk.home.pseudonym_key())
        columns = [pa.array([row[name] for row in rows]) for name in ("gone", "kept")]
        self.pairs = list(zip(*(keys.subject(one).to_pylist() for one in columns), strict=True))
        self.at = _plain(rows[0]["merged_at"])
        self.undone_at = _plain(rows[0]["undone_at"]) if rows[0]["undone_at"] else None


def _plain(text):
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _histories(events):
    found: dict[int, list[dict[str, Any]]] = {}
    for row in events.to_pylist():
        found.setdefault(row["subject_id"], []).append(row)
    return found


def _facts(rows, at=None):
    """Return what a history says at an instant, now when absent."""
    return Counter(
        tuple(BIRTH if one[name] == MERGED_BIRTH else one[name] for name in _WHAT)
        for one in rows
        if (at is None or one["known_at"] <= at)
        and (one["superseded_at"] is None or (at is not None and one["superseded_at"] > at))
    )


def _deaf(ward, folder, monkeypatch):
    """Ingest without listening to merges, and return the histories."""
    with monkeypatch.context() as off:
        off.setattr(Merging, "add", lambda *_: None)
        ward.ingest(folder)
    return _histories(ward.events())


@pytest.mark.fault("D17")
def test_d17_the_facts_of_a_merged_record_are_the_kept_ones_from_the_merge_on(ward, monkeypatch):
    folder, _ = ward.write("D17.told")
    told = Told(ward, folder)
    # Control: nobody listens, and a patient has half a history under each of two records.
    apart = _deaf(ward, folder, monkeypatch)
    lost = sum(_facts(apart.get(gone, ())).total() for gone, _ in told.pairs)
    assert lost > 100
    # Guard: since the merge the kept record has both, and the other is nobody's.
    said = ward.ingest(folder).json
    assert said["balanced"]
    assert said["merges"]["in_force"] == len(told.pairs)
    assert said["tables"]["merges"]["accepted"] == len(told.pairs)
    one = _histories(ward.events())
    for gone, kept in told.pairs:
        assert _facts(one[kept]) == _facts(apart[kept]) + _facts(apart.get(gone, ()))
        assert not _facts(one.get(gone, ()))
        assert Counter(row["code"] for row in one[kept] if not row["superseded_at"])[BIRTH] == 1
    # Before it both were as they were, and no other patient is touched.
    touched = {who for pair in told.pairs for who in pair}
    just_before = told.at - timedelta(microseconds=1)
    for who in touched:
        assert _facts(one.get(who, ()), just_before) == _facts(apart.get(who, ()), just_before)
    assert all(one[who] == apart[who] for who in apart.keys() - touched)


@pytest.mark.fault("D18")
def test_d18_an_unmerge_gives_both_histories_back_as_they_were(ward, monkeypatch):
    folder, _ = ward.write("D18.told")
    told = Told(ward, folder)
    assert told.undone_at is not None
    alone = _deaf(ward, folder, monkeypatch)
    # Control: without its undoing, a stranger's facts stay in the record for ever.
    forever = ward.folder / "forever"
    ward.write("D18.told", name="forever")
    _without_undoing(forever)
    ward.ingest(forever)
    mixed = _histories(ward.events())
    assert all(_facts(mixed[kept]) != _facts(alone[kept]) for _, kept in told.pairs)
    # Guard: since the undoing both hold the same facts as before, though in between one held both.
    said = ward.ingest(folder).json
    assert said["balanced"]
    assert said["merges"]["undone"] == len(told.pairs)
    assert said["merges"]["in_force"] == 0
    one = _histories(ward.events())
    between = told.at + (told.undone_at - told.at) / 2
    for gone, kept in told.pairs:
        assert _facts(one[kept]) == _facts(alone[kept])
        assert _facts(one.get(gone, ())) == _facts(alone.get(gone, ()))
        both = _facts(alone[kept], between) + _facts(alone.get(gone, ()), between)
        assert _facts(one[kept], between) == both
        assert not _facts(one.get(gone, ()), between)


def _without_undoing(folder):
    """Take the undoing out of an extract's merges, its control totals made right again."""
    path = folder / "merges.csv"
    lines = path.read_text().splitlines()
    path.write_text(
        "".join(
            f"{line.rpartition(',')[0]},{'' if n else 'undone_at'}\n"
            for n, line in enumerate(lines)
        )
    )
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["merges.csv"]["sha256"] = digest_file(path)
    (folder / "manifest.json").write_bytes(canonical(manifest))
