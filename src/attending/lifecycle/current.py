"""A patient's current events from the event store, as a score is asked for by ids alone."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from attending.engines.tables import micros
from attending.errors import BadInput, NotFound
from attending.ingest.current import current_events
from attending.records.events import ADMISSION
from attending.times import to_micros

if TYPE_CHECKING:
    import pyarrow as pa

    from attending.stores.home import Home
    from attending.types import Instant

_NEVER = np.iinfo(np.int64).max


def events_of(home: Home, subject_id: int, *, received: Instant | None = None) -> pa.Table:
    """Return a patient's events in canonical order, those of merged records among them.

    Args:
        home: whose event store is read.
        subject_id: the patient.
        received: only what had come by then; all when absent.
    """
    group, merges = home.events.group_of(subject_id)
    return current_events(
        home.events.rows_of(group),
        merges,
        subject_id=subject_id,
        received=None if received is None else to_micros(received),
    )


def known_events(home: Home, subject_id: int, encounter_id: int | None) -> pa.Table:
    """Return a patient's events, when both the patient and the stay are known here.

    Raises:
        NotFound: nothing is held of the patient or of the stay.
        BadInput: the stay is another patient's.
    """
    rows = events_of(home, subject_id)
    if not rows.num_rows:
        raise NotFound(
            "nothing is known here of this patient",
            code="patient.unknown",
            hint="Look at the feeds, or send the events with the request.",
        )
    if encounter_id is None or pc.any(pc.equal(rows["encounter_id"], encounter_id)).as_py():
        return rows
    if home.events.has_encounter(encounter_id):
        raise BadInput(
            "the stay is another patient's than the request's",
            code="patient.mismatch",
            hint="Nothing was scored.",
        )
    raise NotFound("nothing is known here of this stay", code="encounter.unknown")


def admitted(rows: pa.Table, encounter_id: int | None, *, at: Instant) -> Instant:
    """Return when a stay began, as it was known at an instant.

    Raises:
        BadInput: no stay is named, or its admission was not known.
    """
    p = to_micros(at)
    seen = micros(rows["known_at"], null=_NEVER) <= p
    seen &= p < micros(rows["superseded_at"], null=_NEVER)
    begun = rows.filter(np.asarray(seen)).filter(pc.starts_with(pc.field("code"), ADMISSION))
    begun = begun.filter(pc.field("encounter_id") == (encounter_id or -1))
    first: Instant | None = pc.min(begun["time"]).as_py()
    if first is None:
        raise BadInput(
            "got no index_start, and no admission of the stay was known",
            code="request.index_start",
            hint="Give index_start, or the stay whose admission it is.",
        )
    return first.replace(tzinfo=UTC)
