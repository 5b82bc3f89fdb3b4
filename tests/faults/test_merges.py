"""D17 and D18: two records of one person are merged, and two people of one record taken apart.

What ingest does of them, the histories that later steps read, and what features make of those.
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
from attending.engines.local import LocalEngine
from attending.engines.tables import digest_table
from attending.features.build import build
from attending.ingest.merging import Merging
from attending.ingest.pseudonyms import Pseudonyms
from attending.lifecycle.desk import open_desk
from attending.lifecycle.ingesting import held
from attending.records.events import BIRTH, MERGED_BIRTH
from attending.times import parse_instant
from tests.faults.conftest import AT
from tests.features.specs import feature, spec

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


ASKED = spec(
    *(
        feature(f"{name}_{aggregate}", codes=[code], window="ever", aggregate=aggregate)
        for name, code in (("sodium", "LOINC//2951-2"), ("creatinine", "LOINC//2160-0"))
        for aggregate in ("count", "last", "mean", "std", "slope", "time_since_last")
    ),
    feature("stays", codes=["ENCOUNTER//ADMISSION//*"], window="ever", aggregate="count"),
    feature("age", kind="age"),
)


def _features(ward, who, at):
    """Return the feature rows of some patients at an instant, from the newest snapshot."""
    rows = pa.table(
        {
            "subject_id": pa.array(who, pa.int64()),
            "encounter_id": pa.nulls(len(who), pa.int64()),
            "prediction_time": pa.array([at] * len(who), pa.timestamp("us")),
            "index_start": pa.nulls(len(who), pa.timestamp("us")),
        }
    )
    with open_desk(ward.home, at=parse_instant(AT)) as desk:
        return build(ASKED, rows, LocalEngine(held(desk).shards))[1].select(ASKED.names)


@pytest.mark.fault("D17")
def test_d17_features_are_recomputed_from_the_merge_on_and_stay_as_they_were_before(
    ward, monkeypatch
):
    folder, _ = ward.write("D17.told")
    told = Told(ward, folder)
    gone, kept = (list(side) for side in zip(*told.pairs, strict=True))
    before, after = told.at - timedelta(microseconds=1), told.at
    _deaf(ward, folder, monkeypatch)
    # Control: nobody listens, and the kept record's features have half of what happened.
    half = {at: _features(ward, kept, at) for at in (before, after)}
    rest = _features(ward, gone, after)
    ward.ingest(folder)
    assert _features(ward, kept, before).equals(half[before])
    whole = _features(ward, kept, after)
    assert not whole.equals(half[after])
    for name in ("sodium_count", "creatinine_count", "stays"):
        parts = [side[name].to_pylist() for side in (half[after], rest)]
        assert whole[name].to_pylist() == [a + b for a, b in zip(*parts, strict=True)]
    # A score of the record that is gone says nothing of the other patient, and is not silent.
    nobody = _features(ward, gone, after)
    assert nobody["sodium_count"].to_pylist() == [0.0] * len(gone)
    assert nobody["sodium_last"].null_count == nobody["age"].null_count == len(gone)


@pytest.mark.fault("D18")
def test_d18_an_unmerge_gives_every_feature_back_to_the_bit(ward, monkeypatch):
    folder, _ = ward.write("D18.told")
    told = Told(ward, folder)
    everyone = [who for pair in told.pairs for who in pair]
    now = _plain(AT.replace("Z", ""))
    _deaf(ward, folder, monkeypatch)
    alone = digest_table(_features(ward, everyone, now))
    forever = ward.folder / "forever"
    ward.write("D18.told", name="forever")
    _without_undoing(forever)
    ward.ingest(forever)
    # Control: without its undoing, a stranger's results are in the features for ever.
    assert digest_table(_features(ward, everyone, now)) != alone
    ward.ingest(folder)
    assert digest_table(_features(ward, everyone, now)) == alone


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
