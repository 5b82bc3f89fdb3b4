"""Faults of the feed: whose a row is, what is said twice or again, and from which system."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.hospital.columns import INSTANT
from attending.hospital.delivery import same
from attending.hospital.visible import MERGES

if TYPE_CHECKING:
    from attending.hospital.delivery import Delivery
    from attending.types import Mask

NEW_SYSTEM = "synthetic-hospital-next"
_EVENTS = ("encounters", "labs", "vitals", "diagnoses", "procedures", "medications", "notes")
#: When each row was recorded.
_RECORDED = {
    "encounters": "admitted_recorded_at",
    "labs": "resulted_at",
    "vitals": "charted_at",
    "diagnoses": "coded_at",
    "procedures": "coded_at",
    "medications": "ordered_at",
    "notes": "signed_at",
}
#: Every status of an Observation in FHIR R4, and one that is in no standard.
STATUSES = (
    "registered", "preliminary", "final", "amended", "corrected", "cancelled",
    "entered-in-error", "unknown",
)  # fmt: skip


def go_live(made: Delivery) -> Delivery:
    """Deliver from another record system, with other ids for orders and results."""
    for name, column in (("labs", "result_id"), ("vitals", "vital_id")):
        table = made.tables[name]
        since = made.after(name, "collected_at" if name == "labs" else "taken_at")
        other = pc.replace_substring_regex(table[column], "^", "EPX-").combine_chunks()
        made = made.changed(name, column, where=since, to=other)
    return replace(made, manifest={"source_system": NEW_SYSTEM, "source_version": "2"})


def merged(made: Delivery) -> Delivery:
    """Put the rows of one patient in fifty under another's id, who was the same person."""
    people = made.tables["patients"]["patient_id"].to_pylist()
    gone, kept = people[1::50], people[0::50]
    pairs = dict(zip(gone, kept, strict=False))
    for name in _EVENTS:
        made = _renamed(made, name, pairs)
    where = same(made.tables["patients"]["patient_id"], *pairs)
    return made.without("patients", where)


def overlaid(made: Delivery) -> Delivery:
    """Put one stay of one patient in fifty under a stranger's id: two people in one record."""
    people = made.tables["patients"]["patient_id"].to_pylist()
    pairs = dict(zip(people[1::50], people[26::50], strict=False))
    stays = made.tables["encounters"]
    mine = stays.filter(pa.array(same(stays["patient_id"], *pairs)))
    firsts = mine.group_by("patient_id").aggregate([("encounter_id", "min")])
    chosen = firsts["encounter_id_min"].to_pylist()
    for name in _EVENTS:
        made = _renamed(made, name, pairs, only=chosen)
    return made


def merged_and_told(made: Delivery) -> Delivery:
    """Merge one patient in fifty into another record, tell of it, and file later rows there."""
    people = made.tables["patients"]["patient_id"].to_pylist()
    pairs = dict(zip(people[1::50], people[0::50], strict=False))
    for name, column in _RECORDED.items():
        made = _renamed(made, name, pairs, since=made.after(name, column))
    return _telling(made, pairs, undone=False)


def overlaid_and_undone(made: Delivery) -> Delivery:
    """Merge one patient in fifty into a stranger's record, and undo it half way to the end."""
    people = made.tables["patients"]["patient_id"].to_pylist()
    pairs = dict(zip(people[1::50], people[26::50], strict=False))
    return _telling(made, pairs, undone=True)


def _telling(made: Delivery, pairs: dict[str, str], *, undone: bool) -> Delivery:
    """Return the delivery with a table of merges, each known since the fault acts."""
    at = int(made.since.timestamp())
    until = (at + int(made.until.timestamp())) // 2 if undone else None
    columns = [pa.array(ids, pa.string()) for ids in (list(pairs), list(pairs.values()))]
    columns += [pa.array([when] * len(pairs), pa.int64()).cast(INSTANT) for when in (at, until)]
    table = pa.table(columns, names=["gone", "kept", "merged_at", "undone_at"])
    tables = {**made.tables, MERGES: table}
    return replace(made, tables=tables, planted=made.planted + table.num_rows)


def _renamed(
    made: Delivery,
    name: str,
    pairs: dict[str, str],
    *,
    only: list[str] | None = None,
    since: Mask | None = None,
) -> Delivery:
    table = made.tables[name]
    where = same(table["patient_id"], *pairs)
    if only is not None:
        where &= same(table["encounter_id"], *only)
    if since is not None:
        where &= since
    at = pc.index_in(table["patient_id"], value_set=pa.array(list(pairs), pa.string()))
    other = pa.array(list(pairs.values()), pa.string()).take(at.combine_chunks())
    return made.changed(name, "patient_id", where=where, to=other)


def said_again(made: Delivery) -> Delivery:
    """Deliver every result three times over, and one in fifty once more under a new id."""
    labs = made.tables["labs"]
    made = made.with_rows("labs", pa.concat_tables([labs, labs]))
    again = labs.filter(pa.array(made.some(np.ones(labs.num_rows, np.bool_), 0.02)))
    place = again.schema.get_field_index("result_id")
    other = pc.replace_substring_regex(again["result_id"], "^", "Z")
    return made.with_rows("labs", again.set_column(place, "result_id", other))


def corrected(made: Delivery) -> Delivery:
    """Correct one final result in ten, a day later: 9.1 becomes 1.9."""
    labs = made.tables["labs"]
    first = made.some(same(labs["status"], "final") & made.after("labs", "collected_at"), 0.1)
    twice = set(labs.filter(pc.greater(labs["version"], 1))["result_id"].to_pylist())
    rows = labs.filter(pa.array(first & ~same(labs["result_id"], *twice)))
    number = pa.array(np.full(rows.num_rows, 2))
    later = pc.add(rows["resulted_at"], pa.scalar(86_400, pa.duration("s")))
    told = {
        "version": number,
        "status": pa.repeat("corrected", rows.num_rows),
        "value": pc.round(pc.divide(rows["value"], 4.8), 2),
        "resulted_at": later,
    }
    for column, cells in told.items():
        rows = rows.set_column(rows.schema.get_field_index(column), column, cells)
    return made.with_rows("labs", rows)


def statuses(made: Delivery) -> Delivery:
    """Give one result in twenty a status of FHIR, all eight in turn."""
    labs = made.tables["labs"]
    where = made.some(same(labs["status"], "final"), 0.05)
    return made.words("labs", "status", where=where, to=STATUSES)


def unroutable(made: Delivery) -> Delivery:
    """Send results of patients and stays that nobody knows, and vital signs without a code."""
    labs, vitals = made.tables["labs"], made.tables["vitals"]
    strange = made.some(np.ones(labs.num_rows, np.bool_), 0.01)
    lost = made.some(~strange, 0.01)
    bare = made.some(np.ones(vitals.num_rows, np.bool_), 0.01)
    made = made.words("labs", "patient_id", where=strange, to="P99999999")
    made = made.words("labs", "encounter_id", where=lost, to="E99999999")
    nothing = pa.nulls(vitals.num_rows, pa.string())
    return made.changed("vitals", "loinc", where=bare, to=nothing)
