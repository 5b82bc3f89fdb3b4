"""Full-text search: words in texts, by an index (SQLite FTS5) of the process that asks.

One index serves both databases, so that the same words find the same documents on either.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from attending.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TABLE = (
    "CREATE VIRTUAL TABLE texts USING fts5(digest UNINDEXED, kind UNINDEXED, title, body, "
    "tokenize = 'unicode61 remove_diacritics 2')"
)
_ADD = "INSERT INTO texts VALUES (?, ?, ?, ?)"
# A hit in the title counts ten times one in the body.
_BEST = (
    "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY bm25(texts, 0, 0, 10, 1), digest LIMIT ?"
)
_AROUND = (
    "SELECT digest, kind, title, snippet(texts, 3, '[', ']', ' ... ', 12) FROM texts "
    "WHERE texts MATCH ? AND rowid = ?"
)
_PART = re.compile(r'"([^"]*)"|(\S+)')


@dataclass(frozen=True)
class Text:
    """One text to be searched: its digest, what it is, its title, and all that it says."""

    digest: str
    kind: str
    title: str
    body: str


@dataclass(frozen=True)
class Hit:
    """One text in which all words stand, and a few words around the first."""

    digest: str
    kind: str
    title: str
    around: str


def search(texts: Iterable[Text], words: str, *, limit: int = 20) -> tuple[Hit, ...]:
    """Return the texts in which all words stand, the best first.

    Args:
        texts: to be searched.
        words: words; `"two words"` together, `calib*` by its start. Case and accents do not count.
        limit: how many at most.

    Raises:
        BadInput: there is no word.

    >>> page = Text("a" * 64, "approval", "Approval", "Fit for silent use on the cardiac ward")
    >>> [hit.kind for hit in search([page], "CARDIAC silent")]
    ['approval']
    >>> search([page], '"silent cardiac"')
    ()
    """
    with closing(TextIndex()) as index:
        return index.search(words, limit=limit, beside=texts)


class TextIndex:
    """Texts of which words are asked; they rest in a file without a name that goes with it.

    Threads ask one after the other.

    >>> with closing(TextIndex()) as index:
    ...     index.add([Text("a" * 64, "approval", "Approval", "Fit for silent use")])
    ...     len(index.search("silent")), len(index.search("loud"))
    (1, 0)
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._index = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._index.execute(_TABLE)

    def add(self, texts: Iterable[Text]) -> None:
        """Take up texts; all of them or, where one cannot be read, none."""
        with self._lock, self._all_or_none():
            self._add(texts)
            self._index.execute("COMMIT")

    def search(
        self, words: str, *, limit: int = 20, beside: Iterable[Text] = ()
    ) -> tuple[Hit, ...]:
        """Return the texts in which all words stand, the best first.

        Args:
            words: as of `search`.
            limit: how many at most.
            beside: texts that are searched with the others this once.

        Raises:
            BadInput: there is no word.
        """
        asked = matching(words)
        with self._lock, self._all_or_none():
            self._add(beside)
            best = self._index.execute(_BEST, (asked, limit)).fetchall()
            found = [self._index.execute(_AROUND, (asked, row)).fetchone() for (row,) in best]
        return tuple(Hit(*row) for row in found)

    def close(self) -> None:
        """Let go of the index and its file."""
        self._index.close()

    def _add(self, texts: Iterable[Text]) -> None:
        rows = ((one.digest, one.kind, one.title, one.body) for one in texts)
        self._index.executemany(_ADD, rows)

    @contextmanager
    def _all_or_none(self) -> Iterator[None]:
        """Take back what the block did and did not commit."""
        self._index.execute("BEGIN")
        try:
            yield
        finally:
            if self._index.in_transaction:
                self._index.execute("ROLLBACK")


def matching(words: str) -> str:
    """Return what is asked of the index: every word in quotes, so that none is an operator.

    Raises:
        BadInput: there is no word.

    >>> matching('card* NOT "two words"')
    '"card" * "NOT" "two words"'
    """
    parts = []
    for phrase, word in _PART.findall(words.replace("\0", " ")):
        text = phrase or word
        star = " *" if word.endswith("*") else ""
        plain = text.rstrip("*").replace('"', " ").strip()
        if any(letter.isalnum() for letter in plain):
            parts.append(f'"{plain}"{star}')
    if not parts:
        raise BadInput(
            "expected at least one word",
            code="search.words",
            hint="Write attending audit search calibration",
        )
    return " ".join(parts)
