"""Append a delivery to a snapshot: a layer of new rows, and a list of rows that ended.

Nothing of the snapshot is rewritten. What was delivered before, word for word, is a duplicate; a
record that is delivered again with other content ends what it said before; one that is withdrawn
ends it without a successor.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.engines.layers import ENDED
from attending.engines.tables import instants, micros
from attending.ingest.identity import ENTRY, NEVER, entries, records_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from attending.ingest.batch import Batch
    from attending.ingest.settle import Settled
    from attending.records.snapshot import Naming
    from attending.types import Mask

#: An entry of an earlier layer, with the layer and the shard that it stands in. A fact that became
#: another patient's has several: it was first known with the earliest, and counts until the last.
_PLACED = np.dtype(
    [*ENTRY.descr, ("layer", "<i4"), ("shard", "<i4"), ("first", "<i8"), ("until", "<i8")]
)
#: A record that a delivery withdrew: up to which version, from when, and in which layer.
WITHDRAWN = np.dtype([("record", "<u8"), ("version", "<i4"), ("at", "<i8"), ("layer", "<i4")])


@dataclass(frozen=True)
class Before:
    """What a snapshot holds already.

    Attributes:
        indexes: entries sorted by record, by layer and shard.
        ended: rows that earlier deliveries ended, as `ENDED` says.
        naming: how each source names its records.
        withdrawn: records that earlier deliveries withdrew, as `WITHDRAWN` says.
    """

    indexes: Mapping[tuple[int, int], NDArray[np.void]]
    ended: pa.Table
    naming: Mapping[str, Naming]
    withdrawn: NDArray[np.void] = field(default_factory=lambda: np.empty(0, WITHDRAWN))


class Growth:
    """Compares what is delivered with what is held.

    Args:
        before: what the snapshot holds.
        delivered_at: microseconds since 1970; the end of a row where its successor says no later
            one.
    """

    def __init__(self, before: Before, *, delivered_at: int) -> None:
        self._before = before
        self._delivered_at = delivered_at
        self._naming: dict[str, Naming] = dict(before.naming)
        self._ended_before = _keys_of(before.ended)
        self._ends: list[pa.Table] = []
        self._withdrawn = [np.empty(0, WITHDRAWN)]

    @property
    def naming(self) -> dict[str, Naming]:
        """Return how each source seen so far names its records."""
        return dict(self._naming)

    @property
    def withdrawn(self) -> NDArray[np.void]:
        """Return the records that this delivery withdrew, so that no older row brings them back."""
        return np.concatenate(self._withdrawn)

    @property
    def all_ended(self) -> pa.Table:
        """Return the rows that earlier deliveries ended, and this one so far."""
        return pa.concat_tables([self._before.ended, *self._ends])

    def ended(self) -> pa.Table:
        """Return the rows of earlier layers that this delivery ended, in order."""
        table = pa.concat_tables([ENDED.empty_table(), *self._ends])
        return table.sort_by([(name, "ascending") for name in ENDED.names])

    def take(self, batch: Batch, settled: Settled) -> Settled:
        """Return what of a batch is new, with the duplicates in its account."""
        events = settled.events
        self._naming |= dict.fromkeys(events["source"].unique().to_pylist(), batch.naming)
        now = entries(events, self._naming)
        gone, versions, at = self._gone(batch)
        held = self._held(np.unique(np.concatenate([now["record"], gone])))
        known = np.isin(now["content"], held["content"])
        said_again = np.isin(held["content"], now["content"])
        self._end_again(held[said_again], now[known])
        self._end_replaced(
            held[~said_again],
            _Successors.of(now[~known], gone=gone, versions=versions, at=at),
        )
        fresh = events.filter(pa.array(~known))
        fresh = _already_ended(fresh, now[~known], held, withdrawn=self._before.withdrawn)
        repeated = _whole_rows(events["source_row"], known) + _withdrawn_again(gone, at, held)
        account = settled.account.model_copy(
            update={
                "accepted": settled.account.accepted - repeated,
                "duplicate": settled.account.duplicate + repeated,
                "events": fresh.num_rows,
            }
        )
        return replace(settled, events=fresh, account=account)

    def _gone(
        self, batch: Batch
    ) -> tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.int64]]:
        """Return the records that a batch withdraws, their versions, and from when."""
        if not batch.gone.num_rows:
            return np.empty(0, np.uint64), np.empty(0, np.int32), np.empty(0, np.int64)
        source = batch.gone["source"][0].as_py()
        record, version = records_of(source, batch.gone["source_row"], way=batch.naming)
        at = micros(batch.gone["at"], null=NEVER)
        said = np.zeros(len(record), WITHDRAWN)
        said["record"], said["version"] = record, version
        said["at"] = np.where(at == NEVER, self._delivered_at, at)
        self._withdrawn.append(said)
        return record, version, at

    def _held(self, records: NDArray[np.uint64]) -> NDArray[np.void]:
        """Return the entries of earlier layers of some records, those that ended among them."""
        parts = [np.empty(0, dtype=_PLACED)]
        for (layer, shard), index in self._before.indexes.items():
            low = np.searchsorted(index["record"], records, side="left")
            count = np.searchsorted(index["record"], records, side="right") - low
            start = np.repeat(low - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
            found = np.zeros(int(count.sum()), dtype=_PLACED)
            picked = index[start + np.arange(len(found))]
            for name in ENTRY.names or ():
                found[name] = picked[name]
            found["layer"], found["shard"] = layer, shard
            parts.append(found)
        held = np.concatenate(parts)
        ended = np.array(
            [self._ended_before.get(key, NEVER) for key in _keys(held)], dtype=np.int64
        )
        held["ended"] = np.minimum(held["ended"], ended)
        return _of_one_fact(held)

    def _end_again(self, held: NDArray[np.void], now: NDArray[np.void]) -> None:
        """End rows that are said again and now carry an end."""
        now = now[now["ended"] != NEVER]
        until = dict(zip(now["content"].tolist(), now["ended"].tolist(), strict=True))
        ending = held[(held["until"] == NEVER) & np.isin(held["content"], now["content"])]
        at = np.array([until[one] for one in ending["content"].tolist()], np.int64)
        self._end(ending, at)

    def _end_replaced(self, held: NDArray[np.void], successors: _Successors) -> None:
        """End rows that their record no longer says."""
        held = held[held["until"] == NEVER]
        at = np.array([successors.end(one, self._delivered_at) for one in held], np.int64)
        self._end(held[at != NEVER], at[at != NEVER])

    def end(self, rows: pa.Table, at: NDArray[np.int64]) -> None:
        """End rows of earlier layers, because they are another patient's from then on.

        Args:
            rows: with `layer`, `shard` and `row`.
            at: when each ends.
        """
        places = [rows[name].combine_chunks() for name in ("layer", "shard", "row")]
        self._ends.append(pa.Table.from_arrays([*places, instants(at)], schema=ENDED))

    def _end(self, held: NDArray[np.void], at: NDArray[np.int64]) -> None:
        """End facts; what is another patient's only later than that is there at no instant."""
        counts = held["ended"] > at
        held, at = held[counts], np.maximum(at, held["known"])[counts]
        columns = [held["layer"], held["shard"], held["row"]]
        arrays = [pa.array(np.ascontiguousarray(one)) for one in columns]
        self._ends.append(pa.Table.from_arrays([*arrays, instants(at)], schema=ENDED))


@dataclass(frozen=True)
class _Successors:
    """What follows on earlier rows of a record: versions and from when, the earliest first."""

    of_record: Mapping[int, Sequence[tuple[int, int]]]

    @classmethod
    def of(
        cls,
        fresh: NDArray[np.void],
        *,
        gone: NDArray[np.uint64],
        versions: NDArray[np.int32],
        at: NDArray[np.int64],
    ) -> _Successors:
        records = np.concatenate([fresh["record"], gone])
        version = np.concatenate([fresh["version"], versions])
        known = np.concatenate([fresh["known"], at])
        order = np.lexsort((known, version))
        found: dict[int, list[tuple[int, int]]] = {}
        for one in order:
            found.setdefault(int(records[one]), []).append((int(version[one]), int(known[one])))
        return cls(found)

    def end(self, held: np.void, delivered_at: int) -> int:
        """Return from when a held row no longer counts, NEVER where nothing follows on it."""
        after = self.of_record.get(int(held["record"]), ())
        version = int(held["version"])
        later = [at for number, at in after if number > version or not version]
        if not later:
            # Delivered again without it: what is no longer said ends with the delivery.
            return delivered_at if not version else NEVER
        at = later[0]
        return at if int(held["first"]) < at < NEVER else delivered_at


def _of_one_fact(held: NDArray[np.void]) -> NDArray[np.void]:
    """Return entries with the first instant and the end of the fact that each is a part of."""
    _, fact = np.unique(held["content"], return_inverse=True)
    first = np.full(len(held), NEVER, np.int64)
    until = np.full(len(held), np.iinfo(np.int64).min, np.int64)
    np.minimum.at(first, fact, held["known"])
    np.maximum.at(until, fact, held["ended"])
    held["first"], held["until"] = first[fact], until[fact]
    return held


def _already_ended(
    events: pa.Table,
    now: NDArray[np.void],
    held: NDArray[np.void],
    *,
    withdrawn: NDArray[np.void],
) -> pa.Table:
    """Return new rows, those that come after a later version of theirs ended by it.

    A later version may have withdrawn the record and left no row.
    """
    newer: dict[int, list[tuple[int, int]]] = {}
    for one in held[held["version"] > 0]:
        newer.setdefault(int(one["record"]), []).append((int(one["version"]), int(one["known"])))
    gone = withdrawn[np.isin(withdrawn["record"], now["record"]) & (withdrawn["version"] > 0)]
    for one in gone:
        newer.setdefault(int(one["record"]), []).append((int(one["version"]), int(one["at"])))
    if not newer:
        return events
    until = now["ended"].copy()
    for place, one in enumerate(now):
        after = [k for v, k in newer.get(int(one["record"]), ()) if v > int(one["version"])]
        until[place] = min([int(until[place]), *after])
    place = events.schema.get_field_index("superseded_at")
    return events.set_column(place, "superseded_at", instants(until, null=NEVER))


def _withdrawn_again(
    gone: NDArray[np.uint64], at: NDArray[np.int64], held: NDArray[np.void]
) -> int:
    """Return how many withdrawals were delivered before: nothing of their record still counts."""
    ended = np.setdiff1d(held["record"], held["record"][held["until"] == NEVER])
    return int(np.isin(gone[at != NEVER], ended).sum())


def _whole_rows(names: pa.ChunkedArray, known: Mask) -> int:
    """Return how many source rows gave nothing new, though they gave something."""
    table = pa.table({"name": names, "new": pa.array(~known)})
    grouped = table.group_by("name").aggregate([("new", "any")])
    return int(grouped.num_rows) - int(np.asarray(grouped["new_any"]).sum())


def _keys(held: NDArray[np.void]) -> list[tuple[int, int, int]]:
    return list(
        zip(held["layer"].tolist(), held["shard"].tolist(), held["row"].tolist(), strict=True)
    )


def _keys_of(ended: pa.Table) -> dict[tuple[int, int, int], int]:
    columns = (ended[name].to_pylist() for name in ("layer", "shard", "row"))
    return dict(
        zip(
            zip(*columns, strict=True),
            micros(ended["ended_at"], null=NEVER).tolist(),
            strict=True,
        )
    )
