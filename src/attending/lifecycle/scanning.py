"""Look through a snapshot for identifiers, keep what was found, and tell whether it was signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.contract.identifiers import READ, finish, look_through
from attending.govern.declared import Scanned
from attending.lifecycle.desk import keep
from attending.lifecycle.engines import engine_over
from attending.lifecycle.ingesting import held
from attending.lifecycle.standing import standing_on
from attending.records.identifiers import IdentifierScan

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.lifecycle.desk import Desk

#: Whose signature says that what was found may stay.
SIGNER = "compliance_officer"


def scan(
    desk: Desk, snapshot: str = "", *, each: Callable[[], None] | None = None
) -> IdentifierScan:
    """Return what a snapshot's columns of text hold of identifiers, kept whatever it says.

    Args:
        desk: where and when.
        snapshot: the start of an id; the newest when empty.
        each: called after every shard.
    """
    found = held(desk, snapshot)
    partials = engine_over(desk, found).map(look_through, columns=list(READ), each=each)
    record = finish(partials, snapshot=found.digest, rows=found.snapshot.rows)
    keep(
        desk,
        record,
        action="snapshot.scan",
        keys={"snapshot": found.digest},
        details={"found": len(record.found)},
    )
    return record


def scanned(desk: Desk, snapshot: str) -> Scanned | None:
    """Return what the newest scan of a snapshot says, None when it was not scanned."""
    record = desk.home.catalog.latest(IdentifierScan, snapshot=snapshot)
    if record is None:
        return None
    approvals = standing_on(desk, record.digest)
    signed = any(item.role == SIGNER and item.meaning == "approval" for item in approvals)
    return Scanned(digest=record.digest, told=record.told, clean=record.clean, signed=signed)
