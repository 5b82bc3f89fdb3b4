"""Append a delivery to a snapshot that is held, and fold its layers together when they are many."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.ingest.grow import WITHDRAWN, Before, Growth
from attending.ingest.identity import ENTRY, file_index
from attending.ingest.moved import MovedRows
from attending.ingest.onto import Onto
from attending.lifecycle.desk import required
from attending.lifecycle.ingesting import GONE, held, ingest, of_record
from attending.records.snapshot import Snapshot
from attending.stores.snapshots import INDEX
from attending.times import to_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held
    from attending.types import Ints


def append(  # noqa: PLR0913 - what, from where, onto what
    desk: Desk,
    kind: str,
    folder: Path,
    *,
    onto: str = "",
    lags: Mapping[str, int] | None = None,
    mapping: Path | None = None,
    each: Callable[[str], None] | None = None,
) -> Held:
    """Return a snapshot grown by what a source delivered since, now in the home.

    Only what is new is written. The snapshot that it grew from stays as it was.

    Args:
        desk: where and when; the delivery came now.
        kind: the source, such as `hospital`.
        folder: what the source gave: a day's feed, or all of it again.
        onto: the start of the id of the snapshot that grows; the newest of its kind when empty.
        lags: declared availability lags by table, in microseconds.
        mapping: the file that says how columns become events, for the kind `mapped`.
        each: told the name of every table that is read.

    Raises:
        NotFound: there is no such snapshot.
        BadInput: the delivery is of another source.
        Refused: it is not what its control totals say, or its account does not balance.
    """
    if onto:
        base = held(desk, onto)
    else:
        newest = desk.home.catalog.latest(Snapshot, source_kind=kind)
        base = of_record(desk, required(newest, "snapshot", hint="Leave out --append-to."))
    before, subjects = all_of(desk, base)
    grown = Onto(
        snapshot=base.snapshot,
        growth=Growth(before, delivered_at=to_micros(desk.at)),
        subjects=subjects,
        delivered_at=desk.at,
        rows=base.rows,
    )
    shards = len(base.snapshot.shards)
    return ingest(
        desk, kind, folder, shards=shards, lags=lags, onto=grown, mapping=mapping, each=each
    )


def all_of(desk: Desk, base: Held) -> tuple[Before, list[Ints]]:
    """Return what a snapshot holds, and its patients by file, to compare a delivery with."""
    files = list(_indexes(desk, base))
    before = Before(
        indexes={place: entries for place, entries, _ in files},
        ended=base.ended,
        naming=base.snapshot.naming,
        withdrawn=withdrawn(desk, base),
    )
    return before, [subjects for _, _, subjects in files]


def withdrawn(desk: Desk, base: Held) -> NDArray[np.void]:
    """Return the records that the layers of a snapshot withdrew."""
    parts = [np.empty(0, WITHDRAWN)]
    for layer, name in enumerate((*base.snapshot.layers, base.digest)):
        kept = desk.home.catalog.keys(name).get(GONE)
        if kept is not None:
            said = np.load(BytesIO(desk.home.artifacts.read(kept)), allow_pickle=False)
            said["layer"] = layer
            parts.append(said)
    return np.concatenate(parts)


def _indexes(desk: Desk, base: Held) -> Iterator[tuple[tuple[int, int], NDArray[np.void], Ints]]:
    """Yield for every file of a snapshot its layer and shard, its entries and its patients."""
    moved = base.rows.moved
    for layer, (folder, _) in enumerate(base.layers):
        place = desk.home.folder("snapshots") / INDEX / folder.name
        place.mkdir(parents=True, exist_ok=True)
        for shard, one in enumerate(base.snapshot.shards):
            entries = place / f"{one.name}.entries.npy"
            subjects = place / f"{one.name}.subjects.npy"
            if not subjects.is_file():
                column = pq.read_table(folder / one.name, columns=["subject_id"])["subject_id"]
                _save(subjects, np.sort(np.asarray(pc.unique(column), dtype=np.int64)))
            if not entries.is_file():
                others = MovedRows.of(moved[layer], shard)
                _save(entries, file_index(folder / one.name, base.snapshot.naming, others))
            yield (layer, shard), _load(entries, ENTRY), _load(subjects, np.dtype(np.int64))


def _save(path: Path, array: NDArray[Any]) -> None:
    scratch = path.with_suffix(".part")
    with scratch.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)
    scratch.rename(path)


def _load(path: Path, kind: np.dtype[Any]) -> NDArray[Any]:
    """Return an array of a file, mapped; an empty one cannot be."""
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array if len(array) else np.empty(0, dtype=kind)
