"""From a source's folder to a snapshot in the home: all of it, or nothing."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attending.digests import canonical, short
from attending.engines.layers import ENDED, LayeredShard
from attending.errors import Refused
from attending.ingest.build import build_snapshot
from attending.ingest.date_shift import DateShift
from attending.ingest.mapped import mapped_source
from attending.ingest.merges import MERGES
from attending.ingest.moved import MOVED, HeldRows
from attending.lifecycle.desk import keep, required
from attending.lifecycle.mapping import answered
from attending.records.snapshot import Snapshot
from attending.specs.base import dump

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    from attending.ingest.onto import Onto
    from attending.lifecycle.desk import Desk
    from attending.records.snapshot import Ended, Merges, Moved
    from attending.specs.mapping import MappingSpec

#: The word under which a snapshot's withdrawn records are found.
GONE = "withdrawn"
#: The entry that says that a snapshot is gone because patients were erased from it.
ERASED = "snapshot.erase"
#: A snapshot has at least so many files; more where a source holds more text than this a file.
FEWEST_SHARDS = 2
_TEXT_A_SHARD = 128 << 20
#: How much larger packed text is than its file.
_PACKED = {".gz": 8, ".zip": 8, ".parquet": 4}


@dataclass(frozen=True)
class Held:
    """A snapshot that the home holds: its id, what it says, and where it lies.

    Attributes:
        under: the folders of the layers under it and the lists of rows they ended, the base first.
        below: what the layers under it say, in the same order.
    """

    digest: str
    snapshot: Snapshot
    folder: Path
    under: tuple[tuple[Path, Path | None], ...] = ()
    below: tuple[Snapshot, ...] = ()

    @property
    def layers(self) -> tuple[tuple[Path, Snapshot], ...]:
        """Return the folder of every layer and what it says, the base first."""
        folders = (*(folder for folder, _ in self.under), self.folder)
        return tuple(zip(folders, (*self.below, self.snapshot), strict=True))

    @property
    def rows(self) -> HeldRows:
        """Return the rows of all layers, with whose the source said they are."""
        return HeldRows(
            files=[[folder / one.name for one in said.shards] for folder, said in self.layers],
            moved=[_listed(folder, said.moved, MOVED) for folder, said in self.layers],
            merges=self.merges,
        )

    @property
    def merges(self) -> pa.Table:
        """Return all that was said of two records of one person, as `MERGES` says."""
        return pa.concat_tables(
            _listed(folder, said.merges, MERGES) for folder, said in self.layers
        )

    @property
    def ended(self) -> pa.Table:
        """Return the rows that the layers ended, as `ENDED` says."""
        return pa.concat_tables(_listed(folder, said.ended, ENDED) for folder, said in self.layers)

    @property
    def shards(self) -> list[Path | LayeredShard]:
        """Return the files of events, in order, each with its layers."""
        if not self.under:
            return [self.folder / shard.name for shard in self.snapshot.shards]
        ended = self.snapshot.ended
        whole = (*self.under, (self.folder, self.folder / ended.name if ended else None))
        return [
            LayeredShard(
                number=number,
                files=tuple(folder / shard.name for folder, _ in whole),
                ended=tuple(path for _, path in whole if path is not None),
            )
            for number, shard in enumerate(self.snapshot.shards)
        ]


def ingest(  # noqa: PLR0913 - what, from where, onto what
    desk: Desk,
    kind: str,
    folder: Path,
    *,
    shards: int | None = None,
    lags: Mapping[str, int] | None = None,
    onto: Onto | None = None,
    mapping: Path | None = None,
    shift: bool = False,
    each: Callable[[str], None] | None = None,
) -> Held:
    """Return the snapshot of what a source's folder holds, now in the home.

    Args:
        desk: where and when.
        kind: the source, such as `mimic-iv`.
        folder: what the source gave.
        shards: how many files the patients are hashed to; by the size of the source when absent,
            as one file is held in memory while it is sorted.
        lags: declared availability lags by table, in microseconds.
        onto: the snapshot that it is appended to; a snapshot of its own when absent.
        mapping: the file that says how columns become events, for the kind `mapped`.
        shift: whether each patient's dates are moved by whole weeks of their own.
        each: told the name of every table that is read.

    Raises:
        Refused: the batch is not what its control totals say, the account does not balance,
            or a synthetic home was given other data.
    """
    taken = take_in(
        desk,
        kind,
        folder,
        shards=shards,
        lags=lags,
        onto=onto,
        mapping=mapping,
        shift=shift,
        each=each,
    )
    keep(desk, taken.snapshot, action="snapshot.ingest", keys=taken.keys, details=taken.details)
    return of_record(desk, taken.snapshot)


@dataclass(frozen=True)
class Taken:
    """A snapshot whose folder is in the home and whose record is not kept yet.

    Attributes:
        keys: words to find it by.
    """

    snapshot: Snapshot
    keys: Mapping[str, str]

    @property
    def details(self) -> dict[str, int]:
        """Return its account, for the ledger."""
        names = ("rows_in", "accepted", "quarantined", "rejected", "duplicate")
        return {name: getattr(self.snapshot.account, name) for name in names}


def take_in(  # noqa: PLR0913 - what, from where, onto what
    desk: Desk,
    kind: str,
    folder: Path,
    *,
    shards: int | None = None,
    lags: Mapping[str, int] | None = None,
    onto: Onto | None = None,
    mapping: Path | None = None,
    shift: bool = False,
    each: Callable[[str], None] | None = None,
) -> Taken:
    """Return a snapshot of a source's folder, to be kept; see `ingest` for what is passed.

    Raises:
        Refused: as `ingest` does; nothing is left behind.
    """
    spec = None if mapping is None else answered(mapping)
    scratch = Path(tempfile.mkdtemp(prefix="incoming-", dir=desk.home.folder("snapshots")))
    try:
        snapshot = build_snapshot(
            kind,
            folder,
            key=desk.home.pseudonym_key(),
            out=scratch,
            shards=shards or shards_for(folder),
            lags=lags,
            onto=onto,
            source=None if spec is None else mapped_source(spec),
            shift=DateShift(desk.home.pseudonym_key()) if shift else None,
            each=each,
        )
        _check(desk, snapshot)
        desk.home.snapshots.adopt(scratch, snapshot.digest)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    keys = {"source": snapshot.source_system, "source_kind": kind, **_kept(desk, spec)}
    if onto is not None:
        keys |= kept_withdrawals(desk, onto.growth.withdrawn)
    return Taken(snapshot, keys)


def kept_withdrawals(desk: Desk, said: NDArray[np.void]) -> dict[str, str]:
    """Return where the records that were withdrawn are kept: a late row must not revive them.

    They leave no event, so that nothing in the shards tells of them.
    """
    if not len(said):
        return {}
    stream = BytesIO()
    np.save(stream, np.sort(said), allow_pickle=False)
    return {GONE: desk.home.artifacts.put(stream.getvalue())}


def shards_for(folder: Path) -> int:
    """Return how many files a source's patients are hashed to, by the size of its text."""
    sizes = (
        path.stat().st_size * _PACKED.get(path.suffix, 1)
        for path in folder.rglob("*")
        if path.is_file()
    )
    return max(FEWEST_SHARDS, -(-sum(sizes) // _TEXT_A_SHARD))


def _kept(desk: Desk, spec: MappingSpec | None) -> dict[str, str]:
    """Return where a mapping is kept, so that what was done can be shown and done again."""
    if spec is None:
        return {}
    return {"mapping": desk.home.artifacts.put(canonical(dump(spec)))}


def _check(desk: Desk, snapshot: Snapshot) -> None:
    if not snapshot.account.balanced:
        raise Refused(
            "the ingest account does not balance: rows in is not the sum of what became of them",
            code="ingest.account",
            hint="This is a defect of the reader; nothing was kept.",
        )
    if desk.home.synthetic and not snapshot.synthetic:
        raise Refused(
            "this home is synthetic and the data are not",
            code="home.synthetic",
            hint="Keep synthetic and real data in homes of their own: pass another --home.",
        )


def held(desk: Desk, name: str = "", *, source: str = "") -> Held:
    """Return a snapshot by the start of its id, or the newest one of a source.

    Raises:
        NotFound: there is none.
    """
    catalog = desk.home.catalog
    if name:
        snapshot = catalog.get(name, Snapshot)
    else:
        keys = {"source": source} if source else {}
        snapshot = required(
            catalog.latest(Snapshot, **keys), "snapshot", hint="Run `attending ingest` first."
        )
    return of_record(desk, snapshot)


def of_record(desk: Desk, snapshot: Snapshot) -> Held:
    """Return the snapshot that a record is about, with the layers under it.

    Raises:
        NotFound: it, or a layer of it, is no longer here.
        Refused: patients were erased from it.
    """
    _require_not_erased(desk, (*snapshot.layers, snapshot.digest))
    place = desk.home.snapshots.path
    below = [(name, desk.home.catalog.get(name, Snapshot)) for name in snapshot.layers]
    under = tuple(
        (place(name), place(name) / one.ended.name if one.ended else None) for name, one in below
    )
    return Held(
        snapshot.digest,
        snapshot,
        place(snapshot.digest),
        under=under,
        below=tuple(one for _, one in below),
    )


def _require_not_erased(desk: Desk, names: Iterable[str]) -> None:
    """Refuse a snapshot from which patients were erased: it cannot be read, nor be made again."""
    gone = set(names) - set(desk.home.snapshots.list())
    entries = [one for name in sorted(gone) for one in desk.home.ledger.search(subject=name)]
    erased = [one for one in entries if one.action == ERASED]
    if erased:
        rows = sum(int(str(one.details["erased_rows"])) for one in erased)
        by = str(erased[-1].details["by"])
        raise Refused(
            f"data were erased: {rows} rows of this snapshot are gone, what was made from it "
            "cannot be repeated",
            code="data.erased",
            hint=f"The snapshot without them is {short(by)}." if by else "Ingest again.",
        )


def _listed(folder: Path, file: Ended | Merges | Moved | None, schema: pa.Schema) -> pa.Table:
    if file is None:
        return schema.empty_table()
    return pq.read_table(folder / file.name, schema=schema)


def snapshots(desk: Desk) -> tuple[Held, ...]:
    """Return all snapshots that the home still holds, oldest first."""
    present = set(desk.home.snapshots.list())
    found = desk.home.catalog.all(Snapshot)
    return tuple(of_record(desk, one) for one in found if {*one.layers, one.digest} <= present)
