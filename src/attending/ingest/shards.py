"""Put events into shards: one shard a subject, canonical order, one Parquet file a shard.

Events are first appended to one scratch file a shard, then each shard is read, sorted and
written by itself, so memory is bounded by the largest shard and not by the data.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.digests import digest_file
from attending.engines.kernel_sort import sort_within
from attending.ingest.cells import micros
from attending.ingest.moved import MOVED
from attending.ingest.moving import SAID_OF
from attending.ingest.versions import succeeded
from attending.records.events import EVENTS
from attending.records.snapshot import Shard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from attending.records.snapshot import Naming
    from attending.types import Ints, Mask

ROW_GROUP_ROWS = 131_072
#: Rows that wait before they are dealt out to shards: few rows a shard would make many pieces.
_DEALT_ROWS = 1 << 19
#: Shards that are sorted and written at once.
_AT_ONCE = 2
_CODED = ("code", "unit", "source", "site", "text_value", "subject_id", "encounter_id")
#: Instants stand as differences to the one before: half the bytes, a third of the time to read,
#: and nothing left to compress.
_INSTANTS = ("time", "known_at")


class ShardWriter:
    """Collects events and writes them as shards.

    Args:
        out: the folder of the snapshot.
        count: how many shards; a subject goes to `subject_id % count`.
    """

    def __init__(self, out: Path, count: int) -> None:
        self._out = out
        self._scratch = [out / f".scratch-{number:05d}.arrow" for number in range(count)]
        self._writers = [pa.ipc.new_file(path, EVENTS) for path in self._scratch]
        self._waiting: list[pa.Table] = []
        self._naming: dict[str, Naming] = {}

    def add(self, events: pa.Table) -> None:
        """Append events of any order, of patients as the source said."""
        self._waiting.append(events)
        if sum(table.num_rows for table in self._waiting) >= _DEALT_ROWS:
            self._deal()

    def _deal(self) -> None:
        """Write the rows that wait, each to its shard."""
        events = pa.concat_tables([EVENTS.empty_table(), *self._waiting]).combine_chunks()
        self._waiting = []
        count = len(self._writers)
        shard = np.asarray(events["subject_id"], dtype=np.int64) % count
        dealt = events.take(pa.array(np.argsort(shard.astype(np.int32), kind="stable")))
        ends = np.cumsum(np.bincount(shard, minlength=count))
        for writer, start, end in zip(self._writers, (0, *ends[:-1]), ends, strict=True):
            writer.write_table(dealt.slice(start, end - start))

    def close(self, naming: Mapping[str, Naming]) -> None:
        """Take no more; what was appended can be read again.

        Args:
            naming: how each source names its records, so that versions end one another.
        """
        self._deal()
        self._naming = dict(naming)
        for writer in self._writers:
            writer.close()

    def subjects(self) -> Ints:
        """Return the patients of what was appended, sorted; only once it is closed."""
        found = [np.empty(0, np.int64)]
        for number in range(len(self._scratch)):
            with self._opened(number) as events:
                found.append(np.asarray(pc.unique(events["subject_id"]), np.int64))
        return np.unique(np.concatenate(found))

    def rows_of(self, subjects: Ints) -> pa.Table:
        """Return the appended events of some patients; only once it is closed."""
        wanted, found = pa.array(subjects), [EVENTS.empty_table()]
        for number in range(len(self._scratch)):
            with self._opened(number) as events:
                mine = pc.is_in(events["subject_id"], value_set=wanted)
                # A filtered table holds no bytes of the file that goes.
                found.append(events.filter(mine))
        return pa.concat_tables(found)

    def finish(self, instead: Instead | None = None) -> Written:
        """Return what was written, once all is appended and it is closed.

        Args:
            instead: rows that stand in place of some patients' appended ones.
        """
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            numbers = range(len(self._scratch))
            done = list(pool.map(lambda number: self._write(number, instead), numbers))
        moved = pa.concat_tables([rows for _, rows in done])
        return Written(tuple(shard for shard, _ in done), moved)

    @contextmanager
    def _opened(self, number: int) -> Iterator[pa.Table]:
        with pa.memory_map(str(self._scratch[number])) as stream:
            yield succeeded(pa.ipc.open_file(stream).read_all(), self._naming)

    def _write(self, number: int, instead: Instead | None) -> tuple[Shard, pa.Table]:
        with self._opened(number) as events:
            rows = events if instead is None else instead.put(events, number, self._scratch)
            written = write_shard(rows, self._out, number)
        self._scratch[number].unlink()
        return written


@dataclass(frozen=True)
class Written:
    """The shards that were written, and their rows that are another's than the source said."""

    shards: tuple[Shard, ...]
    moved: pa.Table


@dataclass(frozen=True)
class Instead:
    """Rows that stand in place of what was appended of some patients.

    Attributes:
        patients: whose appended rows are left out.
        rows: as `SAID` says, of any patient.
    """

    patients: Ints
    rows: pa.Table

    def put(self, events: pa.Table, number: int, shards: Sequence[Path]) -> pa.Table:
        """Return the events of a shard with the other rows in their place."""
        gone = pc.is_in(events["subject_id"], value_set=pa.array(self.patients))
        shard = np.asarray(self.rows["subject_id"], dtype=np.int64) % len(shards)
        mine = self.rows.filter(pa.array(shard == number))
        kept = events.filter(pc.invert(gone))
        return pa.concat_tables([kept.append_column(SAID_OF, kept["subject_id"]), mine])


def write_shard(events: pa.Table, out: Path, number: int) -> tuple[Shard, pa.Table]:
    """Return what one shard holds, and which rows are another's, after writing it in order.

    Args:
        events: as `EVENTS` or as `SAID` says.
        out: the folder of the snapshot.
        number: of the shard.
    """
    events = sorted_events(events)
    moved = _moved(events, number)
    events = events.select(EVENTS.names)
    path = out / f"shard-{number:05d}.parquet"
    write_parquet(events, path)
    subjects = len(pc.unique(events["subject_id"]))
    shard = Shard(name=path.name, digest=digest_file(path), rows=events.num_rows, subjects=subjects)
    return shard, moved


def _moved(events: pa.Table, number: int) -> pa.Table:
    """Return which rows of a shard are another's than the source said, as `MOVED` says."""
    if SAID_OF not in events.column_names:
        return MOVED.empty_table()
    row = np.flatnonzero(np.asarray(pc.not_equal(events[SAID_OF], events["subject_id"])))
    shard = np.full(len(row), number, np.int32)
    said = events[SAID_OF].take(pa.array(row)).combine_chunks()
    return pa.Table.from_arrays([pa.array(shard), pa.array(row), said], schema=MOVED)


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table and wait until its bytes are on the disk."""
    how = parquet_options(table.column_names)
    pq.write_table(table, path, row_group_size=ROW_GROUP_ROWS, **how)
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def parquet_options(columns: Sequence[str]) -> dict[str, Any]:
    """Return how the columns of a shard are stored.

    >>> parquet_options(["time", "code"])["use_dictionary"]
    ['code']
    """
    return {
        "compression": {name: "NONE" if name in _INSTANTS else "ZSTD" for name in columns},
        "use_dictionary": [name for name in _CODED if name in columns],
        "column_encoding": {name: "DELTA_BINARY_PACKED" for name in _INSTANTS if name in columns},
    }


def sorted_events(events: pa.Table) -> pa.Table:
    """Return events in canonical order; nulls come first, and what is left of ties by source row.

    >>> row = {"subject_id": 7, "code": "a", "known_at": 5, "source": "s"}
    >>> table = pa.Table.from_pylist([{**row, "time": 2}, row, {**row, "time": 1}], schema=EVENTS)
    >>> sorted_events(table)["time"].cast("int64").to_pylist()
    [None, 1, 2]
    """
    keys = _keys(events)
    order = _by_two(keys[0], keys[1])
    order = _settled(order, keys=keys)
    order = _tied_by_source(events, order, keys=keys)
    return events.take(pa.array(order)).combine_chunks()


def _by_two(first: Ints, second: Ints) -> Ints:
    """Return the order by two numbers; the input's order settles ties."""
    order = np.argsort(first, kind="stable")
    sort_within(order, first, second)
    return order


def _settled(order: Ints, *, keys: list[Any]) -> Ints:
    """Return the order by all keys, given the order by the first two: few rows are alike there."""
    where, group = _ties(order, keys[:2])
    chosen = order[where]
    settled = order.copy()
    settled[where] = chosen[np.lexsort([*(key[chosen] for key in keys[:1:-1]), group])]
    return settled


def _ties(order: Ints, keys: list[Any]) -> tuple[Ints, Ints]:
    """Return the places in an order of rows that are alike in all keys, and which are alike."""
    if not len(order):
        return order, order
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = np.logical_or.reduce([_moves(key[order]) for key in keys])
    group = np.cumsum(fresh)
    where = np.flatnonzero(np.bincount(group)[group] > 1)
    return where, np.asarray(group[where], dtype=np.int64)


def _keys(events: pa.Table) -> list[Any]:
    values = np.asarray(pc.fill_null(events["numeric_value"], float("-inf")), dtype=np.float64)
    return [
        np.asarray(events["subject_id"], dtype=np.int64),
        micros(events["time"]),
        micros(events["known_at"]),
        _ranks(events["code"]),
        values,
        _ranks(events["unit"]),
    ]


def _moves(values: Any) -> Mask:  # noqa: ANN401 - an array of any numbers
    # Not np.diff: two infinities, which stand for nulls here, have no difference.
    return np.asarray(values[1:] != values[:-1])


def _ranks(column: pa.ChunkedArray) -> Ints:
    """Return each text's place in the order of texts, -1 for null."""
    coded = column.combine_chunks().dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    order = np.asarray(pc.sort_indices(coded.dictionary))
    rank = np.empty(len(order) + 1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    rank[-1] = -1
    return rank[np.asarray(pc.fill_null(coded.indices, -1), dtype=np.int64)]


def _tied_by_source(events: pa.Table, order: Ints, *, keys: list[Any]) -> Ints:
    """Return the order with rows that are alike in all keys sorted by where they came from."""
    where, group = _ties(order, keys)
    rows = events.select(["source", "source_row", "text_value"]).take(pa.array(order[where]))
    rows = rows.append_column("group", pa.array(group))
    by = [(name, "ascending") for name in ("group", "source", "source_row", "text_value")]
    settled = order.copy()
    settled[where] = order[where][np.asarray(pc.sort_indices(rows, sort_keys=by))]
    return settled
