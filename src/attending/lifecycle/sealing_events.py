"""Events that feeds pushed become a snapshot: what scores saw is what is watched and trained on.

A day costs a day's data: only patients of whom something came are written, as a layer on the
snapshot of the day before. Now and then, and where records of two patients became one, all are.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from attending.digests import short
from attending.ingest.meds_format import write_events
from attending.lifecycle.current import events_of
from attending.lifecycle.desk import note
from attending.lifecycle.growing import append
from attending.lifecycle.ingesting import ingest
from attending.lifecycle.missed import due_policy
from attending.records.events import EVENTS
from attending.records.ledger import Subject
from attending.records.snapshot import Snapshot
from attending.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held
    from attending.specs.due import Seal

SEAL = "events.seal"
#: Patients a file, of whom all events are held in memory at once.
_A_FILE = 2_000
#: A message may be committed later than one that came after it: what came so long before the newest
#: seal is looked at again. What is there already is not written twice.
_LATE = 3600 * 1_000_000
#: After so many layers all events are written again: readers open every layer.
MOST_LAYERS = 28


class _Last(NamedTuple):
    """The newest seal: its snapshot, and up to when messages are in it, in microseconds."""

    snapshot: str
    received: int


def wants_seal(desk: Desk) -> bool:
    """Return whether a home asks for it."""
    return due_policy(desk.home.root).seal is not None


def seal_events(desk: Desk) -> str:
    """Return what was sealed, in words; nothing where nothing came since the last time.

    Raises:
        Refused: the snapshot's account does not balance.
    """
    asked = due_policy(desk.home.root).seal
    newest, last = _newest(desk), _last(desk)
    if asked is None or newest is None or (last is not None and newest <= last.received):
        return "nothing came since the last time"
    found = seal(desk, asked, last=last)
    with desk.home.database.transaction() as unit:
        subject = Subject(kind="snapshot", digest=found.digest)
        note(desk, unit, action=SEAL, subject=subject, details={"received": newest})
    how = f", {len(found.snapshot.layers)} layers under it" if found.snapshot.layers else ""
    return f"snapshot {short(found.digest)} of {asked.source}{how}"


def seal(desk: Desk, asked: Seal, *, last: _Last | None = None) -> Held:
    """Return a snapshot of all events that feeds have pushed, corrections and merges settled.

    Args:
        desk: where and when.
        asked: of which source it is.
        last: the newest seal, on which only what came since is laid; None to write all.

    Raises:
        Refused: its account does not balance.
    """
    about = {
        "time_zone": asked.time_zone,
        "site_zones": dict(asked.site_zones),
        "synthetic": desk.home.synthetic,
        "naming": {},
        "availability": [],
    }
    under = last if last is not None and _can_grow(desk, asked, last) else None
    whose = (
        desk.home.events.touched(under.received - _LATE) if under else desk.home.events.subjects()
    )
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=desk.home.folder("snapshots")) as name:
        folder = Path(name)
        version = format_instant(desk.at)
        write_events(_files(desk, whose), folder, name=asked.source, version=version, about=about)
        if under is None:
            return ingest(desk, "meds", folder)
        return append(desk, "meds", folder, onto=under.snapshot)


def _can_grow(desk: Desk, asked: Seal, last: _Last) -> bool:
    """Return whether the snapshot of the newest seal can take what came since as a layer."""
    if desk.home.events.merged_since(last.received - _LATE):
        return False
    line = desk.home.catalog.get(last.snapshot, Snapshot)
    here = set(desk.home.snapshots.list())
    return (
        {last.snapshot, *line.layers} <= here
        and len(line.layers) < MOST_LAYERS
        and (line.source_system, line.time_zone) == (asked.source, asked.time_zone)
    )


def _files(desk: Desk, whose: Iterable[int]) -> Iterator[pa.Table]:
    """Yield the events of some patients, of a part of them at a time."""
    subjects = sorted(whose)
    for start in range(0, len(subjects), _A_FILE):
        some = [events_of(desk.home, one) for one in subjects[start : start + _A_FILE]]
        yield pa.concat_tables([EVENTS.empty_table(), *some])


def _newest(desk: Desk) -> int | None:
    """Return when the newest message came, in microseconds; None when none did."""
    came = [one["received_at"] for one in desk.home.events.totals().values()]
    found = [int(one) for one in came if one is not None]
    return max(found, default=None)


def _last(desk: Desk) -> _Last | None:
    """Return the newest seal; None when there is none."""
    made = desk.home.ledger.search(action=SEAL, limit=10_000)
    found = [_Last(one.subject, int(str(one.details["received"]))) for one in made]
    return max(found, key=lambda one: one.received, default=None)
