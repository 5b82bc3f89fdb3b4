"""A source's table of merges: which record is another's, from when, and until when if undone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.batch import SAID_MERGES
from attending.ingest.cells import is_true
from attending.ingest.settle import impossible

if TYPE_CHECKING:
    from attending.ingest.batch import Batch
    from attending.ingest.cells import Column
    from attending.ingest.pseudonyms import Pseudonyms
    from attending.ingest.rows import Rows

#: What is read of each row, as the columns of the table are called here.
GONE_ID, KEPT_ID, AT, UNDONE_AT, UNDONE = "gone", "kept", "at", "undone_at", "undone"


def said_merges(
    rows: Rows, *, at: Column, undone_at: Column, undone: Column, keys: Pseudonyms
) -> Batch:
    """Return what a table says of merges; a row that says not who or when is set aside.

    A merge without an instant is never guessed to be an old one: it would rewrite what was seen.

    Args:
        rows: with the ids in the columns `gone` and `kept`, named by their places.
        at: from when the merge, or the unmerge, was known.
        undone_at: from when a merge was known to be undone; null where it is not.
        undone: whether a row says that a merge is undone.
        keys: make pseudonyms of ids.
    """
    whole = rows.places.copy()
    gone, kept = keys.subject(rows.text(GONE_ID)), keys.subject(rows.text(KEPT_ID))
    early = pc.fill_null(pc.less(undone_at, at), False)  # noqa: FBT003 - arrow
    odd = pc.or_(pc.or_(impossible(at), impossible(undone_at)), early)
    for bad, reason in (
        (pc.or_(gone.is_null(), kept.is_null()), "unknown_patient"),
        (odd, "impossible_time"),
        (at.is_null(), "no_known_at"),
    ):
        rows.quarantine(is_true(bad)[np.isin(whole, rows.places)], reason)
    left = pa.array(np.isin(whole, rows.places))
    columns = [one.filter(left) for one in (gone, kept, at, undone)]
    first = _table(rows, *columns)
    again = undone_at.filter(left)
    flag = pa.chunked_array([pa.repeat(pa.scalar(value=True), rows.left)])
    second = _table(rows, columns[0], columns[1], again, flag).filter(again.is_valid())
    return replace(rows.batch([]), merges=pa.concat_tables([first, second]))


def _table(rows: Rows, *columns: Column) -> pa.Table:
    source = pa.chunked_array([pa.repeat(pa.scalar(rows.source), rows.left)])
    return pa.Table.from_arrays([*columns, source, rows.named()], schema=SAID_MERGES)
