"""Whose a patient's facts are at every instant, by what sources said of two records of one person.

A merge says that one record (gone) is another's (kept) from an instant on; an unmerge takes that
back from another instant on. Both are known by pseudonyms. What holds at an instant is the last
word until then: a second merge of a record replaces the first.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.engines.tables import micros, whole_numbers
from attending.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from attending.types import Ints, Mask

#: Before all instants, and after them.
ALWAYS, NEVER = np.iinfo(np.int64).min, np.iinfo(np.int64).max
#: What a source said of two records. Without `kept`, it takes back whatever merge there is.
MERGES = pa.schema(
    [
        pa.field("gone", pa.int64()),
        pa.field("kept", pa.int64()),
        pa.field("at", pa.timestamp("us")),
        pa.field("undone", pa.bool_(), nullable=False),
    ]
)


class Piece(NamedTuple):
    """From when on something holds, until the next piece: whose, and by another code if any."""

    start: int
    owner: int
    code: str | None = None


class _Said(NamedTuple):
    at: int
    undone: bool
    gone: int
    kept: int | None


class Owners:
    """Whose facts are, by all that was said.

    Args:
        merges: as `MERGES` says, without nulls in `gone` and `at`; in any order.
        known: which of its rows count: both records are known. None for all.

    Raises:
        Refused: at some instant a record would be merged into itself.

    >>> at = pa.array([5, 9], pa.timestamp("us"))
    >>> said = pa.table([[2, 2], [1, 1], at, [False, True]], schema=MERGES)
    >>> [(piece.start, piece.owner) for piece in Owners(said).pieces(2)][1:]
    [(5, 1), (9, 2)]
    """

    def __init__(self, merges: pa.Table, known: Mask | None = None) -> None:
        if known is not None:
            merges = merges.filter(pa.array(known))
        self._link: dict[int, int] = {}
        self._below: dict[int, set[int]] = {}
        self._pieces: dict[int, list[Piece]] = {}
        self._groups = _Groups()
        for at, said in groupby(sorted(_said(merges), key=_order), key=lambda one: one.at):
            self._at(at, said)

    @property
    def moved(self) -> frozenset[int]:
        """Return the patients whose facts are another's at some instant."""
        return frozenset(self._pieces)

    @property
    def everyone(self) -> frozenset[int]:
        """Return the records that were ever one person with another."""
        return frozenset(self._groups.all())

    def pieces(self, subject: int) -> list[Piece]:
        """Return whose a patient's facts are, from the first instant to the last."""
        return self._pieces.get(subject, [Piece(ALWAYS, subject)])

    def group(self, subject: int) -> int:
        """Return a number of the group of records that were ever one person with a record."""
        return self._groups.of(subject)

    def members(self, groups: Iterable[int]) -> frozenset[int]:
        """Return the records of some groups."""
        wanted = set(groups)
        return frozenset(one for one in self._groups.all() if self.group(one) in wanted)

    def differ(self, other: Owners) -> frozenset[int]:
        """Return the patients whose facts are at some instant another's than here."""
        both = self.moved | other.moved
        return frozenset(one for one in both if self.pieces(one) != other.pieces(one))

    def _at(self, at: int, said: Iterable[_Said]) -> None:
        touched: set[int] = set()
        for one in said:
            now = self._link.get(one.gone)
            if one.undone and now is not None and one.kept in {None, now}:
                self._unlink(one.gone)
                touched.add(one.gone)
            elif not one.undone and one.kept is not None and now != one.kept:
                self._unlink(one.gone)
                self._link[one.gone] = one.kept
                self._below.setdefault(one.kept, set()).add(one.gone)
                self._groups.join(one.gone, one.kept)
                touched.add(one.gone)
        for top in touched:
            self._refuse_cycle(top)
        for top in touched:
            self._note(top, at)

    def _unlink(self, gone: int) -> None:
        kept = self._link.pop(gone, None)
        if kept is not None:
            self._below[kept].discard(gone)

    def _root(self, subject: int) -> int:
        while subject in self._link:
            subject = self._link[subject]
        return subject

    def _refuse_cycle(self, start: int) -> None:
        seen, one = {start}, start
        while one in self._link:
            one = self._link[one]
            if one in seen:
                raise Refused(
                    f"merges run in a circle: {len(seen)} records would each be merged into "
                    "the next, and none would be kept",
                    code="ingest.merge_cycle",
                    hint="Ask the source which record is kept; nothing of the delivery was kept.",
                )
            seen.add(one)

    def _note(self, top: int, at: int) -> None:
        """Note whose the facts of a record, and of all below it, are from an instant on."""
        owner, waiting = self._root(top), [top]
        while waiting:
            one = waiting.pop()
            waiting.extend(self._below.get(one, ()))
            pieces = self._pieces.setdefault(one, [Piece(ALWAYS, one)])
            if pieces[-1].start == at:
                pieces.pop()
            if pieces[-1].owner != owner:
                pieces.append(Piece(at, owner))


class _Groups:
    """Records that were ever linked, however far (union-find)."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def all(self) -> Iterable[int]:
        return self._above.keys()

    def of(self, one: int) -> int:
        path = []
        while self._above.get(one, one) != one:
            path.append(one)
            one = self._above[one]
        for passed in path:
            self._above[passed] = one
        return one

    def join(self, one: int, other: int) -> None:
        for each in (one, other):
            self._above.setdefault(each, each)
        self._above[self.of(one)] = self.of(other)


def _order(one: _Said) -> tuple[int, bool, int, int]:
    """Return the order in which words are taken: at one instant an unmerge comes last."""
    return one.at, one.undone, one.gone, -1 if one.kept is None else one.kept


def _said(merges: pa.Table) -> Iterator[_Said]:
    columns = (merges[name].to_pylist() for name in ("undone", "gone", "kept"))
    at = micros(merges["at"], null=NEVER).tolist()
    for when, undone, gone, kept in zip(at, *columns, strict=True):
        yield _Said(when, undone, gone, kept)


def both_known(merges: pa.Table, patients: Ints) -> Mask:
    """Return of which merges both records are among some patients, who are sorted."""
    told = whole_numbers(pc.fill_null(merges["kept"], merges["gone"]))
    return _among(whole_numbers(merges["gone"]), patients) & _among(told, patients)


def _among(some: Ints, patients: Ints) -> Mask:
    at = np.minimum(np.searchsorted(patients, some), max(len(patients) - 1, 0))
    return np.asarray(patients[at] == some if len(patients) else np.zeros(len(some), np.bool_))
