"""Faults on demand: the same bytes twice, only what was asked for, and nothing that tells."""

from __future__ import annotations

import csv
import json
from datetime import timedelta

import pytest

from attending.digests import digest_file
from attending.errors import BadInput
from attending.hospital.extract import write_extract
from attending.hospital.faults import FAULTS, write_faulty
from attending.hospital.visible import TABLES
from tests.hospital.reading import rows

_BYTES = {"D23", "D23.page"}


def _lines(path):
    with path.open(encoding="latin-1", newline="") as stream:
        return max(0, sum(1 for _ in csv.reader(line.replace("\0", "") for line in stream)) - 1)


@pytest.mark.parametrize("name", FAULTS.names())
def test_a_fault_is_planted_the_same_twice_and_its_source_believes_in_its_totals(
    name, hospital, plan, extract, tmp_path
):
    folders = [tmp_path / "one", tmp_path / "two"]
    planted = [write_faulty(hospital, at, fault=name, until=plan.end) for at in folders]
    files = sorted(path.name for path in folders[0].glob("*.csv"))
    assert {*files} - {"merges.csv"} == {f"{table}.csv" for table in TABLES}
    assert planted[0] == planted[1]
    assert planted[0].planted > 0
    for file in (*files, "manifest.json"):
        assert (folders[0] / file).read_bytes() == (folders[1] / file).read_bytes(), file
    sound = {path.name: path.read_bytes() for path in extract.glob("*.csv")}
    assert any((folders[0] / f).read_bytes() != sound.get(f) for f in files)
    told = json.loads((folders[0] / "manifest.json").read_bytes())
    assert name.encode() not in (folders[0] / "manifest.json").read_bytes()
    whole = {f: told["files"][f]["sha256"] == digest_file(folders[0] / f) for f in files}
    assert all(whole.values()) is (name not in _BYTES)
    if name not in _BYTES:
        for file in files:
            assert told["files"][file]["rows"] == _lines(folders[0] / file), file


def test_a_fault_leaves_what_came_before_it_as_it_was(hospital, plan, extract, tmp_path):
    since = plan.start + timedelta(days=500)
    write_faulty(hospital, tmp_path, fault="D06", until=plan.end, since=since)
    sound, faulty = rows(extract, "labs"), rows(tmp_path, "labs")
    changed = [new for old, new in zip(sound, faulty, strict=True) if old != new]
    assert {row["loinc"] for row in changed} == {"2345-7", "2160-0"}
    assert min(row["collected_at"] for row in changed) >= f"{since:%Y-%m-%dT%H:%M:%SZ}"
    assert all(row["unit"] == "mg/dL" for row in changed)


def test_a_fault_of_one_site_leaves_the_others_alone(hospital, plan, extract, tmp_path):
    write_faulty(hospital, tmp_path, fault="D07", until=plan.end, site="CITY")
    pairs = zip(rows(extract, "labs"), rows(tmp_path, "labs"), strict=True)
    assert {new["site"] for old, new in pairs if old != new} == {"CITY"}


def test_a_lost_feed_loses_one_analyte_only(hospital, plan, extract, tmp_path):
    planted = write_faulty(hospital, tmp_path, fault="D11", until=plan.end)
    sound, faulty = rows(extract, "labs"), rows(tmp_path, "labs")
    assert len(sound) - len(faulty) == planted.planted
    kept = [row for row in sound if row["loinc"] != "2823-3"]
    assert [row for row in faulty if row["loinc"] != "2823-3"] == kept


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"fault": "D99"}, "fault.unknown"),
        ({"fault": "D07", "site": "ELSEWHERE"}, "hospital.site"),
        ({"fault": "D07", "until": -1}, "hospital.until"),
        ({"fault": "D26", "since": 729}, "hospital.nothing_planted"),
    ],
)
def test_what_cannot_be_planted_is_refused_and_nothing_is_written(
    asked, code, hospital, plan, tmp_path
):
    told = {"until": plan.end} | asked
    for name in ("until", "since"):
        if isinstance(told.get(name), int):
            told[name] = plan.start + timedelta(days=told[name], hours=12)
    with pytest.raises(BadInput) as refusal:
        write_faulty(hospital, tmp_path / "x", **told)
    assert refusal.value.code == code
    assert not (tmp_path / "x").exists()


def test_a_sound_extract_is_the_same_as_before_there_were_faults(hospital, plan, extract, tmp_path):
    write_extract(hospital, tmp_path, until=plan.end)
    assert (tmp_path / "manifest.json").read_bytes() == (extract / "manifest.json").read_bytes()
