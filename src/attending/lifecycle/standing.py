"""Which signatures stand now, and why one does not: withdrawn, changed bytes, or a bad seal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import AttendingError
from attending.lifecycle.clock import set_back_at
from attending.lifecycle.papers import newest_pages
from attending.lifecycle.sealing import seal_fault
from attending.records.governance import Approval, Withdrawal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from attending.lifecycle.desk import Desk

CLOCK = "void: given before the clock was set back"
CHANGED = "the bytes that were signed are not there any more"


def standing_on(desk: Desk, digest: str) -> tuple[Approval, ...]:
    """Return the signatures on a document that stand, whatever they mean, oldest first."""
    found = desk.home.catalog.all(Approval, document=digest)
    faults = faults_of(desk, found)
    return tuple(one for one in found if one.digest not in faults)


def faults_of(desk: Desk, approvals: Iterable[Approval]) -> dict[str, str]:
    """Return by digest of approval why it does not stand; one that stands is not there.

    What a policy adds, such as an age, is not looked at here.
    """
    held = tuple(approvals)
    taken_back = {one.approval for one in desk.home.catalog.all(Withdrawal)} if held else set()
    pages = newest_pages(desk) if held else {}
    faults = {one.digest: _fault(desk, one, taken_back=taken_back, pages=pages) for one in held}
    faults |= dict.fromkeys(before_the_clock_was_set_back(desk), CLOCK)
    return {digest: fault for digest, fault in faults.items() if fault}


def before_the_clock_was_set_back(desk: Desk) -> frozenset[str]:
    """Return the signatures that were given before somebody set the clock back."""
    since = set_back_at(desk.home)
    if since < 0:
        return frozenset()
    lines = desk.home.catalog.list(Approval.kind)
    return frozenset(line.digest for line in lines if line.seq <= since)


def _fault(
    desk: Desk, approval: Approval, *, taken_back: set[str], pages: Mapping[str, str]
) -> str:
    if approval.digest in taken_back:
        return "withdrawn"
    if approval.home != desk.home.settings.home_id:
        return "signed in another home"
    page = pages.get(approval.document, approval.rendered)
    if approval.rendered is not None and page != approval.rendered:
        return "void: another page was made of the document since"
    return _bytes_fault(desk, approval) or seal_fault(desk, approval)


def _bytes_fault(desk: Desk, approval: Approval) -> str:
    """Return whether what was signed is still what was signed, to the byte."""
    try:
        desk.home.catalog.content(approval.document)
        if approval.rendered is not None:
            desk.home.artifacts.read(approval.rendered)
    except AttendingError as error:
        return f"void: {CHANGED} ({error.code})"
    return ""
