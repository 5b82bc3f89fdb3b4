"""Patient.link of FHIR R4: which patients were merged, and which are no longer.

`replaced-by` stands in the record that is gone, `replaces` in the one that is kept; either is
enough. What the server last touched says since when. A record that is active and says nothing of
being replaced is its own again from then on; `refer` and `seealso` merge nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.batch import SAID_MERGES
from attending.ingest.cells import INSTANT
from attending.ingest.rows import Rows
from attending.ingest.said_merges import AT, GONE_ID, KEPT_ID, said_merges

if TYPE_CHECKING:
    from attending.ingest.batch import Batch
    from attending.ingest.pseudonyms import Pseudonyms

_TABLE = "Patient.link"
_REPLACED_BY, _REPLACES = "replaced-by", "replaces"


def links(people: Rows, *, system: str, keys: Pseudonyms) -> Batch:
    """Return the merges that patients tell of, each link a row.

    Args:
        people: patients, with `links` as `link_words` writes them.
        system: the name of the source.
        keys: make pseudonyms of ids.
    """
    table = people.table.select(["id", "links", "active", "updated"])
    found = [
        _pair(one["id"], word, updated=one["updated"])
        for one in table.filter(table["links"].is_valid()).to_pylist()
        for word in one["links"].split("\n")
    ]
    schema = pa.schema([(name, pa.string()) for name in (GONE_ID, KEPT_ID, AT)])
    rows = Rows(system, _TABLE, pa.Table.from_pylist(found, schema=schema))
    batch = said_merges(
        rows,
        at=rows.instant(AT),
        undone_at=pa.chunked_array([pa.nulls(len(found), INSTANT)]),
        undone=pa.chunked_array([pa.array(np.zeros(len(found), np.bool_))]),
        keys=keys,
    )
    return replace(batch, merges=pa.concat_tables([batch.merges, _unlinked(people, keys=keys)]))


def link_words(found: list[tuple[str | None, str | None]]) -> str | None:
    """Return links in one cell: a line each, its type and whom it names.

    >>> link_words([("replaced-by", "a"), ("seealso", "b")])
    'replaced-by a'
    """
    kept = [f"{kind} {other or ''}" for kind, other in found if kind in {_REPLACED_BY, _REPLACES}]
    return "\n".join(kept) or None


def _pair(own: str, word: str, *, updated: str | None) -> dict[str, str | None]:
    kind, _, other = word.partition(" ")
    gone, kept = (own, other) if kind == _REPLACED_BY else (other, own)
    return {GONE_ID: gone or None, KEPT_ID: kept or None, AT: updated}


def _unlinked(people: Rows, *, keys: Pseudonyms) -> pa.Table:
    """Return that patients are their own; it counts only for those who once were another's."""
    at = people.instant("updated")
    replaced = pc.fill_null(pc.match_substring(people.text("links"), _REPLACED_BY), False)  # noqa: FBT003 - arrow
    own = pc.and_(pc.invert(replaced), pc.and_(people.text("active").is_null(), at.is_valid()))
    gone = keys.subject(people.text("id")).filter(own)
    count = len(gone)
    columns = {"gone": gone, "at": at.filter(own), "undone": pa.array(np.ones(count, np.bool_))}
    arrays = [columns.get(item.name, pa.nulls(count, item.type)) for item in SAID_MERGES]
    return pa.Table.from_arrays(arrays, schema=SAID_MERGES)
