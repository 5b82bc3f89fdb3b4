"""One patient's current events, from all versions of all records that feeds have sent.

A version ends when the next one of its record became known; a record that was merged into another
is its from then on: the same rules, and the same code, as where a delivery is taken in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.engines.tables import in_order, instants, micros, whole_numbers
from attending.ingest.merges import MERGES, NEVER, Owners, both_known
from attending.ingest.moving import SAID, SAID_OF, cut
from attending.records.events import EVENTS

if TYPE_CHECKING:
    from attending.types import Ints


def current_events(
    versions: pa.Table, merges: pa.Table, *, subject_id: int, received: int | None = None
) -> pa.Table:
    """Return the events of one patient in canonical order, as `EVENTS` says.

    Args:
        versions: columns of `EVENTS`, and `record`, `version`, `received_at`; all versions of
            every record that was ever said of the patient, or of one merged with the patient. A
            row without a code withdraws its record.
        merges: columns of `MERGES`, and `received_at`.
        subject_id: whose.
        received: microseconds; only what had come by then. None for all.

    Raises:
        Refused: merges run in a circle.
    """
    if received is not None:
        versions, merges = (_come(table, received) for table in (versions, merges))
    rows = _settled(versions)
    rows = _owned(rows, merges.select(MERGES.names).cast(MERGES))
    mine = rows.filter(pc.equal(rows["subject_id"], subject_id))
    return in_order(mine.group_by(EVENTS.names).aggregate([]).select(EVENTS.names).cast(EVENTS))


def _come(table: pa.Table, received: int) -> pa.Table:
    return table.filter(pa.array(micros(table["received_at"], null=NEVER) <= received))


def _settled(versions: pa.Table) -> pa.Table:
    """Return events with the ends that later versions put to earlier ones."""
    if not versions.num_rows:
        return EVENTS.empty_table()
    record = np.asarray(versions["record"].combine_chunks().dictionary_encode().indices)
    version = whole_numbers(versions["version"])
    order = np.lexsort((version, record))
    record, version = record[order], version[order]
    table = versions.take(pa.array(order))
    known, until = (micros(table[name], null=NEVER) for name in ("known_at", "superseded_at"))
    # A correction is known no earlier than its own instant, whatever its clocks say.
    first = _starts(record)
    known = np.where(version > version[first], np.maximum(known, version), known)
    until = np.minimum(until, _next_known(record, version, known))
    for name, column in (("known_at", known), ("superseded_at", until)):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, EVENTS.field(name), instants(column, null=NEVER))
    told = pc.and_(pc.not_equal(table["code"], ""), pa.array(known < until))
    return table.filter(told).select(EVENTS.names).cast(EVENTS)


def _starts(group: Ints) -> Ints:
    """Return for each row the place of the first row of its group; groups stand together."""
    changes = np.r_[True, group[1:] != group[:-1]]
    found: Ints = np.maximum.accumulate(np.where(changes, np.arange(len(group)), 0))
    return found


def _next_known(record: Ints, version: Ints, known: Ints) -> Ints:
    """Return when the version after each row's own became known, NEVER after the last."""
    changes = np.r_[True, (record[1:] != record[:-1]) | (version[1:] != version[:-1])]
    heads = np.flatnonzero(changes)
    earliest = np.minimum.reduceat(known, heads)
    following = np.full(len(heads), NEVER)
    same = record[heads[1:]] == record[heads[:-1]]
    following[:-1][same] = earliest[1:][same]
    found: Ints = following[np.cumsum(changes) - 1]
    return found


def _owned(rows: pa.Table, merges: pa.Table) -> pa.Table:
    """Return events under the patient whose they are from instant to instant."""
    if not merges.num_rows:
        return rows
    owners = Owners(merges, both_known(merges, np.unique(whole_numbers(rows["subject_id"]))))
    said = pa.Table.from_arrays([*rows.columns, rows["subject_id"]], schema=SAID)
    done = cut(said, owners)
    known, until = (micros(rows[name], null=NEVER) for name in ("known_at", "superseded_at"))
    stays = pa.array(done.ends > known)
    ended = instants(np.minimum(until, done.ends), null=NEVER)
    place = EVENTS.get_field_index("superseded_at")
    kept = rows.set_column(place, EVENTS.field(place), ended).filter(stays)
    after = done.after.drop_columns([SAID_OF])
    return pa.concat_tables([kept, after.cast(EVENTS)])
