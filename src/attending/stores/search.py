"""Full-text search: words in texts, by an index (SQLite FTS5) that is made when it is asked for.

One index serves both databases, so that the same words find the same documents on either.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable

_TABLE = (
    "CREATE VIRTUAL TABLE texts USING fts5(digest UNINDEXED, kind UNINDEXED, title, body, "
    "tokenize = 'unicode61 remove_diacritics 2')"
)
# A hit in the title counts ten times one in the body.
_ASK = (
    "SELECT digest, kind, title, snippet(texts, 3, '[', ']', ' ... ', 12) FROM texts "
    "WHERE texts MATCH ? ORDER BY bm25(texts, 0, 0, 10, 1), digest LIMIT ?"
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
    asked = matching(words)
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute(_TABLE)
        rows = ((one.digest, one.kind, one.title, one.body) for one in texts)
        index.executemany("INSERT INTO texts VALUES (?, ?, ?, ?)", rows)
        found = index.execute(_ASK, (asked, limit)).fetchall()
    return tuple(Hit(*row) for row in found)


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
