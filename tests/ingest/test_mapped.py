"""Any table by a mapping: codes, times and zones, availability, units, duplicates, refusals."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from attending.digests import digest_file
from attending.errors import BadInput, Refused
from attending.ingest import csv_blocks as blocks_module
from attending.ingest.build import build_snapshot
from attending.ingest.mapped import mapped_source
from attending.specs.mapping import MappingSpec
from attending.specs.read_yaml import parse_spec

KEY = b"k" * 32
LABS = """row,patient,visit,ward,test,drawn,stored,value,unit
1,p1,v1,A,GLU,2026-03-08T01:30:00,2026-03-08T05:00:00Z,5.4,mmol/L
2,p1,v1,A,GLU,2026-03-08 02:30:00,2026-03-08T06:00:00Z,6.1,mmol/L
3,p1,v1,A,CRE,2026-11-01 01:30:00,2026-11-01T09:00:00Z,88,umol/L
4,p1,v1,A,CRE,2026-11-01T01:30:00-04:00,2026-11-01T09:00:00Z,90,umol/L
5,p2,v9,B,GLU,soon,2026-03-08T06:00:00Z,4.4,mmol/L
6,p2,v9,B,GLU,2026-03-09 10:00:00,2026-03-09T16:00:00Z,4.4,furlong
7,p2,v9,B,GLU,2026-03-09 10:00:00,,4.4,mmol/L
8,p2,v9,B,GLU,2026-03-09 10:00:00,2026-03-09T16:00:00Z,<0.1,mmol/L
8,p2,v9,B,GLU,2026-03-09 10:00:00,2026-03-09T16:00:00Z,<0.1,mmol/L
9,,v9,B,GLU,2026-03-09 10:00:00,2026-03-09T16:00:00Z,4.4,mmol/L
10,p2,v9,B,?,2026-03-09 10:00:00,2026-03-09T16:00:00Z,4.4,mmol/L
"""
MAPPING = """
system: lab
version: "1"
time_zone: America/New_York
tables:
  - name: results
    file: labs.csv
    nulls: ["?"]
    row_id: [row]
    subject: patient
    encounter: visit
    site: ward
    known_at: {rule: recorded, columns: [stored]}
    events:
      - code: ["LAB//{test}"]
        time: {columns: [drawn]}
        value: value
        unit: unit
"""


def spec(text=MAPPING):
    return parse_spec(text.encode(), MappingSpec, name="mapping.yaml")


def ingest(folder, text=MAPPING, **more):
    out = folder / "out"
    out.mkdir()
    source = mapped_source(spec(text))
    snapshot = build_snapshot("mapped", folder, key=KEY, out=out, source=source, **more)
    tables = [pq.read_table(out / one.name) for one in snapshot.shards]
    return snapshot, pa.concat_tables(tables)


@pytest.fixture
def labs(tmp_path):
    (tmp_path / "labs.csv").write_text(LABS)
    return tmp_path


@pytest.mark.requirement("A10")
def test_columns_become_events_and_every_row_is_accounted_for(labs):
    snapshot, events = ingest(labs)
    account = snapshot.account
    assert account.balanced
    assert (account.rows_in, account.accepted, account.duplicate, account.rejected) == (11, 3, 1, 1)
    # A refusal: what cannot be trusted is set aside with its reason, and nothing is guessed.
    assert account.quarantined_by_reason == {
        "dst_gap": 1,
        "dst_repeated": 1,
        "no_known_at": 1,
        "no_time": 1,
        "unknown_patient": 1,
        "unknown_unit": 1,
    }
    assert set(events["code"].to_pylist()) == {"LAB//GLU", "LAB//CRE"}
    assert set(events["source"].to_pylist()) == {"lab/results"}
    assert set(events["site"].to_pylist()) == {"A", "B"}
    assert [(item.rule, item.assumed) for item in snapshot.availability] == [("recorded", False)]


@pytest.mark.fault("D14")
def test_local_time_becomes_utc_and_a_repeated_hour_needs_an_offset(labs):
    _, events = ingest(labs)
    at = {row["source_row"]: str(row["time"]) for row in events.to_pylist()}
    assert at["1"] == "2026-03-08 06:30:00"  # an hour before the clocks go forward
    assert "3" not in at  # shown twice by the clock, without an offset
    assert at["4"] == "2026-11-01 05:30:00"  # with one it is an instant
    naive = MAPPING.replace("America/New_York", "floating")
    (labs / "out").rename(labs / "first")
    _, floating = ingest(labs, naive)
    # The control: without a zone both readings of the repeated hour are taken as they stand.
    assert {"3", "4"} <= set(floating["source_row"].to_pylist())


def test_text_that_is_no_number_stays_text(labs):
    _, events = ingest(labs)
    censored = events.filter(pc.equal(events["source_row"], "8")).to_pylist()
    assert [(row["numeric_value"], row["text_value"]) for row in censored] == [(None, "<0.1")]


TOTALS = MAPPING.replace(
    "tables:\n", "totals: {file: totals.csv, name: file, rows: rows, sha256: sha256}\ntables:\n"
)


def _totals(folder, rows, digest=""):
    (folder / "totals.csv").write_text(f"file,rows,sha256\nlabs.csv,{rows},{digest}\n")


@pytest.mark.fault("D23")
def test_d23_a_delivery_that_is_not_what_its_control_totals_say_is_refused_whole(labs):
    whole = digest_file(labs / "labs.csv")
    _totals(labs, 11, whole)
    assert ingest(labs, TOTALS)[0].account.rows_in == 11
    text = (labs / "labs.csv").read_text()
    (labs / "labs.csv").write_text("\n".join(text.splitlines()[:-1]) + "\n")
    (labs / "out").rename(labs / "first")
    # Control: without totals nobody misses the last line.
    assert ingest(labs)[0].account.rows_in == 10
    (labs / "out").rename(labs / "second")
    refusals = (("11", whole), ("11", ""), ("9", ""))
    for rows, digest in refusals:
        _totals(labs, rows, digest)
        with pytest.raises(Refused) as refused:
            ingest(labs, TOTALS)
        assert refused.value.code == "ingest.control_total"
        for path in (labs / "out").iterdir():
            path.unlink()
        (labs / "out").rmdir()
    for rows in ("", "-1", "many"):
        _totals(labs, rows)
        with pytest.raises(BadInput) as odd:
            ingest(labs, TOTALS)
        assert odd.value.code == "ingest.control_totals"
        (labs / "out").rmdir()
    (labs / "totals.csv").write_text("file,rows,sha256\nother.csv,10,\n")
    with pytest.raises(Refused, match="do not name this file"):
        ingest(labs, TOTALS)


def test_a_number_that_is_written_otherwise_is_set_aside_and_never_guessed(labs):
    rows = (labs / "labs.csv").read_text()
    (labs / "labs.csv").write_text(rows.replace(",5.4,", ',"5,4",'))
    snapshot, _ = ingest(labs)
    assert snapshot.account.quarantined_by_reason["not_a_number"] == 1
    (labs / "out").rename(labs / "first")
    declared = MAPPING.replace('nulls: ["?"]', 'nulls: ["?"]\n    decimal: ","')
    snapshot, events = ingest(labs, declared)
    first = events.filter(pc.equal(events["source_row"], "1"))
    assert first["numeric_value"].to_pylist() == [pytest.approx(5.4)]
    # 90 has no fraction and is a number either way; 4.4 is not what was declared.
    assert snapshot.account.balanced
    assert "4" in events["source_row"].to_pylist()


def test_blocks_give_what_one_block_gives_and_repeats_are_found_across_them(tmp_path, monkeypatch):
    header, *rows = LABS.splitlines()
    many = [row.replace("p2", f"p{n}", 1) for n in range(300) for row in rows[7:8]]
    (tmp_path / "labs.csv").write_text("\n".join([header, *many, *many[:50]]) + "\n")
    text = MAPPING.replace("    row_id: [row]\n", "")
    whole, one = ingest(tmp_path, text)
    (tmp_path / "out").rename(tmp_path / "whole")
    monkeypatch.setattr(blocks_module, "BLOCK_BYTES", 2000)
    parts, other = ingest(tmp_path, text)
    assert whole.account == parts.account
    assert whole.account.duplicate == 50
    assert one.equals(other)


def test_one_id_with_two_contents_is_set_aside(tmp_path):
    rows = LABS.splitlines()
    (tmp_path / "labs.csv").write_text("\n".join([rows[0], rows[1], rows[1][:-10] + "9,mmol/L"]))
    snapshot, _ = ingest(tmp_path)
    assert snapshot.account.quarantined_by_reason == {"id_reused": 1}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ("{rule: same}", "2026-03-09 23:59:59.999999"),
        ("{rule: end_of_day}", "2026-03-09 23:59:59.999999"),
        ("{rule: lag, lag: 3d}", "2026-03-12 00:00:00"),
        ("{rule: recorded, columns: [filed]}", "2026-03-11 23:59:59.999999"),
    ],
)
def test_a_date_counts_by_its_end_and_a_lag_is_told(tmp_path, known, expected):
    (tmp_path / "dx.csv").write_text("patient,code,day,filed\np1,I50.9,2026-03-09,2026-03-11\n")
    text = f"""
system: dx
version: "1"
time_zone: UTC
tables:
  - name: coded
    file: dx.csv
    subject: patient
    plain: [code]
    known_at: {known}
    events:
      - code: ["ICD10CM//{{code}}"]
        time: {{columns: [day]}}
"""
    snapshot, events = ingest(tmp_path, text)
    (row,) = events.to_pylist()
    assert (row["code"], str(row["known_at"])) == ("ICD10CM//I509", expected)
    assert snapshot.availability[0].assumed == ("recorded" not in known)


def test_an_undeclared_availability_needs_the_contract(tmp_path):
    (tmp_path / "labs.csv").write_text("\n".join(LABS.splitlines()[:2]) + "\n")
    text = MAPPING.replace("{rule: recorded, columns: [stored]}", "{rule: undeclared}")
    snapshot, _ = ingest(tmp_path, text)
    assert snapshot.account.quarantined_by_reason == {"no_known_at": 1}
    (tmp_path / "out").rename(tmp_path / "first")
    told, events = ingest(tmp_path, text, lags={"results": 3_600_000_000})
    assert events.num_rows == 1
    assert [(one.rule, one.assumed) for one in told.availability] == [("lag:1h", True)]


def test_parquet_gzip_and_zip_are_read_alike(labs):
    _, plain = ingest(labs)
    table = pa.Table.from_pylist(
        [dict(zip(LABS.splitlines()[0].split(","), line.split(","), strict=True))
         for line in LABS.splitlines()[1:]]
    )  # fmt: skip
    for name, write in (
        ("labs.parquet", lambda path: pq.write_table(table, path)),
        ("labs.csv.gz", lambda path: path.write_bytes(gzip.compress(LABS.encode(), mtime=0))),
    ):
        folder = labs / name.replace(".", "-")
        folder.mkdir()
        write(folder / name)
        _, events = ingest(folder, MAPPING.replace("labs.csv", name))
        assert events.equals(plain)
    folder = labs / "zip"
    folder.mkdir()
    with zipfile.ZipFile(folder / "labs.zip", "w") as packed:
        packed.writestr("inside/labs.csv", LABS)
    text = MAPPING.replace("    file: labs.csv", "    archive: labs.zip\n    file: inside/labs.csv")
    assert ingest(folder, text)[1].equals(plain)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (("time_zone: America/New_York", "time_zone: Boston"), "time_zone"),
        (("LAB//{test}", "LAB//{test"), "code"),
        (("file: labs.csv", "file: ../labs.csv"), "file"),
        (("file: labs.csv", "file: /etc/passwd"), "file"),
        (("rule: recorded, columns: [stored]", "rule: recorded"), "known_at"),
        (("        time: {columns: [drawn]}\n", ""), "events"),
        (("subject: patient", "subject: patient\n    sujet: x"), "sujet"),
    ],
)
def test_a_wrong_mapping_is_refused_with_line_and_field(change, where):
    with pytest.raises(BadInput) as refused:
        spec(MAPPING.replace(*change))
    assert "mapping.yaml:" in refused.value.where
    assert where in refused.value.where


def test_a_missing_column_and_a_cut_file_are_refused(labs):
    with pytest.raises(BadInput) as refused:
        ingest(labs, MAPPING.replace("value: value", "value: valeu"))
    assert refused.value.code == "ingest.missing_column"
    (labs / "out").rmdir() if not list((labs / "out").iterdir()) else None
    folder = labs / "cut"
    folder.mkdir()
    (folder / "labs.csv.gz").write_bytes(gzip.compress(LABS.encode() * 50)[:-20])
    with pytest.raises(Refused) as cut:
        ingest(folder, MAPPING.replace("labs.csv", "labs.csv.gz"))
    assert cut.value.code == "ingest.truncated"


@pytest.mark.data
def test_omop_gives_1130_persons_and_its_availability_is_assumed(data_folder, tmp_path):
    snapshot = build_snapshot("omop", data_folder / "omop-synthea-1k", key=KEY, out=tmp_path)
    assert snapshot.account.balanced
    assert snapshot.subjects == 1130
    rows = {table.table: table.rows_in for table in snapshot.account.tables}
    assert (rows["visit_occurrence"], rows["measurement"]) == (32_153, 199_514)
    assert all(item.assumed for item in snapshot.availability)
    # The file of devices has more cells in a row than names in its header.
    assert snapshot.account.rejected_by_reason == {"odd_line": 4995}


@pytest.mark.data
def test_diabetes_130_has_the_order_of_encounters_as_its_clock(data_folder, tmp_path):
    snapshot = build_snapshot("diabetes-130", data_folder / "diabetes-130", key=KEY, out=tmp_path)
    assert snapshot.account.balanced
    assert (snapshot.account.rows_in, snapshot.subjects) == (101_766, 71_518)
    assert snapshot.time_zone == "relative"
    tables = [pq.read_table(tmp_path / one.name) for one in snapshot.shards]
    codes = {row["values"]: row["counts"]
             for row in pc.value_counts(pa.concat_tables(tables)["code"]).to_pylist()}  # fmt: skip
    assert codes["READMITTED//<30"] == 11_357
    again = tmp_path / "again"
    again.mkdir()
    other = build_snapshot("diabetes-130", data_folder / "diabetes-130", key=b"o" * 32, out=again)
    assert other.digest == snapshot.digest  # published ids need no secret


def test_our_mappings_are_read(tmp_path):
    for name in ("omop", "synthea", "diabetes-130"):
        path = Path(blocks_module.__file__).parent / "mappings" / f"{name}.yaml"
        assert parse_spec(path.read_bytes(), MappingSpec, name=name).tables
    with pytest.raises(BadInput):
        build_snapshot("ompo", tmp_path, key=KEY, out=tmp_path)


FIXED = MAPPING.replace("        unit: unit\n", "        fixed_unit: min\n")


def _lengths(folder, *cells, text=FIXED):
    lines = [
        f"{name},p1,v1,A,GLU,2026-03-09 10:00:00,2026-03-09T16:00:00Z,{value},"
        for name, value in cells
    ]
    head = LABS.splitlines()[0]
    (folder / "labs.csv").write_text("\n".join([head, *lines]) + "\n")
    return ingest(folder, text)


def test_a_number_with_a_word_of_its_own_is_not_in_the_one_declared_unit(tmp_path):
    cells = (("1", "12"), ("2", "0.2 h"), ("3", "85%"), ("4", "<1"), ("5", "none"))
    snapshot, events = _lengths(tmp_path, *cells)
    assert snapshot.account.quarantined_by_reason == {"not_a_number": 2}
    kept = {row["source_row"]: row["text_value"] for row in events.to_pylist()}
    assert kept == {"1": None, "4": "<1", "5": "none"}
    (tmp_path / "out").rename(tmp_path / "first")
    # Where each row has its own unit, a word is a word.
    snapshot, _ = _lengths(tmp_path, *cells, text=MAPPING)
    assert snapshot.account.quarantined_by_reason == {}


def test_a_row_whose_name_is_empty_is_set_aside(tmp_path):
    snapshot, events = _lengths(tmp_path, ("", "3"), (" ", "4"), ("1", "5"))
    assert snapshot.account.quarantined_by_reason == {"no_name": 2}
    assert events["source_row"].to_pylist() == ["1"]
    (tmp_path / "out").rename(tmp_path / "first")
    # Without `row_id` a row is named by its place, and an empty cell is nothing.
    snapshot, _ = _lengths(tmp_path, ("", "3"), text=FIXED.replace("    row_id: [row]\n", ""))
    assert snapshot.account.accepted == 1
    (tmp_path / "out").rename(tmp_path / "second")
    # A name of several columns is there while one of them is.
    two = FIXED.replace("row_id: [row]", "row_id: [row, visit]")
    assert _lengths(tmp_path, ("", "3"), text=two)[0].account.accepted == 1
