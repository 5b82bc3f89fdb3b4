"""Readable documents: the bytes that people read, and which record they were made of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING

from attending.errors import NotFound
from attending.lifecycle.day_pages import drawn_page
from attending.lifecycle.desk import note
from attending.records.ledger import GENESIS, Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from attending.lifecycle.desk import Desk
    from attending.records.ledger import LedgerEntry

#: A process serves one home; a test may open some one after the other.
_MOST_HOMES = 4


@dataclass(frozen=True)
class Written:
    """The documents that the first entries of a ledger tell of.

    Attributes:
        size: the number of these entries, and `head` the leaf hash of the last of them.
        pages: digest of the page -> title, digest of its record.
        newest: digest of a record -> digest of its newest page.
    """

    size: int
    head: str
    pages: Mapping[str, tuple[str, str]]
    newest: Mapping[str, str]

    def grown(self, new: Iterable[LedgerEntry], *, size: int, head: str) -> Written:
        """Return the documents with those of the entries that came since, oldest first."""
        told = [(one.subject, str(one.details["title"]), str(one.details["of"])) for one in new]
        if not told:
            return replace(self, size=size, head=head)
        return Written(
            size,
            head,
            MappingProxyType({**self.pages, **{page: (title, of) for page, title, of in told}}),
            MappingProxyType({**self.newest, **{of: page for page, _, of in told}}),
        )


_NOTHING = Written(0, GENESIS, MappingProxyType({}), MappingProxyType({}))
_LOCK = Lock()
#: What this process knows of each home, by the address of its database.
_KNOWN: dict[str, Written] = {}


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


def pages(desk: Desk) -> Mapping[str, tuple[str, str]]:
    """Return the readable documents: digest of the page -> title, digest of its record."""
    return _written(desk).pages


def page_of(desk: Desk, record: str) -> str:
    """Return the digest of the newest page of a record.

    Raises:
        NotFound: nothing readable was made of it.
    """
    found = newest_pages(desk).get(record)
    if found is None:
        raise NotFound("nothing readable was made of this record", code="document.missing")
    return found


def newest_pages(desk: Desk) -> Mapping[str, str]:
    """Return the digest of the newest page of each record that has one."""
    return _written(desk).newest


def _written(desk: Desk) -> Written:
    """Return the documents that the ledger tells of now.

    Entries only come after: only what was written since is read again. What this process knew of
    the ledger counts as long as the ledger goes on from there, else all is read anew.
    """
    ledger, end = desk.home.ledger, desk.home.ledger.end()
    with _LOCK:
        known = _KNOWN.get(desk.home.database.address, _NOTHING)
    if not ledger.goes_on_from(known.size, known.head, end=end):
        known = _NOTHING
    if known.size == end.size:
        return known
    new = ledger.newest_first(
        action="document.write", start=known.size, stop=end.size, limit=end.size
    )
    found = known.grown(reversed(new), size=end.size, head=end.head)
    with _LOCK:
        _KNOWN[desk.home.database.address] = found
        while len(_KNOWN) > _MOST_HOMES:
            del _KNOWN[next(iter(_KNOWN))]
    return found


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
    return desk.home.artifacts.put(drawn_page(desk, content, record))


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
    return drawn_page(desk, content, record)
