"""Readable documents: the bytes that people read, and which record they were made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.record_page import record_page
from attending.errors import NotFound
from attending.lifecycle.desk import note
from attending.records.ledger import Subject

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk


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
    found = desk.home.ledger.search(action="document.write", limit=10_000)
    return {
        entry.subject: (str(entry.details["title"]), str(entry.details["of"])) for entry in found
    }


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
    found = desk.home.ledger.search(action="document.write", limit=10_000)
    return {str(entry.details["of"]): entry.subject for entry in found}


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
