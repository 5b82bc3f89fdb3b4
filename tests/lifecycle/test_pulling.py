"""A hospital's database: read and never written, and nothing that is new is missed."""

from __future__ import annotations

import sqlite3

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from attending.errors import BadInput, NotFound, Refused
from attending.lifecycle.pulling import pull
from attending.stores import source_database
from attending.stores.source_database import open_source

QUERY = """
tables:
  - file: labs
    query: SELECT id, who, value, stored FROM labs
    watermark: stored
"""


@pytest.fixture
def hospital(tmp_path):
    path = tmp_path / "hospital.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE labs (id INTEGER, who TEXT, value REAL, stored TEXT)")
        rows = [(n, f"p{n % 3}", n / 2, f"2026-01-05 10:{n:02d}:00") for n in range(10)]
        database.executemany("INSERT INTO labs VALUES (?, ?, ?, ?)", rows)
    (tmp_path / "address").write_text(f"sqlite:///{path}\n")
    (tmp_path / "address").chmod(0o600)
    (tmp_path / "database.yaml").write_text(QUERY)
    return tmp_path


def pulled(hospital, into, after=None):
    return pull(
        hospital / "database.yaml",
        address_file=hospital / "address",
        into=hospital / into,
        after=hospital / after if after else None,
    )


def change(hospital, statement, *values):
    with sqlite3.connect(hospital / "hospital.db") as database:
        database.execute(statement, values)


def ids(hospital, folder):
    return pq.read_table(hospital / folder / "labs.parquet")["id"].to_pylist()


def test_a_second_pull_takes_what_came_since_and_the_last_instant_again(hospital, monkeypatch):
    monkeypatch.setattr(source_database, "ROWS_AT_ONCE", 3)
    (first,) = pulled(hospital, "one")
    assert (first.rows, first.kind, first.watermark) == (10, "text", "2026-01-05 10:09:00")
    # One row stored in the very instant that the first pull ended with, and one later.
    change(hospital, "INSERT INTO labs VALUES (10, 'p1', 1, '2026-01-05 10:09:00')")
    change(hospital, "INSERT INTO labs VALUES (11, 'p1', 1, '2026-01-05 11:00:00')")
    (second,) = pulled(hospital, "two", after="one")
    assert sorted(ids(hospital, "two")) == ["10", "11", "9"]
    (third,) = pulled(hospital, "three", after="two")
    assert (third.rows, third.watermark) == (1, second.watermark)


def test_an_overlap_looks_back_for_rows_that_came_late(hospital):
    pulled(hospital, "one")
    change(hospital, "INSERT INTO labs VALUES (12, 'p1', 1, '2026-01-05 10:07:30')")
    pulled(hospital, "blind", after="one")
    assert "12" not in ids(hospital, "blind")  # the control: without an overlap it is missed
    text_ = (hospital / "database.yaml").read_text() + "    overlap: 2min\n"
    (hospital / "database.yaml").write_text(text_)
    pulled(hospital, "two", after="one")
    assert sorted(ids(hospital, "two")) == ["12", "7", "8", "9"] or "12" in ids(hospital, "two")


def test_rows_without_a_watermark_are_refused_and_counted(hospital):
    change(hospital, "INSERT INTO labs VALUES (13, 'secret', 1, NULL)")
    with pytest.raises(Refused, match="1 rows have no 'stored'") as refused:
        pulled(hospital, "one")
    assert "secret" not in str(refused.value)
    assert not (hospital / "one").exists()
    assert not list(hospital.glob(".pull-*"))


@pytest.mark.parametrize(
    "statement", ["DELETE FROM labs", "INSERT INTO labs VALUES (1, 'a', 1, 'b')", "DROP TABLE labs"]
)
def test_a_source_cannot_be_written(hospital, statement):
    address = (hospital / "address").read_text()
    with pytest.raises(BadInput, match="refuses"), open_source(address) as source:
        source._connection.execute(text(statement))
    pulled(hospital, "one")
    assert len(ids(hospital, "one")) == 10


@pytest.mark.parametrize(
    ("was", "written", "said"),
    [
        ("SELECT id,", "DELETE FROM labs WHERE 1 IN (", "begins with SELECT"),
        ("FROM labs", "FROM labs; DROP TABLE labs", "semicolon"),
        ("FROM labs", "FROM nowhere", "refuses the query"),
        ("watermark: stored", "watermark: gone", "refuses the query"),
        ("file: labs", "file: ../labs", "pattern"),
    ],
)
def test_a_query_that_cannot_be_meant_is_refused(hospital, was, written, said):
    text_ = QUERY.replace(was, written)
    (hospital / "database.yaml").write_text(text_)
    with pytest.raises(BadInput, match=said):
        pulled(hospital, "one")
    assert not (hospital / "one").exists()


def test_an_address_is_kept_from_others_and_never_repeated(hospital):
    (hospital / "address").chmod(0o644)
    with pytest.raises(BadInput, match="read by others"):
        pulled(hospital, "one")
    (hospital / "address").chmod(0o600)
    (hospital / "address").write_text("mysql://user:hunter2@host/name")
    with pytest.raises(BadInput) as refused:
        pulled(hospital, "one")
    assert "hunter2" not in str(refused.value)
    (hospital / "address").write_text("sqlite:////nowhere/none.db")
    with pytest.raises(NotFound):
        pulled(hospital, "one")
    with pytest.raises(NotFound):
        pulled(hospital, "one", after="never")


def test_a_pull_never_writes_over_another(hospital):
    pulled(hospital, "one")
    with pytest.raises(BadInput, match="there already"):
        pulled(hospital, "one")
