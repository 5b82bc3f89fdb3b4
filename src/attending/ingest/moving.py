"""Move facts to the patient whose they are: each row is cut where its owner changes.

A row that is another's from an instant on ends then, and the same fact begins under the other.
One patient has one birth at any instant: a birth that came with a merged record is told by another
code for as long as the kept record has its own.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.engines.tables import instants, micros, whole_numbers
from attending.ingest.merges import NEVER, Owners, Piece
from attending.records.events import BIRTH, EVENTS, MERGED_BIRTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from attending.types import Ints, Mask

#: A row, and whose the source said it is.
SAID_OF = "said_of"
SAID = pa.schema([*EVENTS, pa.field(SAID_OF, pa.int64())])
_BIRTHS = (BIRTH, MERGED_BIRTH)


class Cut(NamedTuple):
    """What becomes of rows: from when each ends (NEVER: as it stands), and the rows that follow."""

    ends: Ints
    after: pa.Table


class _Claim(NamedTuple):
    """A birth of a row, under an owner, from an instant until another."""

    start: int
    stop: int
    row: int


def cut(rows: pa.Table, owners: Owners) -> Cut:
    """Return where rows end because they are another's from then on, and what follows.

    Args:
        rows: as `SAID` says; all rows of births of every group that is touched, ended or not.
        owners: whose facts are.
    """
    said = whole_numbers(rows[SAID_OF])
    known = micros(rows["known_at"], null=NEVER)
    until = micros(rows["superseded_at"], null=NEVER)
    owner = whole_numbers(rows["subject_id"])
    births = np.asarray(pc.is_in(rows["code"], value_set=pa.array(_BIRTHS)))
    merged = np.asarray(pc.equal(rows["code"], MERGED_BIRTH))
    work = _Work(known, until, owner=owner, merged=merged)
    order = np.argsort(said, kind="stable")
    order = order[~births[order]]
    for some in np.split(order, np.flatnonzero(np.diff(said[order])) + 1):
        if len(some):
            work.add(some, owners.pieces(int(said[some[0]])))
    born = _Births(said, known, until)
    for row, pieces in born.pieces(np.flatnonzero(births), owners):
        work.add(np.array([row]), pieces)
    return Cut(work.ends, work.after(rows))


class _Span(NamedTuple):
    """Rows that follow on some: their places, from when and until when, and whose they are."""

    at: Ints
    known: Ints
    until: Ints
    piece: Piece


class _Work:
    """Cuts rows piece by piece."""

    def __init__(self, known: Ints, until: Ints, *, owner: Ints, merged: Mask) -> None:
        self._known, self._until, self._owner, self._merged = known, until, owner, merged
        self.ends = np.full(len(known), NEVER, np.int64)
        self._spans: list[_Span] = []

    def add(self, rows: Ints, pieces: Sequence[Piece]) -> None:
        """Cut some rows by the pieces of one patient, or of one birth."""
        known, until = self._known[rows], self._until[rows]
        cut_at = np.full(len(rows), NEVER, np.int64)
        spans = []
        for place, piece in enumerate(pieces):
            stop = pieces[place + 1].start if place + 1 < len(pieces) else NEVER
            low, high = np.maximum(known, piece.start), np.minimum(until, stop)
            other = (self._owner[rows] != piece.owner) | (
                self._merged[rows] != (piece.code == MERGED_BIRTH)
            )
            first = np.where((low < high) & other, low, NEVER)
            cut_at = np.minimum(cut_at, first)
            spans.append((low, high, piece))
        self.ends[rows] = cut_at
        for low, high, piece in spans:
            begins = np.maximum(low, cut_at)
            here = begins < high
            if here.any():
                self._spans.append(_Span(rows[here], begins[here], high[here], piece))

    def after(self, rows: pa.Table) -> pa.Table:
        """Return the rows that follow on those that were cut."""
        made = [_made(rows, span) for span in self._spans]
        return pa.concat_tables([SAID.empty_table(), *made])


def _made(rows: pa.Table, span: _Span) -> pa.Table:
    at, known, until, piece = span
    table = rows.select(SAID.names).take(pa.array(at)).cast(SAID)
    told: dict[str, pa.Array] = {
        "subject_id": pa.array(np.full(len(at), piece.owner, np.int64)),
        "known_at": instants(known),
        "superseded_at": instants(until, null=NEVER),
    }
    if piece.code is not None:
        told["code"] = pa.repeat(pa.scalar(piece.code), len(at))
    for name, column in told.items():
        table = table.set_column(SAID.get_field_index(name), SAID.field(name), column)
    return table


class _Births(NamedTuple):
    """Rows among which births are: whose the source said they are, from when and until when."""

    said: Ints
    known: Ints
    until: Ints

    def pieces(self, rows: Ints, owners: Owners) -> Iterator[tuple[int, list[Piece]]]:
        """Yield for every birth whose it is and by which code."""
        claims: dict[int, list[_Claim]] = {}
        found: dict[int, list[Piece]] = {int(row): [] for row in rows}
        for row in found:
            for owner, claim in self._claims(row, owners):
                claims.setdefault(owner, []).append(claim)
        for owner, some in claims.items():
            self._give(owner, some, found)
        for row, made in found.items():
            yield row, sorted(made)

    def _claims(self, row: int, owners: Owners) -> Iterator[tuple[int, _Claim]]:
        pieces = owners.pieces(int(self.said[row]))
        stops = [*(piece.start for piece in pieces[1:]), NEVER]
        for piece, stop in zip(pieces, stops, strict=True):
            start, end = max(int(self.known[row]), piece.start), min(int(self.until[row]), stop)
            if start < end:
                yield piece.owner, _Claim(start, end, row)

    def _give(self, owner: int, claims: list[_Claim], found: dict[int, list[Piece]]) -> None:
        """Give an owner's birth to its own record while that has one, else to the first."""
        said, taken = self.said, _Spans()
        claims.sort(key=lambda one: (said[one.row] != owner, said[one.row], one.start, one.row))
        for _, group in groupby(claims, key=lambda one: said[one.row]):
            same = list(group)
            for claim in same:
                for start, free in taken.over(claim.start, claim.stop):
                    found[claim.row].append(Piece(start, owner, BIRTH if free else MERGED_BIRTH))
            for claim in same:
                taken.add(claim.start, claim.stop)


class _Spans:
    """Spans of time that are taken, apart from each other and rising."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []

    def over(self, start: int, stop: int) -> Iterator[tuple[int, bool]]:
        """Yield the parts of a span: from when, and whether it is free."""
        at = bisect_left(self._stops, start + 1)
        while start < stop:
            begins = self._starts[at] if at < len(self._starts) else stop
            if begins > start:
                yield start, True
                start = begins
            else:
                yield start, False
                start = self._stops[at]
                at += 1

    def add(self, start: int, stop: int) -> None:
        """Take a span."""
        low, high = bisect_left(self._stops, start), bisect_left(self._starts, stop + 1)
        if low < high:
            start, stop = min(start, self._starts[low]), max(stop, self._stops[high - 1])
        self._starts[low:high], self._stops[low:high] = [start], [stop]
