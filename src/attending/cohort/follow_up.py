"""How long each row of a cohort was followed, and how its following ended.

A label says only what is known for sure. Rows that were lost, that have another event first, or
whose horizon reaches beyond the data still tell something: nothing happened to them so far. This
table says how far that is, so that a validation can weigh them. It is made when it is asked for;
the cohort's own table does not hold it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.cohort.candidates import candidates
from attending.cohort.facts import NEVER, NO_STAY, Facts
from attending.cohort.labels import labels, look
from attending.cohort.outcome_codes import columns_read
from attending.cohort.shard import KEPT, codes_read, leaves_at, nullable
from attending.engines.tables import instants, whole_numbers
from attending.times import to_micros

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attending.cohort.candidates import Candidates
    from attending.cohort.labels import Looked
    from attending.engines.protocol import Engine
    from attending.specs.cohort import CohortSpec
    from attending.types import Instant, Ints

#: How following ended: the event; known to have none; lost before either was known.
EVENT, NONE, LOST = "event", "no_event", "lost"
_KEYS = ("subject_id", "prediction_time", "encounter_id")


def has_follow_up(spec: CohortSpec) -> bool:
    """Return whether rows can be followed: yes or no within a horizon of one length."""
    return not spec.of_units and not spec.label.is_number and spec.label.horizon is not None


def follow_up(
    spec: CohortSpec,
    engine: Engine,
    *,
    as_of: Instant,
    each: Callable[[], None] | None = None,
) -> pa.Table:
    """Return a row for each row of the cohort table, in its order.

    Columns are its keys, `followed_until` (when the event came, when it was known that none would,
    or when the row was lost) and `ended`: `event`, `no_event` or `lost`. A competing event ends the
    following without an event. The end of the data is where the label delay allows to look to.

    Args:
        spec: the cohort, whose label has a horizon.
        engine: maps the work over the shards of a snapshot.
        as_of: end of what may be seen, as the cohort was built with.
        each: called after every shard.

    Raises:
        IntegrityBroken: a shard is not in canonical order, or cannot be read.
    """
    work = partial(followed_shard, spec, to_micros(as_of))
    found = engine.map(work, codes=codes_read(spec), columns=columns_read(spec), each=each)
    kept = found.filter(pa.array(whole_numbers(found["step"]) == KEPT)).drop_columns(["step"])
    order = pc.sort_indices(kept, sort_keys=[(name, "ascending") for name in _KEYS])
    return kept.take(order).combine_chunks()


def followed_shard(spec: CohortSpec, as_of: int, events: pa.Table) -> pa.Table:
    """Return every candidate of whole patients with how its following ended, and its step.

    Args:
        spec: the cohort.
        as_of: end of what may be seen, microseconds.
        events: rows in canonical order.
    """
    found = candidates(spec, Facts(events, as_of))
    ended, until = _endings(spec, found, look(spec, found))
    return pa.table(
        {
            "subject_id": pa.array(found.stays.subject),
            "prediction_time": instants(found.at),
            "encounter_id": nullable(found.stays.encounter, null=NO_STAY),
            "step": pa.array(leaves_at(spec, found, labels(spec, found))),
            "followed_until": instants(until),
            "ended": pa.array(ended, pa.string()),
        }
    )


def _endings(
    spec: CohortSpec, found: Candidates, looked: Looked
) -> tuple[NDArray[np.object_], Ints]:
    """Return how each candidate's following ended, and when."""
    end, gone = looked.outcome.horizon_end, looked.outcome.lost
    stop = np.minimum(np.minimum(end, looked.cut), found.facts.as_of - spec.label.delay)
    at = np.where(looked.event, looked.outcome.at, NEVER)
    first = np.minimum(at, np.where(looked.competes, looked.first, NEVER))
    seen = first <= stop
    through = (stop >= end) & ~looked.lost
    ended = np.select([seen & looked.event, seen | through], [EVENT, NONE], LOST)
    # Without any record of an outcome nobody knows until when one was looked for.
    stop = np.where(gone, found.at, stop)
    until = np.maximum(np.where(seen, first, stop), found.at)
    return ended.astype(object), until
