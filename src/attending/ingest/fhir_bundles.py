"""Read the entries of a FHIR Bundle one by one; a Bundle of any size is never held whole."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any

from attending.errors import AttendingError, BadInput
from attending.ingest.files import Truncated
from attending.ingest.first_bytes import require_kind
from attending.ingest.unpack import opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

#: Characters of one resource; a longer one is none of ours and is never held whole.
LONGEST = 8 << 20
#: Lines or entries without a resource; a file with more is no export.
MOST_NOTHING = 300_000
_STEP = 1 << 18
_SPACE = " \t\r\n"


class Nothing:
    """Counts lines or entries that hold no resource, and refuses a file with far too many."""

    def __init__(self, where: str) -> None:
        self._where, self._left = where, MOST_NOTHING

    def count(self) -> None:
        """Count one more.

        Raises:
            BadInput: there are too many.
        """
        self._left -= 1
        if self._left < 0:
            raise BadInput(
                f"more than {MOST_NOTHING} lines or entries hold no resource",
                code="ingest.no_resources",
                hint="Ask the server for the export again, and look into it first.",
                where=self._where,
            )


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object in which no name stands twice: which of them is meant is never guessed.

    Raises:
        ValueError: one does.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def bundle_entries(path: Path) -> Iterator[Any]:
    """Iterate over the entries of a Bundle.

    Raises:
        Truncated: it is not whole JSON.
        BadInput: it is JSON of another kind, or a file of another kind.
        AttendingError: the packed bytes are refused.
    """
    said: dict[str, Any] = {}
    with opened(path, where=path.name) as stream:
        require_kind(stream.peek(64), expected="a Bundle", where=path.name)
        try:
            yield from _entries(_Text(stream), said)
        except AttendingError:  # of the packed bytes, not of the text
            raise
        except (ValueError, RecursionError) as error:
            raise Truncated("this is not whole JSON", where=path.name) from error
    if said.get("resourceType") != "Bundle":
        raise BadInput(
            "expected a Bundle",
            code="ingest.not_a_bundle",
            hint="Keep other JSON files out of the folder.",
            where=path.name,
        )


def _entries(text: _Text, said: dict[str, Any]) -> Iterator[Any]:
    """Iterate over entries; what else the Bundle says goes into `said`."""
    for name in text.names():
        if name == "entry" and text.next() == "[":
            yield from text.items()
        else:
            said[name] = text.value()


class _Text:
    """JSON text, of which a window is held; what was read is forgotten."""

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream
        self._decoder = json.JSONDecoder(object_pairs_hook=once)
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
        self._held = ""
        self._at = 0
        self._ended = False

    def names(self) -> Iterator[str]:
        """Iterate over the names of an object; the caller reads the value of each."""
        self._take("{")
        while self.next() != "}":
            name = self.value()
            self._take(":")
            yield str(name)
            self._between("}")
        self._take("}")
        if self.next():
            raise ValueError("more follows")

    def items(self) -> Iterator[Any]:
        """Iterate over the values of an array."""
        self._take("[")
        while self.next() != "]":
            yield self.value()
            self._between("]")
        self._take("]")

    def next(self) -> str:
        """Return the next character that is no space, without taking it; nothing at the end."""
        while True:
            while self._at < len(self._held) and self._held[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._held) or self._ended:
                return self._held[self._at : self._at + 1]
            self._fill(_STEP)

    def value(self) -> Any:  # noqa: ANN401 - JSON
        """Return the next value, after taking it."""
        self.next()
        size = _STEP
        while True:
            try:
                found, end = self._decoder.raw_decode(self._held, self._at)
            except ValueError:
                if self._ended or len(self._held) - self._at > LONGEST:
                    raise
            else:
                # A number at the end of what is held may go on behind it.
                if end < len(self._held) or self._ended:
                    self._at = end
                    return found
            self._fill(size)
            size *= 2

    def _between(self, end: str) -> None:
        if self.next() != end:
            self._take(",")

    def _take(self, character: str) -> None:
        if self.next() != character:
            raise ValueError("not what JSON has here")
        self._at += 1

    def _fill(self, size: int) -> None:
        data = self._stream.read(size)
        self._ended = not data
        self._held = self._held[self._at :] + self._utf8.decode(data, final=self._ended)
        self._at = 0
