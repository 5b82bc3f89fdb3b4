"""HL7 v2 messages that a feed pushes: ADT and ORU, read as source tables and settled like any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import Refused
from attending.ingest.cells import is_true, joined
from attending.ingest.heard import Heard, Naming, heard
from attending.ingest.hl7_adt import Cells, hear_adt
from attending.ingest.hl7_results import READ, STATUSES, hear_results
from attending.ingest.places import disposition
from attending.ingest.pseudonyms import Pseudonyms
from attending.ingest.rows import Rows
from attending.ingest.said_merges import said_merges
from attending.ingest.spellings import unit_column
from attending.records.events import ADMISSION, BIRTH, DEATH, DISCHARGE
from attending.times import parse_instant, to_micros

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.ingest.batch import Batch
    from attending.ingest.hl7_adt import Said
    from attending.ingest.hl7_message import Hl7Message
    from attending.specs.intake import Feed

SYSTEM = "hl7v2"
_PERSON = ("id", "born", "sex", "died", "known", "site")
_FACT = ("id", "what", "patient", "encounter", "time", "known", "word", "text", "site")
_RESULT = (
    *("id", "place", "patient", "encounter", "status", "kind", "code", "number", "text", "unit"),
    *("time", "known", "site"),
)
_MERGE = ("gone", "kept", "at", "undone_at", "undone")


def check_feed(message: Hl7Message, feed: Feed) -> None:
    """Refuse a message that is not for this feed.

    Raises:
        Refused: it is of another application, is no patient's (MSH-11), or has no instant.
    """
    if feed.applications and message.text("MSH", 3) not in feed.applications:
        raise Refused("got a message of another application than the feed's", code="intake.sender")
    if message.text("MSH", 11) != feed.processing:
        raise Refused(
            "got a message for another purpose (MSH-11) than the feed's", code="intake.processing"
        )
    if message.instant("MSH", 7) is None:
        raise Refused("got a message without an instant (MSH-7)", code="intake.no_instant")


def hear_hl7(message: Hl7Message, feed: Feed, *, key: bytes) -> Heard:
    """Return what a message says.

    Args:
        message: ADT or ORU.
        feed: which sent it.
        key: 32 bytes for pseudonyms.
    """
    at = to_micros(parse_instant(message.instant("MSH", 7) or ""))
    keys = Pseudonyms(key)
    kind = message.text("MSH", 9)
    if kind == "ORU":
        rows = hear_results(message, feed)
        places = {one["id"] or "": one["place"] or "" for one in rows}
        return heard([_results(rows, keys=keys)], Naming(key, at, places=places))
    if kind == "ADT":
        return _adt(hear_adt(message, feed), keys=keys, naming=Naming(key, at))
    found = Heard(rows_in=1)
    found.set_aside("MSH-9", f"type_not_read:{kind[:10]}", as_="rejected")
    return found


def _adt(said: Said, *, keys: Pseudonyms, naming: Naming) -> Heard:
    batches = [
        _persons(said.persons, keys=keys),
        _facts(said.facts, withdrawn=said.withdrawn, keys=keys),
        _merges(said.merges, keys=keys),
    ]
    found = heard(batches, naming)
    for why in said.rejected:
        found.rows_in += 1
        found.set_aside("message", why, as_="rejected")
    # A cancellation is a row too; whether there is what it takes back, the store knows.
    found.rows_in += len(said.withdrawn)
    return found


def _rows(name: str, cells: Sequence[Cells], columns: tuple[str, ...]) -> Rows:
    schema = pa.schema([pa.field(column, pa.string()) for column in columns])
    named = ("id",) if "id" in columns else ()
    return Rows(SYSTEM, name, pa.Table.from_pylist(list(cells), schema=schema), named_by=named)


def _persons(cells: Sequence[Cells], *, keys: Pseudonyms) -> Batch:
    rows = _rows("person", cells, _PERSON)
    rows.quarantine(rows.missing("id"), "unknown_patient")
    whose = {"subject_id": keys.subject(rows.text("id")), "site": rows.text("site")}
    known = rows.instant("known")
    drafts = [
        rows.events(
            keep=~rows.missing("born"),
            **whose, code=BIRTH, time=rows.instant("born"), known_at=known,
        ),
        rows.events(
            keep=~rows.missing("sex"),
            **whose, code=joined("GENDER", rows.text("sex")), known_at=known,
        ),
        rows.events(
            keep=~rows.missing("died"),
            **whose, code=DEATH, time=rows.instant("died"), known_at=known,
        ),
    ]  # fmt: skip
    return rows.batch(drafts)


def _facts(cells: Sequence[Cells], *, withdrawn: Sequence[str], keys: Pseudonyms) -> Batch:
    """Return admissions, beds and discharges, and which of them are taken back."""
    rows = _rows("stay", cells, _FACT)
    rows.quarantine(rows.missing("patient"), "unknown_patient")
    rows.quarantine(rows.missing("encounter"), "unknown_encounter")
    rows.quarantine(rows.missing("time"), "no_time")
    rows.quarantine(rows.missing("word"), "unknown_class")
    words = {"admission": ADMISSION, "bed": "TRANSFER_TO//", "discharge": DISCHARGE}
    ends = [None if one is None else disposition(one) for one in rows.text("text").to_pylist()]
    drafts = [
        rows.events(
            keep=is_true(pc.equal(rows.text("what"), what)),
            subject_id=keys.subject(rows.text("patient")),
            encounter_id=keys.encounter(rows.text("encounter")),
            site=rows.text("site"),
            time=rows.instant("time"),
            known_at=rows.instant("known"),
            code=joined(word.removesuffix("//"), rows.text("word")),
            text_value=pa.chunked_array([pa.array(ends, pa.string())]),
        )
        for what, word in words.items()
    ]
    batch = rows.batch(drafts)
    gone = _rows("stay", [{"id": name} for name in withdrawn], ("id",))
    gone.withdraw(np.ones(len(withdrawn), np.bool_))
    return replace(batch, gone=gone.batch([]).gone)


def _results(cells: Sequence[Cells], *, keys: Pseudonyms) -> Batch:
    rows = _rows("result", cells, _RESULT)
    rows.quarantine(rows.missing("code"), "no_code")
    rows.quarantine(rows.missing("id"), "no_order_number")
    known = pc.is_in(rows.text("status"), value_set=pa.array(list(STATUSES)))
    rows.quarantine(~is_true(known), "unknown_status")
    for status, reason in STATUSES.items():
        if reason:
            rows.reject(is_true(pc.equal(rows.text("status"), status)), reason)
    read = pc.is_in(rows.text("kind"), value_set=pa.array(READ))
    rows.reject(~is_true(read), "type_not_read")
    rows.quarantine(rows.missing("time"), "no_time")
    lost = ~rows.missing("number") & is_true(rows.number("number").is_null())
    rows.quarantine(lost, "not_a_number", code=rows.text("code"))
    strange = unit_column(rows.text("unit"))[1] & ~rows.missing("number")
    rows.quarantine(strange, "unknown_unit", code=rows.text("code"))
    empty = rows.missing("number") & rows.missing("text")
    rows.reject(empty, "no_value_yet")
    events = rows.events(
        subject_id=keys.subject(rows.text("patient")),
        encounter_id=keys.encounter(rows.text("encounter")),
        site=rows.text("site"),
        time=rows.instant("time"),
        known_at=rows.instant("known"),
        code=rows.text("code"),
        numeric_value=rows.number("number"),
        text_value=rows.text("text"),
        unit=unit_column(rows.text("unit"))[0],
    )
    return rows.batch([events])


def _merges(cells: Sequence[Cells], *, keys: Pseudonyms) -> Batch:
    rows = _rows("merge", cells, _MERGE)
    undone = pc.is_valid(rows.text("undone"))
    return said_merges(
        rows,
        at=rows.instant("at"),
        undone_at=rows.instant("undone_at"),
        undone=undone,
        keys=keys,
    )
