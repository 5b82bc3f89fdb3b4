"""Versions of one record in one delivery: each ends when the next one became known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.engines.tables import instants
from attending.ingest.identity import NEVER, entries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from attending.records.snapshot import Naming


def succeeded(events: pa.Table, naming: Mapping[str, Naming]) -> pa.Table:
    """Return events with `superseded_at` of versions that a later version of the record follows.

    A row that ended before that, as its source says itself, stays as it is.

    Args:
        events: all events of whole patients, in any order.
        naming: how each source names its records; only versioned ones are looked at.
    """
    sources = [source for source, way in naming.items() if way == "versioned"]
    if not sources:
        return events
    where = pc.is_in(events["source"], value_set=pa.array(sources, pa.string()))
    found = entries(events.filter(where), naming)
    until = np.minimum(found["ended"], _next_known(found))
    if (until == found["ended"]).all():
        return events
    place = events.schema.get_field_index("superseded_at")
    column = pc.replace_with_mask(
        events["superseded_at"].combine_chunks(),
        where.combine_chunks(),
        instants(until, null=NEVER),
    )
    return events.set_column(place, events.schema.field(place), column)


def _next_known(found: NDArray[np.void]) -> NDArray[np.int64]:
    """Return when the next higher version of each row's record became known, NEVER for the last."""
    order = np.lexsort((found["known"], found["version"], found["record"]))
    ordered = found[order]
    # The first row of each version is the one that became known first.
    first = np.ones(len(ordered), np.bool_)
    first[1:] = (ordered["record"][1:] != ordered["record"][:-1]) | (
        ordered["version"][1:] != ordered["version"][:-1]
    )
    heads = np.flatnonzero(first)
    known = np.full(len(heads), NEVER, dtype=np.int64)
    same = ordered["record"][heads[1:]] == ordered["record"][heads[:-1]]
    known[:-1][same] = ordered["known"][heads[1:]][same]
    out = np.empty(len(found), np.int64)
    out[order] = known[np.cumsum(first) - 1]
    return out
