"""Hand-made events and prediction rows for the tests of bedside scores."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from attending.records.events import EVENTS

STAY = 500
ADMITTED = "2026-03-10T22:00"
LEAVES = "2026-03-13T12:00"


def moment(text):
    return None if text is None else datetime.fromisoformat(text)


def event(code, time=ADMITTED, *, known=None, stay=None, value=None, subject=1, gone=None):
    """One event, known when it happened unless said otherwise."""
    return {
        "subject_id": subject,
        "time": moment(time),
        "code": code,
        "numeric_value": value,
        "text_value": None,
        "unit": None,
        "known_at": moment(known or time),
        "superseded_at": moment(gone),
        "encounter_id": stay,
        "source": "test/rows",
        "source_row": None,
        "site": None,
    }


def events(*rows):
    ordered = sorted(rows, key=lambda row: (row["subject_id"], row["time"]))
    return pa.Table.from_pylist(ordered, schema=EVENTS)


def stay(start=ADMITTED, end=LEAVES, *, subject=1, encounter=STAY):
    """One prediction row at the end of a stay."""
    return {
        "subject_id": subject,
        "encounter_id": encounter,
        "prediction_time": moment(end),
        "index_start": moment(start),
    }


def rows(*stays):
    schema = pa.schema(
        [
            ("subject_id", pa.int64()),
            ("encounter_id", pa.int64()),
            ("prediction_time", pa.timestamp("us")),
            ("index_start", pa.timestamp("us")),
        ]
    )
    return pa.Table.from_pylist(list(stays), schema=schema)


def scored(score, row, *happened):
    """The one scored row as a mapping."""
    return score.score(events(*happened), rows(row)).to_pylist()[0]
