"""Identifiers by their form: how many planted ones are seen, what is not, and that none is told."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from attending.contract.identifier_forms import FORMS
from attending.contract.identifiers import TEXTS, WITHHELD, finish, look_through
from attending.records.events import EVENTS

HERE = Path(__file__).parent
#: What docs/gates.md says: kinds of which not every planted one is seen.
LEAST = {"date": 0.85, "phone": 0.80, "plate": 0.90}


def event(subject=1, *, source="ward/notes", code="NOTE//X", row="n1", text=None, **more):
    return {
        "subject_id": subject,
        "time": 1,
        "known_at": 1,
        "code": code,
        "source": source,
        "source_row": row,
        "text_value": text,
        **more,
    }


def scan(*pieces):
    """Return the scan of pieces of events, as an engine would put it together."""
    tables = [pa.Table.from_pylist(rows, schema=EVENTS) for rows in pieces]
    partials = pa.concat_tables([look_through(table) for table in tables])
    return finish(partials, snapshot="ab" * 32, rows=sum(one.num_rows for one in tables))


def planted():
    lines = (HERE / "identifiers_planted.tsv").read_text().splitlines()[1:]
    found = defaultdict(list)
    for line in lines:
        kind, text = line.split("\t")
        found[kind].append(text)
    return found


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.kind)
def test_planted_identifiers_of_every_kind_are_seen(form):
    texts = pa.array(planted()[form.kind], pa.large_string())
    assert len(texts) == 40
    assert form.seen(texts).mean() >= LEAST.get(form.kind, 1.0)


def test_what_wards_write_every_day_is_no_identifier():
    lines = (HERE / "identifiers_absent.txt").read_text().splitlines()
    texts = pa.array(lines, pa.large_string())
    wrong = {
        (form.kind, lines[place]) for form in FORMS for place in np.flatnonzero(form.seen(texts))
    }
    assert len(lines) >= 50
    assert wrong == set()


def test_counts_are_by_column_code_and_source_and_hold_no_value():
    record = scan(
        [
            event(text="call 617-555-0123", row="n1"),
            event(text="call 617-555-0123", row="n1", code="NOTE//Y"),
            event(text="call 617-555-0123", row="n2"),
            event(text="call 617-555-0123", row="n2"),
        ],
        [event(2, text="write to a.person@example.org", row="n3"), event(2, text="well", row="n4")],
    )
    told = [
        (one.column, one.kind_of_identifier, one.code, one.rows, one.source_rows)
        for one in record.found
    ]
    assert told == [
        ("text_value", "email", "NOTE//X", 1, 1),
        ("text_value", "phone", "NOTE//X", 3, 2),
        ("text_value", "phone", "NOTE//Y", 1, 1),
    ]
    assert not record.clean
    assert record.rows == 6
    said = record.as_bytes().decode() + record.told
    for value in ("617", "0123", "example.org", "n1"):
        assert value not in said.replace(record.forms, "").replace(record.snapshot, "")


@pytest.mark.parametrize("column", TEXTS)
def test_every_column_of_text_is_looked_through(column):
    record = scan([event(row="n1") | {column: "SSN 123-45-6789"}])
    (found,) = record.found
    assert (found.column, found.kind_of_identifier) == (column, "social_security")


def test_a_code_or_a_source_that_holds_an_identifier_is_withheld():
    record = scan([event(code="MRN 1234567", source="a.person@example.org/notes", text="ok")])
    (found,) = record.found
    assert (found.column, found.code, found.source) == ("code", WITHHELD, WITHHELD)
    assert b"1234567" not in record.as_bytes()
    assert b"example" not in record.as_bytes()


def test_an_empty_snapshot_and_empty_cells_are_clean():
    assert scan([]).clean
    record = scan([event(text=None, row=None)])
    assert record.clean
    assert record.told == ""
