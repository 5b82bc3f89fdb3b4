"""Events that feeds pushed become a snapshot: what scores saw is what is watched and trained on."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from attending.digests import short
from attending.ingest.meds_format import write_events
from attending.lifecycle.current import events_of
from attending.lifecycle.desk import note
from attending.lifecycle.ingesting import ingest
from attending.lifecycle.missed import due_policy
from attending.records.events import EVENTS
from attending.records.ledger import Subject
from attending.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held
    from attending.specs.due import Seal

SEAL = "events.seal"
#: Patients a file, of whom all events are held in memory at once.
_A_FILE = 2_000


def wants_seal(desk: Desk) -> bool:
    """Return whether a home asks for it."""
    return due_policy(desk.home.root).seal is not None


def seal_events(desk: Desk) -> str:
    """Return what was sealed, in words; nothing where nothing came since the last time.

    Raises:
        Refused: the snapshot's account does not balance.
    """
    asked = due_policy(desk.home.root).seal
    newest = _newest(desk)
    if asked is None or newest is None or newest <= _sealed(desk):
        return "nothing came since the last time"
    found = seal(desk, asked)
    with desk.home.database.transaction() as unit:
        subject = Subject(kind="snapshot", digest=found.digest)
        note(desk, unit, action=SEAL, subject=subject, details={"received": newest})
    return f"snapshot {short(found.digest)} of {asked.source}"


def seal(desk: Desk, asked: Seal) -> Held:
    """Return a snapshot of all events that feeds have pushed, corrections and merges settled.

    Args:
        desk: where and when.
        asked: of which source it is.

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
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=desk.home.folder("snapshots")) as name:
        folder = Path(name)
        version = format_instant(desk.at)
        write_events(_files(desk), folder, name=asked.source, version=version, about=about)
        return ingest(desk, "meds", folder)


def _files(desk: Desk) -> Iterator[pa.Table]:
    """Yield the events of all patients, of some of them at a time."""
    subjects = sorted(desk.home.events.subjects())
    for start in range(0, len(subjects), _A_FILE):
        some = [events_of(desk.home, one) for one in subjects[start : start + _A_FILE]]
        yield pa.concat_tables([EVENTS.empty_table(), *some])


def _newest(desk: Desk) -> int | None:
    """Return when the newest message came, in microseconds; None when none did."""
    came = [one["received_at"] for one in desk.home.events.totals().values()]
    found = [int(one) for one in came if one is not None]
    return max(found, default=None)


def _sealed(desk: Desk) -> int:
    """Return up to when messages are in a snapshot, in microseconds; 0 when none is."""
    made = desk.home.ledger.search(action=SEAL, limit=10_000)
    return max((int(str(one.details["received"])) for one in made), default=0)
