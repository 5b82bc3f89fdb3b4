"""The index of all that people signed and read, of this process: it grows as the ledger does.

Each question takes up what the ledger has bound since the one before, so nothing is found that is
older than the ledger, and nothing that is younger is missed. Whoever shows a text that was found
reads it from the store once more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING

from attending.lifecycle.papers import pages
from attending.lifecycle.searching import KINDS, of_page, of_record
from attending.records.erasure import Erasure
from attending.records.ledger import GENESIS
from attending.stores.search import TextIndex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.lifecycle.desk import Desk
    from attending.stores.search import Text

#: A process serves one home; a test may open some one after the other.
_MOST_HOMES = 2


@dataclass
class _Taken:
    """What was taken up of a home.

    Attributes:
        size: so many entries of its ledger, `head` the leaf hash of the last of them.
        papers: the digests of the readable documents among it.
    """

    size: int = 0
    head: str = GENESIS
    papers: set[str] = field(default_factory=set)
    index: TextIndex = field(default_factory=TextIndex)


_LOCK = Lock()
#: What this process took up, by the address of the database of a home.
_TAKEN: dict[str, _Taken] = {}


def index_of(desk: Desk) -> TextIndex:
    """Return the index of all that people signed and read in a home up to now.

    Raises:
        IntegrityBroken: a record or a document that came since is not what its name says.
    """
    with _LOCK:
        end = desk.home.ledger.end()
        place = desk.home.database.address
        taken = _TAKEN.pop(place, None) or _Taken()
        if not desk.home.ledger.goes_on_from(taken.size, taken.head, end=end):
            taken = _Taken()
        if desk.home.catalog.bound(Erasure.kind, since=taken.size, until=end.size):
            taken = _Taken()  # what was erased is in no index either
        try:
            taken.index.add(_came(desk, taken, until=end.size))
        except BaseException:
            taken.index.close()
            raise
        _TAKEN[place] = replace(
            taken, size=end.size, head=end.head, papers=taken.papers | pages(desk).keys()
        )
        while len(_TAKEN) > _MOST_HOMES:
            del _TAKEN[next(iter(_TAKEN))]
        return taken.index


def _came(desk: Desk, taken: _Taken, *, until: int) -> Iterator[Text]:
    """Yield what came since: records that people write, sign or read, and readable documents."""
    if taken.size == until:
        return
    for digest, data in desk.home.catalog.since(taken.size, kinds=KINDS, until=until):
        yield of_record(digest, json.loads(data))
    for digest, (title, _) in pages(desk).items():
        if digest not in taken.papers:
            yield of_page(digest, title, desk.home.artifacts.read(digest))
