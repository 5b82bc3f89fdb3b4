"""From a source's folder to a snapshot in the home: all of it, or nothing."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from attending.engines.layers import LayeredShard
from attending.errors import Refused
from attending.ingest.build import build_snapshot
from attending.lifecycle.desk import keep, required
from attending.records.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attending.ingest.onto import Onto
    from attending.lifecycle.desk import Desk

DEFAULT_SHARDS = 2


@dataclass(frozen=True)
class Held:
    """A snapshot that the home holds: its id, what it says, and where it lies.

    Attributes:
        under: the folders of the layers under it and the lists of rows they ended, the base first.
    """

    digest: str
    snapshot: Snapshot
    folder: Path
    under: tuple[tuple[Path, Path | None], ...] = ()

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
    shards: int = DEFAULT_SHARDS,
    lags: Mapping[str, int] | None = None,
    onto: Onto | None = None,
    each: Callable[[str], None] | None = None,
) -> Held:
    """Return the snapshot of what a source's folder holds, now in the home.

    Args:
        desk: where and when.
        kind: the source, such as `mimic-iv`.
        folder: what the source gave.
        shards: how many files the patients are hashed to.
        lags: declared availability lags by table, in microseconds.
        onto: the snapshot that it is appended to; a snapshot of its own when absent.
        each: told the name of every table that is read.

    Raises:
        Refused: the batch is not what its control totals say, the account does not balance,
            or a synthetic home was given other data.
    """
    scratch = Path(tempfile.mkdtemp(prefix="incoming-", dir=desk.home.folder("snapshots")))
    try:
        snapshot = build_snapshot(
            kind,
            folder,
            key=desk.home.pseudonym_key(),
            out=scratch,
            shards=shards,
            lags=lags,
            onto=onto,
            each=each,
        )
        _check(desk, snapshot)
        desk.home.snapshots.adopt(scratch, snapshot.digest)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    account = snapshot.account
    keep(
        desk,
        snapshot,
        action="snapshot.ingest",
        keys={"source": snapshot.source_system, "source_kind": kind},
        details={
            "rows_in": account.rows_in,
            "accepted": account.accepted,
            "quarantined": account.quarantined,
            "rejected": account.rejected,
            "duplicate": account.duplicate,
        },
    )
    return of_record(desk, snapshot)


def _check(desk: Desk, snapshot: Snapshot) -> None:
    if not snapshot.account.balanced:
        raise Refused(
            "the ingest account does not balance: rows in is not the sum of what became of them",
            code="ingest.account",
            hint="This is a defect of the reader; nothing was kept.",
        )
    if desk.home.synthetic != snapshot.synthetic:
        word = "synthetic" if desk.home.synthetic else "real"
        raise Refused(
            f"this home is {word} and the data are not",
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
    """
    place = desk.home.snapshots.path
    below = [(name, desk.home.catalog.get(name, Snapshot)) for name in snapshot.layers]
    under = tuple(
        (place(name), place(name) / one.ended.name if one.ended else None) for name, one in below
    )
    return Held(snapshot.digest, snapshot, place(snapshot.digest), under=under)


def snapshots(desk: Desk) -> tuple[Held, ...]:
    """Return all snapshots of the home, oldest first."""
    found = desk.home.catalog.all(Snapshot)
    return tuple(held(desk, snapshot.digest) for snapshot in found)
