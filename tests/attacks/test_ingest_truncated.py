"""A cut, padded or altered extract is refused whole; nothing of it is taken in."""

from __future__ import annotations

import hashlib
import json

import pytest

from attending.errors import BadInput, Refused
from attending.ingest.tables import read_text_table
from tests.ingest.handmade import TABLES, ingest, write


def cut_mid_row(data: bytes) -> bytes:
    return data[: len(data) - 40]


def cut_whole_rows(data: bytes) -> bytes:
    return b"".join(data.splitlines(keepends=True)[:-1])


def altered(data: bytes) -> bytes:
    return data.replace(b"9.1", b"1.9", 1)


@pytest.mark.fault("D23")
@pytest.mark.parametrize("damage", [cut_mid_row, cut_whole_rows, altered])
def test_D23_a_damaged_file_refuses_the_whole_batch(tmp_path, damage):
    folder = write(tmp_path / "in")
    labs = folder / "labs.csv"
    labs.write_bytes(damage(labs.read_bytes()))
    columns = ["result_id", "value"]
    table, _ = read_text_table(labs, columns, name="labs.csv")
    assert table.num_rows >= 2  # the control: without totals it reads as a table like any other
    with pytest.raises(Refused) as refusal:
        ingest(folder, tmp_path / "out")
    problem = refusal.value
    assert (problem.code, problem.exit_code, problem.where) == ("ingest.truncated", 3, "labs.csv")
    assert "expected 3 rows" in problem.message
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_control_totals_are_held_even_when_the_digest_fits(tmp_path):
    folder = write(tmp_path / "in")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["vitals.csv"]["rows"] = 5
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(Refused, match="expected 5 rows, got 1"):
        ingest(folder, tmp_path / "out")


@pytest.mark.parametrize(
    "words", ["[]", "{", '{"files": []}', '{"files": {"labs.csv": {"rows": "x", "sha256": 1}}}']
)
def test_a_manifest_that_makes_no_sense_is_bad_input(tmp_path, words):
    folder = write(tmp_path / "in")
    (folder / "manifest.json").write_text(words)
    with pytest.raises(BadInput) as refusal:
        ingest(folder, tmp_path / "out")
    assert refusal.value.code == "ingest.manifest"


def test_text_that_is_not_utf_8_is_bad_input(tmp_path):
    folder = write(tmp_path / "in")
    labs = folder / "labs.csv"
    data = labs.read_bytes().replace(b"NORTH", b"N\xd6RTH", 1)
    labs.write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["labs.csv"]["sha256"] = hashlib.sha256(data).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadInput, match="UTF-8"):
        ingest(folder, tmp_path / "out")


def test_an_extract_without_any_row_gives_an_empty_snapshot(tmp_path):
    empty: dict[str, list[str]] = {name: [] for name in TABLES}
    snapshot = ingest(write(tmp_path / "in", **empty), tmp_path / "out")
    assert (snapshot.rows, snapshot.watermark, snapshot.account.balanced) == (0, None, True)


def test_a_manifest_without_totals_is_refused(tmp_path):
    folder = write(tmp_path / "in")
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["labs.csv"]["sha256"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BadInput, match="sha256"):
        ingest(folder, tmp_path / "out")


def test_a_count_at_which_other_software_stops_is_warned_of(tmp_path):
    vitals = [
        f"V{number},P1,E1,NORTH,8867-4,88,/min,2023-01-05T14:00:00Z,2023-01-05T14:10:00Z"
        for number in range(65_536)
    ]
    snapshot = ingest(write(tmp_path / "in", vitals=vitals), tmp_path / "out")
    assert any("65536" in line for line in snapshot.warnings)


def test_a_full_folder_is_not_written_into(tmp_path):
    from attending.ingest.build import build_snapshot

    with pytest.raises(BadInput, match="empty"):
        build_snapshot("hospital", write(tmp_path / "in"), key=b"k" * 32, out=tmp_path)


def test_no_value_of_a_patient_stands_in_a_refusal_or_in_the_quarantine(tmp_path):
    lost = "SECRETROW,1,final,SECRETPERSON,E1,NORTH,2160-0,777.125,mg/dL,2023-01-06T06:00:00Z,x"
    folder = write(tmp_path / "in", labs=[*TABLES["labs"], lost])
    snapshot = ingest(folder, tmp_path / "out")
    text = snapshot.as_bytes() + (tmp_path / "out" / "quarantine.parquet").read_bytes()
    assert b"SECRETPERSON" not in text
    assert b"777.125" not in snapshot.as_bytes()
