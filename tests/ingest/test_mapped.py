"""Any file through a mapping: both clocks, the account, and what is refused."""

from __future__ import annotations

import gzip
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attending.errors import BadInput, NotFound, Refused
from attending.ingest import chunks
from attending.ingest.build import build_snapshot
from attending.ingest.mapped import mapped
from attending.specs.mapping import MappingSpec
from attending.specs.read_yaml import parse_spec

KEY = b"k" * 32
HEAD = """
source: lab
time_zone: Europe/Berlin
tables:
  - name: labs
    file: labs
    patient: who
    events:
"""
EVENT = """
      - code: LOINC//{test}
        time: drawn
        known_at: {column: told}
        number: value
        unit_column: unit
"""
ROWS = """who,test,drawn,told,value,unit
a,2160-0,2026-01-05 10:00,2026-01-05 12:30,1.5,mg/dL
a,2160-0,2026-07-05 10:00,2026-07-05 12:30,1.7,mg/dL
b,2823-3,2026-01-05 10:00,2026-01-05 09:00,4.1,mmol/L
"""


def spec_of(text: str) -> MappingSpec:
    return parse_spec(text.encode(), MappingSpec, name="mapping.yaml")


def taken_in(tmp_path, rows: str, text: str = HEAD + EVENT, *, name="labs.csv"):
    (tmp_path / "in").mkdir(exist_ok=True)
    (tmp_path / "in" / name).write_text(rows, encoding="utf-8")
    return build(tmp_path, text)


def build(tmp_path, text: str = HEAD + EVENT):
    out = tmp_path / "out"
    out.mkdir()
    spec = spec_of(text)
    snapshot = build_snapshot(
        spec.source, tmp_path / "in", source=mapped(spec), key=KEY, out=out, shards=1
    )
    return snapshot, pq.read_table(out / "shard-00000.parquet")


def test_a_hospitals_own_extract_needs_no_code(tmp_path):
    snapshot, events = taken_in(tmp_path, ROWS)
    assert (snapshot.subjects, snapshot.rows, snapshot.account.balanced) == (2, 3, True)
    assert sorted(set(events["code"].to_pylist())) == ["LOINC//2160-0", "LOINC//2823-3"]
    assert snapshot.availability[0].rule == "recorded"
    with pytest.raises(BadInput, match="'told' is missing") as refused:
        (tmp_path / "again").mkdir()
        taken_in(tmp_path / "again", ROWS.replace("told", "seen"))
    assert refused.value.code == "ingest.missing_column"


def test_winter_and_summer_have_their_own_offset(tmp_path):
    _, events = taken_in(tmp_path, ROWS)
    hours = {(at.month, at.hour) for at in events["time"].to_pylist()}
    assert hours == {(1, 9), (7, 8)}


def test_a_row_is_not_known_before_it_happened(tmp_path):
    snapshot, events = taken_in(tmp_path, ROWS)
    assert snapshot.account.tables[0].early == 1
    assert all(
        known >= at
        for known, at in zip(
            events["known_at"].to_pylist(), events["time"].to_pylist(), strict=True
        )
    )


def test_D15_an_hour_that_the_clock_skipped_is_quarantined_and_a_doubled_one_is_known_late(
    tmp_path,
):
    spring = "a,X,2026-03-29 02:30,2026-03-29 04:00,1,mg/dL\n"
    autumn = "a,X,2026-10-25 02:30,2026-10-25 02:30,1,mg/dL\n"
    snapshot, events = taken_in(tmp_path, ROWS.splitlines()[0] + "\n" + spring + autumn)
    assert snapshot.account.quarantined_by_reason == {"dst_gap": 1}
    assert [str(at) for at in events["time"].to_pylist()] == ["2026-10-25 00:30:00"]
    assert [str(at) for at in events["known_at"].to_pylist()] == ["2026-10-25 01:30:00"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,X,2026-02-30 10:00,2026-03-01 10:00,1,mg/dL", "no_time"),
        ("a,X,2026-01-05 10:00,,1,mg/dL", "no_known_at"),
        ("a,X,2026-01-05 10:00,2026-01-05 10:00,high,mg/dL", "not_a_number"),
        ("a,X,2026-01-05 10:00,2026-01-05 10:00,1,furlong", "unknown_unit"),
        ("a,,2026-01-05 10:00,2026-01-05 10:00,1,mg/dL", "no_code"),
        (",X,2026-01-05 10:00,2026-01-05 10:00,1,mg/dL", "unknown_patient"),
    ],
)
def test_what_cannot_be_trusted_is_quarantined_with_its_reason(tmp_path, row, reason):
    snapshot, _ = taken_in(tmp_path, ROWS + row + "\n")
    assert snapshot.account.quarantined_by_reason == {reason: 1}
    assert snapshot.account.balanced


def test_a_row_said_twice_counts_once_over_the_whole_file(tmp_path, monkeypatch):
    # Small pieces, so that the repetition lies in another one than the row that it repeats.
    monkeypatch.setattr(chunks, "PIECE_BYTES", 256)
    body = "".join(f"p{n},X,2026-01-05 10:00,2026-01-05 11:00,{n},mg/dL\n" for n in range(40))
    rows = ROWS.splitlines()[0] + "\n" + body + body
    snapshot, _ = taken_in(tmp_path, rows)
    account = snapshot.account
    assert (account.rows_in, account.accepted, account.duplicate) == (80, 40, 40)
    assert account.balanced


def test_one_id_with_two_contents_is_quarantined(tmp_path):
    text = (HEAD + EVENT).replace("    patient: who", "    patient: who\n    row_id: [drawn]")
    snapshot, _ = taken_in(tmp_path, ROWS, text)
    assert snapshot.account.quarantined_by_reason == {"id_reused": 1}


def test_a_date_is_known_by_the_end_of_its_day(tmp_path):
    text = (HEAD + EVENT).replace("{column: told}", "same").replace("Europe/Berlin", "UTC")
    rows = "who,test,drawn,told,value,unit\na,X,2026-01-05,,1,mg/dL\n"
    snapshot, events = taken_in(tmp_path, rows, text)
    assert str(events["known_at"][0]) == "2026-01-05 23:59:59.999999"
    assert snapshot.availability[0].assumed
    assert snapshot.availability[0].rule == "same"


def test_a_lag_fills_in_where_the_column_is_empty_and_is_marked(tmp_path):
    text = (HEAD + EVENT).replace("{column: told}", "{column: told, otherwise: 24h}")
    rows = ROWS + "a,X,2026-01-05 10:00,,1,mg/dL\n"
    snapshot, _ = taken_in(tmp_path, rows, text)
    assert [(one.rule, one.assumed, one.rows) for one in snapshot.availability] == [
        ("recorded", False, 3),
        ("lag:1d", True, 1),
    ]


def test_parquet_gzip_and_zip_say_the_same(tmp_path):
    plain, events = taken_in(tmp_path, ROWS)
    folder = tmp_path / "in"
    whole = (folder / "labs.csv").read_bytes()
    for name in ("gz", "zip", "parquet"):
        other = tmp_path / name
        (other / "in").mkdir(parents=True)
        text = HEAD + EVENT
        if name == "gz":
            (other / "in" / "labs.csv.gz").write_bytes(gzip.compress(whole))
        elif name == "zip":
            text = text.replace("file: labs", "file: labs.csv\n    inside: all.zip")
            with zipfile.ZipFile(other / "in" / "all.zip", "w") as archive:
                archive.writestr("part/labs.csv", whole)
        else:
            header, *lines = [line.split(",") for line in ROWS.splitlines()]
            columns = dict(zip(header, map(list, zip(*lines, strict=True)), strict=True))
            pq.write_table(pa.table(columns), other / "in" / "labs.parquet")
        snapshot, same = build(other, text)
        assert same.equals(events)
        assert snapshot.rows == plain.rows


def test_a_cut_archive_refuses_the_whole(tmp_path):
    (tmp_path / "in").mkdir()
    body = ROWS + "".join(
        f"p{n},X,2026-01-05 10:00,2026-01-05 11:00,{n},mg/dL\n" for n in range(900)
    )
    whole = gzip.compress(body.encode())
    (tmp_path / "in" / "labs.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Refused) as refused:
        build(tmp_path)
    assert refused.value.code == "ingest.truncated"


@pytest.mark.parametrize(
    ("was", "written", "said"),
    [
        ("Europe/Berlin", "Europe/Berln", "Europe/Berlin"),
        ("{column: told}", "soon", "expected"),
        ("LOINC//{test}", "LOINC//{test", "brace"),
        ("{column: told}", "{rule: lag, column: told}", "goes with"),
        ("number: value", "number: value@units", "no lookup 'units'"),
        ("file: labs", "file: ../labs", "not paths"),
        ("patient: who", "paitent: who", "patient"),
    ],
)
def test_a_mapping_that_cannot_be_meant_names_its_line(was, written, said):
    with pytest.raises(BadInput) as refused:
        spec_of((HEAD + EVENT).replace(was, written))
    assert said in str(refused.value)
    assert refused.value.where.startswith("mapping.yaml:")


def test_unanswered_questions_stop_the_ingest(tmp_path):
    with pytest.raises(BadInput, match="1 unanswered") as refused:
        taken_in(tmp_path, ROWS, HEAD + EVENT + "questions: [Which zone?]\n")
    assert refused.value.code == "mapping.unanswered"


def test_a_missing_file_is_named_and_an_optional_one_is_not_missed(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(NotFound, match="labs"):
        build(tmp_path)
    other = tmp_path / "other"
    (other / "in").mkdir(parents=True)
    text = (HEAD + EVENT).replace("file: labs", "file: labs\n    optional: true")
    assert build(other, text)[0].rows == 0


@pytest.mark.data
def test_diabetes_130_comes_in_with_its_order_as_a_clock(data_folder, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    snapshot = build_snapshot("diabetes-130", data_folder / "diabetes-130", key=KEY, out=out)
    assert (snapshot.subjects, snapshot.account.balanced) == (71_518, True)
    assert (snapshot.time_zone, snapshot.real_clock) == ("relative", False)
    codes = pq.read_table(out / "shard-00000.parquet")["code"].to_pylist()
    codes += pq.read_table(out / "shard-00001.parquet")["code"].to_pylist()
    assert codes.count("DIABETES130//READMITTED//<30") == 11_357
    assert codes.count("ENCOUNTER//ADMISSION//INPATIENT") == 101_766
    assert all(one.assumed for one in snapshot.availability)
