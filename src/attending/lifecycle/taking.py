"""Holding what a message says against what the store holds: new, said before, or contradicting."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from attending.errors import Refused
from attending.ingest.merges import MERGES, Owners
from attending.records.intake import Account

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from attending.ingest.heard import Heard
    from attending.records.intake import Sent, Version
    from attending.stores.events import Events
    from attending.stores.unit import Unit


@dataclass
class _Count:
    """What the store adds to the account of a message."""

    duplicate: int = 0
    letters: list[dict[str, str]] = field(default_factory=list)


def settled_in(events: Events, unit: Unit, found: Heard, *, sent: Sent) -> Account:
    """Return the account of a message, what is new of it now kept.

    A version that says what the one before it says is a duplicate, whatever message brings it.
    """
    count = _Count()
    held = events.held(unit, [one.record for one in (*found.versions, *found.withdrawn)])
    fresh = [*_fresh(found.versions, held, count), *_withdrawn(found.withdrawn, held)]
    events.add(unit, fresh, sent)
    _merge(events, unit, found, sent=sent, count=count)
    times = [row["time"] for one in fresh for row in one.rows if row.get("time") is not None]
    aside = found.quarantined + len(count.letters)
    duplicate = found.duplicate + count.duplicate
    return Account(
        rows_in=found.rows_in,
        accepted=found.rows_in - aside - found.rejected - duplicate,
        quarantined=aside,
        rejected=found.rejected,
        duplicate=duplicate,
        letters=(*found.letters, *count.letters),
        newest=max(times) if times else None,
    )


def _fresh(
    versions: Sequence[Version], held: dict[str, dict[int, str]], count: _Count
) -> Iterator[Version]:
    for one in versions:
        there = held.setdefault(one.record, {})
        if _said_before(one, there):
            count.duplicate += 1
        elif one.version in there:
            count.letters.append(
                {"at": one.rows[0]["source"], "why": "version_conflict", "as": "quarantined"}
            )
        else:
            there[one.version] = one.content
            yield one


def _withdrawn(versions: Sequence[Version], held: dict[str, dict[int, str]]) -> Iterator[Version]:
    """Yield withdrawals that are new; one that comes before what it withdraws is kept too."""
    for one in versions:
        there = held.setdefault(one.record, {})
        if not _said_before(one, there) and one.version not in there:
            there[one.version] = one.content
            yield one


def _said_before(one: Version, there: dict[int, str]) -> bool:
    """Return whether the newest version up to this one says the same."""
    earlier = [version for version in there if version <= one.version]
    return bool(earlier) and there[max(earlier)] == one.content


def _merge(events: Events, unit: Unit, found: Heard, *, sent: Sent, count: _Count) -> None:
    """Keep what is new of the merges; one that would run in a circle is set aside."""
    for said in found.merges:
        group, before = events.group_of(said["gone"], unit)
        if said["kept"] is None and group == {said["gone"]}:
            continue  # it says that a record is its own, and nobody ever said otherwise
        if _runs_in_a_circle(before, said):
            count.letters.append({"at": "merge", "why": "merge_cycle", "as": "quarantined"})
        elif not events.add_merges(unit, [said], sent) and said["kept"] is not None:
            count.duplicate += 1


def _runs_in_a_circle(before: pa.Table, said: dict[str, Any]) -> bool:
    fresh = pa.table({name: pa.array([said[name]]) for name in MERGES.names}).cast(MERGES)
    try:
        Owners(pa.concat_tables([before.select(MERGES.names).cast(MERGES), fresh]))
    except Refused:
        return True
    return False
