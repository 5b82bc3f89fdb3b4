"""The engine of one machine: shards read in pieces of whole patients, worked by a few threads."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.engines.codes import matches
from attending.engines.layers import (
    NEEDED,
    Ends,
    LayeredShard,
    ends_of,
    together,
    visible_at,
    with_ends,
)
from attending.engines.tables import coded, in_order, whole_numbers
from attending.errors import BadInput, IntegrityBroken
from attending.records.events import EVENTS, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from attending.types import Ints

#: Rows read at once by one thread; a patient with more is still read whole.
PIECE_ROWS = 400_000
_CLOCKS = ("known_at", "superseded_at")
#: Not read where a row group says that it holds none.
_OFTEN_NULL = frozenset({"numeric_value", "text_value", "unit", "superseded_at", "source_row"})
_DICTIONARIES = ("code", "unit", "source", "site")


class Wanted(NamedTuple):
    """Which rows and columns are read, and as of when."""

    codes: tuple[str, ...] | None
    columns: tuple[str, ...]
    as_of: int | None = None

    @property
    def inner(self) -> Wanted:
        """Return what must be read to put a shard together, to cut it and to look back."""
        more = ("subject_id",) if self.as_of is None else ("subject_id", *_CLOCKS)
        return self._replace(columns=tuple(dict.fromkeys((*more, *self.columns))))

    def finish(self, table: pa.Table) -> pa.Table:
        """Return the columns that were asked for, of the rows that were there."""
        if self.as_of is not None:
            table = visible_at(table, self.as_of)
        return table.select(list(self.columns))


class LocalEngine:
    """Maps work over shard files; memory is bounded by the pieces in flight.

    Args:
        shards: files that hold whole patients in canonical order, or the layers of such files;
            the order of results.
        threads: how many shards are worked at once.
        as_of: microseconds since 1970; only what was known then is there, as it stood then.
        piece_rows: rows read at once by one thread; results do not depend on it.

    >>> LocalEngine([]).map(lambda rows: rows, columns=["subject_id"]).num_rows
    0
    """

    def __init__(
        self,
        shards: Sequence[Path | LayeredShard],
        *,
        threads: int | None = None,
        as_of: int | None = None,
        piece_rows: int = PIECE_ROWS,
    ) -> None:
        self.shards = tuple(shards)
        self._as_of = as_of
        self._piece_rows = piece_rows
        self._threads = threads or os.cpu_count() or 1
        self._spans: dict[Path, list[tuple[int, int]]] = {}

    def only(self, shard: Path | LayeredShard) -> LocalEngine:
        """Return the same engine over one of its shards."""
        return LocalEngine([shard], threads=1, as_of=self._as_of, piece_rows=self._piece_rows)

    def map(
        self,
        work: Callable[[pa.Table], pa.Table],
        *,
        codes: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        each: Callable[[], None] | None = None,
        take: Callable[[pa.Table], None] | None = None,
    ) -> pa.Table:
        """Return the results of `work`, in the order of the shards.

        Args:
            work: takes rows of whole patients in canonical order; must not depend on how many.
            codes: only rows of these codes; one that ends in `*` is a prefix. None for all.
            columns: only these columns. None for all.
            each: called after every shard.
            take: is given each result as it comes, in any order; nothing is held, and the table
                that is returned is empty. None to hold them all.

        Raises:
            BadInput: a column that events do not have.
            IntegrityBroken: a shard that is missing or not what was written.
        """
        wanted = wanted_rows(codes, columns, as_of=self._as_of)
        job = work if take is None else _giving(work, take)
        with ThreadPoolExecutor(self._threads) as pool:
            futures = [
                pool.submit(work_shard, path, job, wanted, most_rows=self._piece_rows)
                for path in self.shards
            ]
            results = [_finish(future, futures, each) for future in futures]
        tables = [table for tables in results for table in tables]
        if not tables:
            tables = [job(empty_rows(wanted))]
        return pa.concat_tables(tables)

    def rows(self, subject_id: int, *, codes: Sequence[str] | None = None) -> pa.Table:
        """Return one subject's rows in canonical order; empty when there are none.

        Raises:
            IntegrityBroken: a shard that is missing or not what was written.
        """
        wanted = wanted_rows(codes, None, as_of=self._as_of)
        for shard in self._likely(subject_id):
            layers = layers_of(shard)
            found = [self._subject(one, subject_id, wanted.inner) for one in layers]
            table = pa.concat_tables([empty_rows(wanted.inner), *found])
            if table.num_rows:
                return wanted.finish(in_order(table) if len(layers) > 1 else table)
        return empty_rows(wanted)

    def _subject(self, layer: Layer, subject_id: int, wanted: Wanted) -> pa.Table:
        groups = self._groups_of(layer.path, subject_id)
        if not groups:
            return empty_rows(wanted)
        table = _read(layer.open(), groups, wanted, layer=layer)
        return plain(table.filter(pc.equal(table["subject_id"], subject_id)))

    def _likely(self, subject_id: int) -> list[Path | LayeredShard]:
        """Return the shards, first the one that the subject is hashed to."""
        at = subject_id % max(len(self.shards), 1)
        return [*self.shards[at : at + 1], *self.shards[:at], *self.shards[at + 1 :]]

    def _groups_of(self, path: Path, subject_id: int) -> list[int]:
        if path not in self._spans:
            self._spans[path] = _subject_spans(_open(path))
        spans = self._spans[path]
        return [i for i, (low, high) in enumerate(spans) if low <= subject_id <= high]


def wanted_rows(
    codes: Sequence[str] | None, columns: Sequence[str] | None, *, as_of: int | None = None
) -> Wanted:
    """Return which rows and columns are read, and as of when.

    Raises:
        BadInput: a column that events do not have.
    """
    chosen = tuple(columns) if columns is not None else tuple(EVENTS.names)
    unknown = [name for name in chosen if name not in EVENTS.names]
    if unknown:
        raise BadInput(
            f"got column '{unknown[0]}', which events do not have",
            code="engine.column",
            hint=f"Events have: {', '.join(EVENTS.names)}.",
        )
    return Wanted(tuple(codes) if codes is not None else None, chosen, as_of)


def empty_rows(wanted: Wanted) -> pa.Table:
    """Return the columns that are wanted, without a row."""
    return EVENTS.empty_table().select(list(wanted.columns))


def _finish(
    future: Future[list[pa.Table]],
    futures: list[Future[list[pa.Table]]],
    each: Callable[[], None] | None,
) -> list[pa.Table]:
    try:
        tables = future.result()
        if each is not None:
            each()
    except BaseException:
        for other in futures:
            other.cancel()
        raise
    return tables


class Layer(NamedTuple):
    """One file of a shard, and which of its rows a later layer ended."""

    path: Path
    ends: Ends | None = None

    def open(self) -> pq.ParquetFile:
        """Return the open file.

        Raises:
            IntegrityBroken: it is missing or not what was written.
        """
        return _open(self.path)


def layers_of(shard: Path | LayeredShard) -> list[Layer]:
    """Return the files of a shard, the base first."""
    if not isinstance(shard, LayeredShard):
        return [Layer(shard)]
    try:
        ends = ends_of(shard)
    except (OSError, pa.ArrowException) as error:
        refusal = _refusal(shard.ended[0], error)
        raise refusal from None
    return [Layer(path, ended) for path, ended in zip(shard.files, ends, strict=True)]


def _giving(
    work: Callable[[pa.Table], pa.Table], take: Callable[[pa.Table], None]
) -> Callable[[pa.Table], pa.Table]:
    """Return work whose result is handed on at once."""

    def job(rows: pa.Table) -> pa.Table:
        return handed_on([work(rows)], take)[0]

    return job


def handed_on(results: list[pa.Table], take: Callable[[pa.Table], None] | None) -> list[pa.Table]:
    """Return results, or as many empty tables after each was handed on."""
    if take is None:
        return results
    for one in results:
        take(one)
    return [pa.table({}) for _ in results]


def work_shard(
    shard: Path | LayeredShard,
    work: Callable[[pa.Table], pa.Table],
    wanted: Wanted,
    *,
    most_rows: int = PIECE_ROWS,
) -> list[pa.Table]:
    """Return the results of `work` on the pieces of one shard, in order."""
    return [work(piece) for piece in pieces(shard, wanted, most_rows=most_rows)]


def pieces(
    shard: Path | LayeredShard, wanted: Wanted, *, most_rows: int = PIECE_ROWS
) -> Iterator[pa.Table]:
    """Yield a shard's rows in pieces of whole patients.

    Raises:
        IntegrityBroken: a shard that is missing or not what was written.
    """
    inner = wanted.inner
    base, *later = layers_of(shard)
    if not later:
        yield from (wanted.finish(piece) for piece in _pieces(base, inner, most_rows=most_rows))
        return
    inner = inner._replace(columns=tuple(dict.fromkeys((*NEEDED, *inner.columns))))
    more = [
        plain(_read(file, list(range(file.num_row_groups)), inner, layer=layer))
        for layer in later
        for file in [layer.open()]
    ]
    for piece in together(_pieces(base, inner, most_rows=most_rows), pa.concat_tables(more)):
        yield wanted.finish(piece)


def _pieces(layer: Layer, wanted: Wanted, *, most_rows: int) -> Iterator[pa.Table]:
    file = layer.open()
    held: list[pa.Table] = []
    batches = _batches(file, most_rows)
    for number, groups in enumerate(batches):
        held.append(_read(file, groups, wanted, layer=layer))
        last = number == len(batches) - 1
        # Few rows of few codes are worked together: each piece costs the same to begin.
        if not last and 2 * sum(table.num_rows for table in held) < most_rows:
            continue
        table = pa.concat_tables(held)
        cut = table.num_rows if last else _last_subject_starts(table)
        held = [table.slice(cut)]
        if cut:
            yield table.slice(0, cut)


def _batches(file: pq.ParquetFile, most_rows: int) -> list[list[int]]:
    """Return row groups in runs of at most `most_rows` rows, or one row group."""
    batches: list[list[int]] = []
    held = 0
    for group in range(file.num_row_groups):
        size = file.metadata.row_group(group).num_rows
        if not batches or held + size > most_rows:
            batches.append([])
            held = 0
        batches[-1].append(group)
        held += size
    return batches


def _last_subject_starts(table: pa.Table) -> int:
    if not table.num_rows:
        return 0
    subjects = whole_numbers(table["subject_id"])
    return int(np.searchsorted(subjects, subjects[-1], side="left"))


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, read_dictionary=list(_DICTIONARIES))
    except (OSError, pa.ArrowInvalid) as error:
        refusal = _refusal(path, error)
        raise refusal from None


def _read(file: pq.ParquetFile, groups: list[int], wanted: Wanted, *, layer: Layer) -> pa.Table:
    names = list(wanted.columns)
    extra = [] if wanted.codes is None or "code" in names else ["code"]
    empty = _empty_columns(file, groups, names)
    there = [name for name in names + extra if name not in empty]
    try:
        table = file.read_row_groups(groups, columns=there, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        refusal = _refusal(layer.path, error)
        raise refusal from None
    for name in empty:
        nulls = pa.nulls(table.num_rows, file.schema_arrow.field(name).type)
        table = table.append_column(name, nulls)
    table = table.select(names + extra)
    if layer.ends is not None and "superseded_at" in names:
        table = with_ends(table, layer.ends, _places(file, groups))
    if wanted.codes is not None:
        table = _only(table, wanted.codes)
    return table.select(names)


def _empty_columns(file: pq.ParquetFile, groups: list[int], names: list[str]) -> list[str]:
    """Return the columns that hold nothing but nulls in some row groups, as these say of them."""
    chunks = [file.metadata.row_group(group) for group in groups]
    place = {name: file.schema_arrow.names.index(name) for name in names}
    return [
        name
        for name in names
        if name in _OFTEN_NULL and all(_only_nulls(chunk.column(place[name])) for chunk in chunks)
    ]


def _only_nulls(chunk: pq.ColumnChunkMetaData) -> bool:
    found = chunk.statistics
    return bool(found and found.has_null_count and found.null_count == chunk.num_values)


def _places(file: pq.ParquetFile, groups: list[int]) -> Ints:
    """Return the place in the file of every row of some row groups."""
    sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    spans = [np.arange(starts[group], starts[group + 1]) for group in groups]
    return np.concatenate([np.empty(0, np.int64), *spans])


def _only(table: pa.Table, wanted: tuple[str, ...]) -> pa.Table:
    """Return the rows whose code is wanted."""
    indices, words = coded(table["code"])
    exact = frozenset(wanted)
    prefixes = [code for code in wanted if code.endswith("*")]
    keep = np.array(
        [
            word is not None and (word in exact or any(matches(word, one) for one in prefixes))
            for word in words
        ],
        np.bool_,
    )
    mask = keep[indices]
    return table if mask.all() else table.filter(pa.array(mask))


def _subject_spans(file: pq.ParquetFile) -> list[tuple[int, int]]:
    """Return the least and greatest subject of every row group."""
    column = file.schema_arrow.names.index("subject_id")
    spans = []
    for group in range(file.num_row_groups):
        found = file.metadata.row_group(group).column(column).statistics
        spans.append((found.min, found.max) if found else (0, 2**63 - 1))
    return spans


#: What Arrow says where a thread of its own gets no memory; it has no type for it.
_NO_THREAD = "Failed to launch worker thread"


def _refusal(path: Path, error: Exception) -> Exception:
    """Return the refusal of a shard; too little memory says nothing of the file."""
    starved = getattr(error, "errno", None) == errno.ENOMEM or _NO_THREAD in str(error)
    if isinstance(error, MemoryError) or starved:
        return MemoryError("a shard is larger than the memory that is left")
    return _unreadable(path)


def _unreadable(path: Path) -> IntegrityBroken:
    return IntegrityBroken(
        "the shard is missing or is not a Parquet file that can be read",
        code="engine.shard",
        hint="Run `attending fsck`, then restore the snapshot or ingest it again.",
        where=path.name,
    )
