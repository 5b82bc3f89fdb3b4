"""Rows of a snapshot as a feed would have pushed them, and questions by ids alone."""

from __future__ import annotations

from datetime import UTC

from attending.lifecycle.answering import Question
from attending.records.intake import Sent, Version
from attending.records.ledger import Subject
from attending.times import to_micros
from tests.lifecycle.ward import SECOND

INSTANTS = ("time", "known_at", "superseded_at")


def push(home, rows, number, *, received=SECOND):
    """Put rows of a snapshot into the event store, each a record of its own."""
    versions = []
    for place, row in enumerate(rows.to_pylist()):
        instants = {
            name: None if row[name] is None else to_micros(row[name].replace(tzinfo=UTC))
            for name in INSTANTS
        }
        name = f"{number:08x}{place:08x}".rjust(64, "0")
        versions.append(Version(name, instants["known_at"], name, ({**row, **instants},)))
    sent = Sent("ehr", f"{number:064x}", to_micros(received))
    with home.database.transaction() as unit:
        home.events.add(unit, versions, sent)
        home.ledger.append(
            unit,
            at=received,
            actor="omar",
            action="intake.take",
            subject=Subject(kind="message", digest=sent.message),
        )


def by_ids(row, model, **more):
    fields = {
        "model": model,
        "subject_id": row["subject_id"],
        "encounter_id": row["encounter_id"],
        "prediction_time": row["prediction_time"].replace(tzinfo=UTC),
        "index_start": None,
        "events": None,
    }
    return Question(**(fields | more))
