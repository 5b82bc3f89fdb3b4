"""Count every rule over one piece of events in one pass; only rules of a row's code meet it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.contract.cells import NO_INSTANT, Piece
from attending.contract.codes import means
from attending.contract.partials import PARTIAL, partial_rows
from attending.engines import tally
from attending.engines.row_hash import row_hashes
from attending.records.events import EVENTS
from attending.times import DAY, MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from attending.contract.rules import Rule
    from attending.types import Ints, Mask

#: Names the days of all rows, whatever their code: a feed that is dead has none of its own.
ALL_DAYS = ""
#: Latencies above so many minutes are counted one by one and not in a list.
_LISTED_MINUTES = 1 << 20
_BINNED = {"latency", "duplicate", "daily", "fresh"}


class Counter:
    """Counts rules over pieces of events; what it learns of words serves the next piece.

    Args:
        rules: what is counted; those of text are not.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [rule for rule in rules if rule.kind != "text"]
        self._meant: dict[str, dict[str | None, bool]] = {rule.name: {} for rule in self._rules}
        self._worth: dict[str, dict[str | None, int]] = {rule.name: {} for rule in self._rules}

    def count(self, events: pa.Table) -> pa.Table:
        """Return the counts of whole patients' rows, with the columns of `PARTIAL`."""
        piece = Piece(events)
        parts = [PARTIAL.empty_table(), self._tally(piece)]
        parts += [self._binned(piece, rule) for rule in self._rules if rule.kind in _BINNED]
        if any(rule.kind == "daily" for rule in self._rules):
            parts.append(_counted(ALL_DAYS, piece.instants("known_at") // DAY))
        return pa.concat_tables(parts)

    def _tally(self, piece: Piece) -> pa.Table:
        """Count a rule by its words where that says all, and row by row where it does not."""
        rules = [rule for rule in self._rules if rule.kind not in _BINNED]
        by_word = {rule.name: self._by_word(piece, rule) for rule in rules}
        by_row = [rule for rule in rules if by_word[rule.name] is None]
        tests = [self._test(piece, rule) for rule in by_row]
        meets = [self._meets(rule, piece.words("code")) for rule in by_row]
        groups = [
            [place for place, meant in enumerate(meets) if meant[word]]
            for word in range(len(piece.words("code")))
        ]
        rows, broken = tally.tally(piece.cells(), tests, groups)
        counted = zip(rows.tolist(), broken.tolist(), strict=True)
        found = [one or next(counted) for one in by_word.values()]
        names = [rule.name for rule in rules]
        return partial_rows(
            names, [0] * len(names), [rows for rows, _ in found], hits=[hits for _, hits in found]
        )

    def _by_word(self, piece: Piece, rule: Rule) -> tuple[int, int] | None:
        """Return the rows and those that break the rule, None when single rows must be seen."""
        if rule.sites:
            return None
        if rule.kind in {"order", "future"}:
            return None if rule.codes else _by_clock(piece, rule)
        meant = self._meets(rule, piece.words("code"))
        counts = piece.counts("code")
        rows = int(counts[meant].sum())
        if rule.kind == "count":
            return rows, 0
        column = piece.events[rule.column]
        if rule.kind == "null" and (not column.null_count or not rule.codes):
            return rows, column.null_count
        worded = rule.kind in {"invalid", "missing"} and _is_text(rule)
        if not worded or rule.column == "unit" or (rule.codes and rule.column != "code"):
            return None
        worth = self._words_worth(rule, piece.words(rule.column))
        counts = piece.counts(rule.column)
        counts = counts * meant if rule.codes else counts
        looked_at = counts[worth != tally.SKIPPED].sum()
        return int(looked_at), int(counts[worth == tally.BROKEN].sum())

    def _meets(self, rule: Rule, codes: Sequence[str | None]) -> Mask:
        """Return which codes a rule is about."""
        if not rule.codes:
            return np.ones(len(codes), np.bool_)
        known = self._meant[rule.name]
        for code in codes:
            if code not in known:
                known[code] = code is not None and means(rule.codes, code)
        return np.array([known[code] for code in codes], np.bool_)

    def _test(self, piece: Piece, rule: Rule) -> tally.Tally:
        made = self._plain_test(piece, rule)
        if not rule.sites:
            return made
        meant = [int(word in rule.sites) for word in piece.words("site")]
        return made._replace(where=piece.text("site"), meant=np.array(meant, np.uint8))

    def _plain_test(self, piece: Piece, rule: Rule) -> tally.Tally:
        if rule.kind == "null":
            return tally.Tally(tally.NULL, piece.null(rule.column))
        if rule.kind == "count":
            return tally.Tally(tally.COUNT)
        if rule.kind in {"order", "future"}:
            return _clock_test(piece, rule)
        if _is_text(rule):
            return self._words_test(piece, rule)
        return _number_test(piece, rule)

    def _words_test(self, piece: Piece, rule: Rule) -> tally.Tally:
        needs = piece.number("numeric_value") if rule.column == "unit" else -1
        worth = self._words_worth(rule, piece.words(rule.column))
        return tally.Tally(tally.WORD, piece.text(rule.column), other=needs, words=worth)

    def _words_worth(self, rule: Rule, words: Sequence[str | None]) -> NDArray[np.uint8]:
        known = self._worth[rule.name]
        fresh = [word for word in words if word not in known]
        known.update(zip(fresh, _worth(rule, fresh), strict=True))
        return np.array([known[word] for word in words], np.uint8)

    def _binned(self, piece: Piece, rule: Rule) -> pa.Table:
        mask = self._mask(piece, rule)
        if rule.kind == "duplicate":
            return _duplicates(piece.events, rule, mask)
        known = piece.instants("known_at")
        if rule.kind == "latency":
            happened = piece.instants("time")
            mask &= happened != NO_INSTANT
            lag = known[mask] - happened[mask]
            return _counted(rule.name, np.maximum(-(-lag // MINUTE), 0))
        if rule.kind == "daily":
            return _counted(rule.name, known[mask] // DAY)
        return _counted(rule.name, np.array(list(_newest(known[mask])), np.int64))

    def _mask(self, piece: Piece, rule: Rule) -> Mask:
        mask = np.ones(piece.events.num_rows, np.bool_)
        if rule.codes:
            mask &= self._meets(rule, piece.words("code"))[piece.places("code")]
        if rule.sites:
            meant = [word in rule.sites for word in piece.words("site")]
            mask &= np.array(meant, np.bool_)[piece.places("site")]
        return mask


def _is_text(rule: Rule) -> bool:
    return bool(pa.types.is_string(_type(rule)) or pa.types.is_large_string(_type(rule)))


def _by_clock(piece: Piece, rule: Rule) -> tuple[int, int]:
    """Return the rows that have an instant, and those whose instant breaks the rule."""
    happened = piece.instants("time")
    if rule.kind == "future":
        late = 0 if rule.after is None else np.count_nonzero(happened > rule.after)
        return len(happened), int(late)
    broken = piece.instants("known_at") < happened
    return len(happened) - piece.events["time"].null_count, int(np.count_nonzero(broken))


def _clock_test(piece: Piece, rule: Rule) -> tally.Tally:
    happened = piece.instant("time")
    if rule.kind == "order":
        return tally.Tally(tally.BEFORE, piece.instant("known_at"), other=happened)
    after = np.iinfo(np.int64).max if rule.after is None else rule.after
    return tally.Tally(tally.AFTER, happened, instant=after)


def _number_test(piece: Piece, rule: Rule) -> tally.Tally:
    slot = piece.number(rule.column)
    if rule.kind == "missing":
        values = np.array([float(word) for word in rule.valid], np.float64)
        if pa.types.is_float32(_type(rule)):
            values = values.astype(np.float32).astype(np.float64)
        return tally.Tally(tally.LISTED, slot, other=int(rule.nulls), values=values)
    low = -np.inf if rule.minimum is None else rule.minimum
    high = np.inf if rule.maximum is None else rule.maximum
    return tally.Tally(tally.RANGE, slot, low=low, high=high)


def _newest(known: Ints) -> Iterator[int]:
    """Yield the minute of the newest row, when there is one."""
    if len(known):
        yield int(known.max()) // MINUTE


def _type(rule: Rule) -> pa.DataType:
    return EVENTS.field(rule.column).type


def _worth(rule: Rule, words: Sequence[str | None]) -> list[int]:
    """Return what each word is worth: a number without its unit breaks a rule on units."""
    column = pa.array(words, pa.string())
    if rule.kind == "missing":
        listed = pc.is_in(column, value_set=pa.array(rule.valid, pa.string()))
        broken = np.asarray(pc.fill_null(listed, False), dtype=np.bool_)  # noqa: FBT003 - arrow
        nulls = rule.nulls
        return [
            int(nulls) if word is None else int(bad)
            for word, bad in zip(words, broken, strict=True)
        ]
    good = np.ones(len(column), dtype=np.bool_)
    if rule.valid:
        good &= _true(pc.is_in(column, value_set=pa.array(rule.valid, pa.string())))
    if rule.pattern:
        good &= _true(pc.match_substring_regex(column, rule.pattern))
    absent = tally.BROKEN if rule.column == "unit" else tally.SKIPPED
    return [
        absent if word is None else tally.KEPT if kept else tally.BROKEN
        for word, kept in zip(words, good, strict=True)
    ]


def _true(condition: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(pc.fill_null(condition, False), dtype=np.bool_)  # noqa: FBT003 - arrow


def _duplicates(events: pa.Table, rule: Rule, mask: Mask) -> pa.Table:
    # Rows of one patient lie in one piece: their repeats are counted at once. Without the patient
    # among the columns pieces must be compared, and every distinct row is handed on as a number.
    chosen = events if mask.all() else events.filter(pa.array(mask))
    hashes = row_hashes(chosen, rule.properties)
    if "subject_id" in rule.properties:
        hits = len(hashes) - tally.distinct(hashes)
        return partial_rows([rule.name], [0], [len(hashes)], hits=[hits])
    return _counted(rule.name, hashes.view(np.int64))


def _counted(name: str, bins: Ints) -> pa.Table:
    """Return how many rows fall into each bin."""
    least = int(bins.min()) if len(bins) else 0
    if len(bins) and int(bins.max()) - least < _LISTED_MINUTES:
        counts = np.bincount(bins - least)
        found = np.flatnonzero(counts)
        rows, places = counts[found], found + least
    else:
        places, rows = np.unique(bins, return_counts=True)
    return partial_rows([name] * len(places), places, rows, hits=np.zeros(len(places), np.int64))
