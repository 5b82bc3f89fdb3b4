"""Readable documents: the bytes that people read, and which record they were made of."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from attending.documents.record_page import record_page
from attending.errors import NotFound
from attending.lifecycle.desk import note
from attending.records.ledger import Subject

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.ledger import LedgerEntry
    from attending.stores.ledger import Ledger

#: Of each open ledger, how many entries were read, and the documents that they tell of.
_READ: WeakKeyDictionary[Ledger, tuple[int, list[tuple[str, str, str]]]] = WeakKeyDictionary()


def keep_page(desk: Desk, page: bytes, *, of: str, title: str) -> str:
    """Return the digest of a readable document, kept, with the record that it was made of."""
    digest = desk.home.artifacts.put(page)
    with desk.home.database.transaction() as unit:
        note(
            desk,
            unit,
            action="document.write",
            subject=Subject(kind="document", digest=digest),
            details={"title": title, "of": of},
        )
    return digest


def pages(desk: Desk) -> dict[str, tuple[str, str]]:
    """Return the readable documents: digest of the page -> title, digest of its record."""
    return {page: (title, of) for page, title, of in _written(desk.home.ledger)}


def page_of(desk: Desk, record: str) -> str:
    """Return the digest of the newest page of a record.

    Raises:
        NotFound: nothing readable was made of it.
    """
    found = newest_pages(desk).get(record)
    if found is None:
        raise NotFound("nothing readable was made of this record", code="document.missing")
    return found


def newest_pages(desk: Desk) -> dict[str, str]:
    """Return the digest of the newest page of each record that has one."""
    return {of: page for page, _, of in _written(desk.home.ledger)}


def _written(ledger: Ledger) -> list[tuple[str, str, str]]:
    """Return page, title and record of every document, oldest first.

    While a home is open only what was written since is read again, for entries only come after.
    """
    read, known = _READ.get(ledger, (0, []))
    size = ledger.size
    if size > read:
        new = ledger.newest_first(action="document.write", start=read, stop=size, limit=size)
        known = [*known, *map(_document, reversed(new))]
        _READ[ledger] = (size, known)
    return known


def _document(entry: LedgerEntry) -> tuple[str, str, str]:
    return entry.subject, str(entry.details["title"]), str(entry.details["of"])


def rendered(desk: Desk, record: str) -> str:
    """Return the digest of exactly the bytes that stand for a record when it is read and signed.

    It is the newest page of the record; of a record without one, a page of all that it says.

    Raises:
        NotFound: no such record.
        IntegrityBroken: the record or its page has other bytes than its name says.
    """
    page = newest_pages(desk).get(record)
    if page is not None:
        desk.home.artifacts.read(page)
        return page
    content = desk.home.catalog.content(record)
    return desk.home.artifacts.put(
        record_page(content, digest=record, synthetic=desk.home.synthetic)
    )


def readable(desk: Desk, record: str) -> bytes:
    """Return the bytes in which a record is read: its newest page, else a page of all it says.

    Raises:
        NotFound: no such record.
        IntegrityBroken: the record or its page has other bytes than its name says.
    """
    page = newest_pages(desk).get(record)
    if page is not None:
        return desk.home.artifacts.read(page)
    content = desk.home.catalog.content(record)
    return record_page(content, digest=record, synthetic=desk.home.synthetic)
