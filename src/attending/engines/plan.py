"""A compiled plan: what the kernel must fill, laid out so that each row is walked few times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from attending.engines import kernel
from attending.engines.codes import matches
from attending.engines.kernel_sort import unsorted_at
from attending.engines.order import refuse_out_of_order
from attending.engines.tables import coded, micros, numbers, whole_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

    from attending.engines.kernel_types import Features, Indices, Rows, Spans, Tracks
    from attending.types import Floats, Ints

AGGREGATES: dict[str, int] = {
    "last": kernel.LAST,
    "first": kernel.FIRST,
    "min": kernel.MIN,
    "max": kernel.MAX,
    "mean": kernel.MEAN,
    "sum": kernel.SUM,
    "count": kernel.COUNT,
    "std": kernel.STD,
    "slope": kernel.SLOPE,
    "delta": kernel.DELTA,
    "range": kernel.RANGE,
    "any": kernel.ANY,
    "time_since_last": kernel.SINCE,
    "newest_time": kernel.NEWEST,
    "median": kernel.MEDIAN,
    "distinct": kernel.DISTINCT,
    "distinct_codes": kernel.DISTINCT_CODES,
    "fraction_abnormal": kernel.ABNORMAL,
    "ewm": kernel.EWM,
}
_MODES = {"fixed": 0, "encounter": 1, "ever": 2, "with_static": 3}
_MOMENTS = frozenset({"std", "slope"})
_KEEPS = frozenset({"median", "distinct", "distinct_codes", "fraction_abnormal", "ewm"})
#: Stand for no encounter, and for an unknown start of the stay.
NO_ENCOUNTER = -1
NO_START = np.iinfo(np.int64).max
_NO_LIMIT = np.iinfo(np.int64).max
_SECOND = 1_000_000

_Array = TypeVar("_Array", bound="NDArray[Any]")

#: Codes whose groups a plan remembers; a service that runs for months must not grow.
_MOST_CODES = 500_000

#: Columns of the event table that the kernel reads.
COLUMNS = (
    "subject_id",
    "time",
    "code",
    "numeric_value",
    "unit",
    "known_at",
    "superseded_at",
)


@dataclass(frozen=True)
class Column:
    """One column that the kernel fills.

    Args:
        codes: codes; one that ends in `*` is a prefix.
        aggregate: a key of `AGGREGATES`; `slope` is per hour, `time_since_last` in hours.
        window_us: length of a fixed window, microseconds.
        mode: `fixed`, `encounter` (since its start), `ever`, or `with_static` (ever, with rows
            that have no time).
        unit: UCUM code that a row must carry, or None for any.
        low, high: plausible range, ends included; rows outside it are not used.
        by_event: True to ignore availability: the unsafe clock, for leak checks only.
        fresh_us: age beyond which the newest row is stale; 0 for no limit.
        drop_stale: True where a stale value is missing.
        last_n: how many of the newest values are used; 0 for all.
        since: codes; the window starts no earlier than the newest visible row of them.
        as_of: a clock time such as `06:00`: computed as of the last one; empty for the prediction.
        half_life_us: of `ewm`, whole seconds.
        normal_low, normal_high: of `fraction_abnormal`, ends are normal.
    """

    codes: tuple[str, ...]
    aggregate: str
    window_us: int = 0
    mode: str = "fixed"
    unit: str | None = None
    low: float = -np.inf
    high: float = np.inf
    by_event: bool = False
    fresh_us: int = 0
    drop_stale: bool = False
    last_n: int = 0
    since: tuple[str, ...] = ()
    as_of: str = ""
    half_life_us: int = 0
    normal_low: float = -np.inf
    normal_high: float = np.inf

    @property
    def group(self) -> tuple[tuple[str, ...], str]:
        """Return what rows are gathered for it."""
        return (tuple(sorted(self.codes)), self.unit or "")

    @property
    def track(self) -> tuple[object, ...]:
        """Return what shares one walk over those rows."""
        since = self.since_group
        how = (_MODES[self.mode], self.last_n, self.as_of)
        return (self.group, self.low, self.high, self.by_event, since, *how)

    @property
    def since_group(self) -> tuple[tuple[str, ...], str] | None:
        """Return what rows the start of its window is taken from, if any."""
        return (tuple(sorted(self.since)), "") if self.since else None


class Predictions(NamedTuple):
    """Where to compute: ascending by subject; instants in microseconds.

    `clocks`, shape (n, clocks of the plan), are the last instants of each clock time. `encounter`
    is `NO_ENCOUNTER` where there is none; the kernel does not read it.
    """

    subject: Ints
    time: Ints
    start: Ints
    clocks: Ints
    encounter: Ints

    @classmethod
    def at(cls, subject: Ints, time: Ints, start: Ints) -> Predictions:
        """Return predictions for a plan without clock times, of no encounter."""
        encounter = np.full(len(time), NO_ENCOUNTER)
        return cls(subject, time, start, np.empty((len(time), 0), np.int64), encounter)


class Filled(NamedTuple):
    """What the kernel filled; shapes (columns, n), (n, columns), and (0, 0) without a trace."""

    values: Floats
    state: NDArray[np.uint8]
    newest_time: Ints
    newest_known: Ints


@dataclass(frozen=True)
class Plan:
    """Columns, compiled once and used for every shard and every patient."""

    columns: tuple[Column, ...]
    groups: tuple[tuple[tuple[str, ...], str], ...]
    units: dict[str, int]
    clocks: tuple[str, ...]
    tracks: Tracks
    spans: Spans
    features: Features
    _members: dict[str | None, tuple[int, ...]] = field(default_factory=dict, compare=False)

    @property
    def codes(self) -> tuple[str, ...]:
        """Return every code or prefix that the plan reads, sorted."""
        return tuple(sorted({code for codes, _unit in self.groups for code in codes}))

    def members(self, code: str | None) -> tuple[int, ...]:
        """Return the groups that a code belongs to."""
        known = self._members.get(code)
        if known is None:
            known = tuple(
                number
                for number, (codes, _unit) in enumerate(self.groups)
                if code is not None and any(matches(code, wanted) for wanted in codes)
            )
            if len(self._members) < _MOST_CODES:
                self._members[code] = known
        return known

    def fill(self, events: pa.Table, predictions: Predictions, *, trace: bool = False) -> Filled:
        """Return every column at every prediction, from the rows of one shard or patient.

        Args:
            events: rows in canonical order, with `COLUMNS`.
            predictions: ascending by subject.
            trace: also return the instants of the newest row that each cell used.

        Raises:
            IntegrityBroken: the rows are not in canonical order.
        """
        subject = _frozen(whole_numbers(events["subject_id"]))
        rows, first, members = self._rows(events)
        refuse_out_of_order(unsorted_at(subject, rows[0], rows[1]), len(subject))
        n, width = len(predictions.subject), len(self.columns)
        shape = (width, n) if trace else (0, 0)
        filled = Filled(
            np.full((width, n), np.nan),
            np.zeros((n, width), np.uint8),
            np.full(shape, kernel.STATIC),
            np.full(shape, kernel.STATIC),
        )
        asked = np.array([self.units.get(unit, -1) for _codes, unit in self.groups], np.int32)
        groups = (first, members, asked)
        if width:
            instants = np.vstack([predictions.time[None, :], predictions.clocks.T])
            due = (predictions.subject, instants, predictions.start)
            what = (self.tracks, self.spans, self.features)
            trace_to = (filled.newest_time, filled.newest_known)
            kernel.run(subject, rows, due, groups, *what, filled.values, filled.state, *trace_to)
        return filled

    def _rows(self, events: pa.Table) -> tuple[Rows, Indices, Indices]:
        code, words = coded(events["code"])
        unit, unit_words = coded(events["unit"])
        numbered = np.array([self.units.get(word or "", -2) for word in unit_words], np.int32)
        known = self._members
        belongs = [known[word] if word in known else self.members(word) for word in words]
        first = np.zeros(len(words) + 1, np.int32)
        np.cumsum([len(groups) for groups in belongs], out=first[1:])
        members = np.array([group for groups in belongs for group in groups], np.int32)
        rows = (
            _frozen(micros(events["time"], null=kernel.STATIC)),
            _frozen(micros(events["known_at"], null=kernel.NEVER)),
            _frozen(micros(events["superseded_at"], null=kernel.NEVER)),
            _frozen(code),
            _frozen(numbers(events["numeric_value"])),
            numbered[unit],
        )
        return rows, first, members


def _frozen(column: _Array) -> _Array:
    """Return a column that cannot be written; one kernel then serves arrays of every making."""
    frozen = column.view()
    frozen.flags.writeable = False
    return frozen


def compile_plan(columns: Sequence[Column]) -> Plan:
    """Return the plan that fills `columns`, in their order.

    >>> plan = compile_plan([Column(("LOINC//2160-0",), "last", window_us=1000)])
    >>> plan.codes
    ('LOINC//2160-0',)
    """
    since = [column.since_group for column in columns if column.since_group is not None]
    groups = tuple(dict.fromkeys([*(column.group for column in columns), *since]))
    clocks = tuple(dict.fromkeys(column.as_of for column in columns if column.as_of))
    units = {unit: number for number, unit in enumerate(sorted({u for _c, u in groups} - {""}))}
    tracks = list(dict.fromkeys(column.track for column in columns))
    by_track: list[dict[int, list[int]]] = [{} for _ in tracks]
    for number, column in enumerate(columns):
        spans = by_track[tracks.index(column.track)]
        spans.setdefault(column.window_us, []).append(number)
    return Plan(
        columns=tuple(columns),
        groups=groups,
        units=units,
        clocks=clocks,
        tracks=_tracks(columns, (groups, clocks), by_track),
        spans=_spans(by_track),
        features=_features(columns, by_track),
    )


def _tracks(
    columns: Sequence[Column],
    read: tuple[tuple[tuple[tuple[str, ...], str], ...], tuple[str, ...]],
    by_track: list[dict[int, list[int]]],
) -> Tracks:
    groups, clocks = read
    heads = [columns[next(iter(spans.values()))[0]] for spans in by_track]
    since = [head.since_group for head in heads]
    return (
        np.array([groups.index(head.group) for head in heads], np.int64),
        np.array([head.low for head in heads], np.float64),
        np.array([head.high for head in heads], np.float64),
        np.array([int(head.by_event) for head in heads], np.int64),
        np.array([_MODES[head.mode] for head in heads], np.int64),
        _any_of(columns, by_track, _MOMENTS),
        _any_of(columns, by_track, _KEEPS),
        np.array([head.last_n or _NO_LIMIT for head in heads], np.int64),
        np.array([-1 if codes is None else groups.index(codes) for codes in since], np.int64),
        np.array([clocks.index(head.as_of) + 1 if head.as_of else 0 for head in heads], np.int64),
        _ends([len(spans) for spans in by_track]),
    )


def _any_of(
    columns: Sequence[Column], by_track: list[dict[int, list[int]]], kinds: frozenset[str]
) -> NDArray[np.bool_]:
    """Return for each track whether one of its aggregates is of a kind."""
    found = [
        any(columns[number].aggregate in kinds for span in spans.values() for number in span)
        for spans in by_track
    ]
    return np.array(found, np.bool_)


def _spans(by_track: list[dict[int, list[int]]]) -> Spans:
    windows = [window for spans in by_track for window in sorted(spans)]
    sizes = [len(spans[window]) for spans in by_track for window in sorted(spans)]
    return np.array(windows, np.int64), _ends(sizes)


def _features(columns: Sequence[Column], by_track: list[dict[int, list[int]]]) -> Features:
    order = [number for spans in by_track for window in sorted(spans) for number in spans[window]]
    return (
        np.array([AGGREGATES[columns[number].aggregate] for number in order], np.int64),
        np.array([columns[number].fresh_us for number in order], np.int64),
        np.array(order, np.int64),
        np.array([max(columns[number].half_life_us // _SECOND, 1) for number in order], np.int64),
        np.array([columns[number].normal_low for number in order], np.float64),
        np.array([columns[number].normal_high for number in order], np.float64),
        np.array([int(columns[number].drop_stale) for number in order], np.int64),
    )


def _ends(sizes: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.array(sizes, np.int64))])
