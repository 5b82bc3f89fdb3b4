"""What can be done with snapshots that are held: look back, compare, fold, export, let go."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.digests import digests_in
from attending.engines.local import LocalEngine
from attending.engines.row_hash import row_hashes
from attending.errors import BadInput, NotFound, Refused
from attending.ingest.fold import fold
from attending.ingest.meds_format import write_meds
from attending.ingest.merges import MERGES
from attending.ingest.shards import sorted_events, write_parquet
from attending.lifecycle.desk import keep, note
from attending.lifecycle.engines import engine_over
from attending.lifecycle.growing import withdrawn
from attending.lifecycle.ingesting import ERASED, held, kept_withdrawals, of_record
from attending.lifecycle.quarantining import released_by
from attending.records.events import EVENTS, plain
from attending.records.ledger import Subject
from attending.records.snapshot import Snapshot
from attending.times import to_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held
    from attending.types import Instant

#: Layers over the base that hold more than this share of its rows are better folded together.
FOLD_AT = 0.2
_GONE = "snapshot.gc"


def as_of(desk: Desk, found: Held, at: Instant) -> LocalEngine:
    """Return an engine over what a snapshot held at an instant, as it stood then.

    Deliveries that came later are left out, then rows that were not yet known, and a row that
    was superseded since stands as it did. A base says of no moment when it was delivered.

    Args:
        desk: where.
        found: the snapshot.
        at: the instant to look back to.

    Raises:
        BadInput: dates are shifted, so one instant is another moment for every patient.
    """
    if found.snapshot.dates_shifted:
        raise BadInput(
            "dates are shifted by patient, so no instant is the same moment for all",
            code="snapshot.shifted",
            hint="Leave out --as-of; name an earlier snapshot by its id.",
            where="--as-of",
        )
    chain = [*(desk.home.catalog.get(name, Snapshot) for name in found.snapshot.layers)]
    chain.append(found.snapshot)
    there = [one for one in chain if one.delivered_at is None or one.delivered_at <= at]
    return LocalEngine(of_record(desk, there[-1]).shards, as_of=to_micros(at))


def export(
    desk: Desk,
    folder: Path,
    *,
    snapshot: str = "",
    at: Instant | None = None,
    meds: bool = False,
    each: Callable[[], None] | None = None,
) -> int:
    """Return how many events were written as Parquet, one file a shard, in canonical order.

    Args:
        desk: where.
        folder: where the files go; must not exist.
        snapshot: the start of an id; the newest when empty.
        at: look back to this instant; all that is held when absent.
        meds: as a dataset of the Medical Event Data Standard.
        each: called after every shard.

    Raises:
        BadInput: the folder exists.
    """
    if folder.exists():
        raise BadInput(
            "the folder exists", code="snapshot.export", hint="Name a new one.", where=str(folder)
        )
    found = held(desk, snapshot)
    engine = LocalEngine(found.shards) if at is None else as_of(desk, found, at)
    folder.mkdir(parents=True)
    tables = (sorted_events(engine.only(one).map(plain, each=each)) for one in engine.shards)
    rows = write_meds(tables, found.snapshot, folder) if meds else _write(tables, folder)
    digest = found.digest
    with desk.home.database.transaction() as unit:
        subject = Subject(kind="snapshot", digest=digest)
        note(desk, unit, action="snapshot.export", subject=subject, details={"table_rows": rows})
    return rows


def _write(shards: Iterable[pa.Table], folder: Path) -> int:
    rows = 0
    for number, events in enumerate(shards):
        write_parquet(events, folder / f"shard-{number:05d}.parquet")
        rows += events.num_rows
    return rows


@dataclass(frozen=True)
class Change:
    """How many events of a vocabulary one snapshot has and the other has not."""

    vocabulary: str
    only_first: int
    only_second: int
    ended: int


def diff(desk: Desk, first: str, second: str) -> tuple[Change, ...]:
    """Return what two snapshots do not share, by vocabulary; counts alone, never a value.

    `ended` counts events that both have, and that the second ends and the first does not.

    Raises:
        NotFound: one of them is not here.
    """
    one, other = (_hashed(desk, held(desk, name)) for name in (first, second))
    words = sorted(set(one) | set(other))
    changes = []
    for word in words:
        (here, until), (there, later) = (side.get(word, _NOTHING) for side in (one, other))
        both, at, place = np.intersect1d(here, there, return_indices=True)
        ended = int((until[at] & ~later[place]).sum())
        if len(here) != len(both) or len(there) != len(both) or ended:
            changes.append(Change(word, len(here) - len(both), len(there) - len(both), ended))
    return tuple(changes)


@dataclass(frozen=True)
class MergeChange:
    """How many merges and unmerges of patients one snapshot was told of and the other was not."""

    merges_only_in_the_first: int
    merges_only_in_the_second: int
    unmerges_only_in_the_first: int
    unmerges_only_in_the_second: int


def merge_diff(desk: Desk, first: str, second: str) -> MergeChange:
    """Return what two snapshots were not both told of merges; counts alone, never whose.

    Raises:
        NotFound: one of them is not here.
    """
    one, other = (
        Counter(tuple(row.values()) for row in held(desk, name).merges.to_pylist())
        for name in (first, second)
    )
    place = MERGES.get_field_index("undone")
    counts = [
        sum(1 for row in side if row[place] is undone)
        for undone in (False, True)
        for side in (one - other, other - one)
    ]
    return MergeChange(*counts)


_NOTHING = (np.empty(0, np.uint64), np.empty(0, np.bool_))


def _hashed(desk: Desk, found: Held) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return hashes of events and whether each still counts, by vocabulary, sorted."""
    says = [name for name in EVENTS.names if name != "superseded_at"]

    def work(events: pa.Table) -> pa.Table:
        rows = plain(events)
        word = pc.list_element(pc.split_pattern(rows["code"], "//", max_splits=1), 0)
        hashes = pa.array(row_hashes(rows, says).view(np.int64))
        return pa.table({"word": word, "hash": hashes, "open": rows["superseded_at"].is_null()})

    table = engine_over(desk, found).map(work)
    sides = {}
    for word in pc.unique(table["word"]).to_pylist():
        mine = table.filter(pc.equal(table["word"], word))
        hashes, first = np.unique(np.asarray(mine["hash"]).view(np.uint64), return_index=True)
        sides[word] = (hashes, np.asarray(mine["open"])[first])
    return sides


def compact(desk: Desk, name: str = "", *, each: Callable[[], None] | None = None) -> Held:
    """Return a snapshot of the same events in one layer, kept beside the one that had grown.

    Raises:
        NotFound: it is not here.
        Refused: it has one layer only.
    """
    grown = held(desk, name)
    if not grown.under:
        raise Refused(
            "the snapshot has one layer only: there is nothing to fold",
            code="snapshot.one_layer",
            hint="See `attending snapshot show`.",
        )
    scratch = Path(tempfile.mkdtemp(prefix="incoming-", dir=desk.home.folder("snapshots")))
    rows, ended = grown.rows, grown.ended

    def rows_of(shard: int) -> pa.Table:
        found = rows.whole(shard, ended=ended)
        if each is not None:
            each()
        return found

    try:
        folded = fold(
            [said for _, said in grown.layers],
            [folder for folder, _ in grown.layers],
            out=scratch,
            rows_of=rows_of,
            merges=rows.merges,
            released=released_by(desk, grown),
        )
        desk.home.snapshots.adopt(scratch, folded.digest)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    keep(
        desk,
        folded,
        action="snapshot.compact",
        keys={
            "source": folded.source_system,
            "source_kind": folded.kind_of_source,
            **kept_withdrawals(desk, withdrawn(desk, grown)),
        },
        details={"from": grown.digest, "layers": len(grown.layers), "table_rows": folded.rows},
    )
    return of_record(desk, folded)


@dataclass(frozen=True)
class Cited:
    """A snapshot that is held, its size, and the kinds of record that need it."""

    digest: str
    source: str
    rows: int
    bytes: int
    needed_by: tuple[str, ...]


def citations(desk: Desk) -> tuple[Cited, ...]:
    """Return every snapshot that is held with what needs it; one that nothing needs may go.

    A snapshot is needed by records that name it, by snapshots that grew from it, and, as the
    newest of its source, by the next step.
    """
    catalog = desk.home.catalog
    present = set(desk.home.snapshots.list())
    needed: dict[str, Counter[str]] = {digest: Counter() for digest in present}
    newest = {}
    for one in catalog.all(Snapshot):
        if one.digest in present:
            newest[one.source_system] = one.digest
            for layer in one.layers:
                needed.setdefault(layer, Counter())["grown snapshot"] += 1
    for digest in newest.values():
        needed[digest]["newest of its source"] += 1
    for line in catalog.list():
        if line.kind != Snapshot.kind:
            for word in digests_in(catalog.content(line.digest)) & present:
                needed[word][line.kind.replace("_", " ")] += 1
    return tuple(
        Cited(
            digest=digest,
            source=catalog.get(digest, Snapshot).source_system,
            rows=catalog.get(digest, Snapshot).rows,
            bytes=sum(path.stat().st_size for path in desk.home.snapshots.path(digest).iterdir()),
            needed_by=tuple(sorted(needed[digest])),
        )
        for digest in sorted(present)
    )


def let_go(desk: Desk, name: str) -> Cited:
    """Return a snapshot that nothing needs, now deleted; its record and account stay.

    Raises:
        NotFound: it is not here.
        Refused: a record cites it, another snapshot grew from it, or it is the newest.
    """
    digest = desk.home.snapshots.path(name).name
    found = next((one for one in citations(desk) if one.digest == digest), None)
    if found is None:
        raise NotFound("there is no such snapshot here", code="snapshot.missing")
    if found.needed_by:
        raise Refused(
            f"the snapshot is needed by: {', '.join(found.needed_by)}",
            code="snapshot.cited",
            hint="What a record cites must stay, or nobody could repeat it.",
        )
    with desk.home.database.transaction() as unit:
        subject = Subject(kind="snapshot", digest=digest)
        details = {"table_rows": found.rows, "bytes": found.bytes}
        note(desk, unit, action=_GONE, subject=subject, details=details)
    desk.home.snapshots.delete(digest)
    return found


def missing(desk: Desk) -> tuple[str, ...]:
    """Return the snapshots that records speak of, that nobody let go, and that are not here."""
    gone = {
        entry.subject
        for action in (_GONE, ERASED)
        for entry in desk.home.ledger.search(action=action, limit=1_000_000)
    }
    known = {line.digest for line in desk.home.catalog.list(Snapshot.kind)}
    return tuple(sorted(known - gone - set(desk.home.snapshots.list())))
