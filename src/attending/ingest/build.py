"""Build a snapshot: read a source, settle every row, write shards, quarantine and the manifest."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.digests import digest_file
from attending.errors import BadInput
from attending.ingest.files import require_unchanged, stamps
from attending.ingest.merging import Merging
from attending.ingest.pseudonyms import Pseudonyms
from attending.ingest.registry import SOURCES
from attending.ingest.settle import settle
from attending.ingest.shards import ShardWriter, write_parquet
from attending.ingest.tables import SUSPICIOUS_COUNTS
from attending.keys import derive
from attending.records.events import BIRTH, QUARANTINE
from attending.records.snapshot import (
    Availability,
    IngestAccount,
    Quarantine,
    Shard,
    Snapshot,
    TableAccount,
    added_up,
)
from attending.times import from_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from attending.ingest.batch import Batch, Origin
    from attending.ingest.date_shift import DateShift
    from attending.ingest.onto import Onto
    from attending.ingest.settle import Settled
    from attending.ingest.shards import Written
    from attending.ingest.source import Source
    from attending.records.snapshot import Naming
    from attending.types import Instant

MANIFEST = "manifest.json"
#: In place of the home's key for sources whose ids are printed in a public set.
PUBLISHED = b"the ids of this source are published"


def build_snapshot(  # noqa: PLR0913 - one call says all that shapes a snapshot
    kind: str,
    folder: Path,
    *,
    key: bytes,
    out: Path,
    shards: int = 2,
    contract_digest: str | None = None,
    lags: Mapping[str, int] | None = None,
    onto: Onto | None = None,
    source: Source | None = None,
    shift: DateShift | None = None,
    each: Callable[[str], None] | None = None,
) -> Snapshot:
    """Return the snapshot of a source after writing its files into `out`.

    Onto a snapshot that is there already, only what is new is written, as a layer over it.

    Args:
        kind: `hospital`, `fhir`, `mimic-iv` or `physionet-2012`.
        folder: the source's files.
        key: 32 bytes for pseudonyms; not used for a source whose ids are published.
        out: an empty folder that the caller made; worthless after a refusal.
        shards: how many files subjects are hashed to.
        contract_digest: of the contract that was in force.
        lags: microseconds from happening to being known, by table or code prefix, for rows whose
            source recorded no such time.
        onto: the snapshot that the delivery is appended to.
        source: how it is read; the registered one of that kind when absent.
        shift: moves each patient's instants; they stay as the source has them when absent.
        each: called with the name of every table that is done.

    Raises:
        BadInput: an unknown kind, a missing file or column, `out` is not empty, no shards, or
            another source than that of the snapshot it is appended to.
        Refused: a file is cut short or altered, or two ids have one pseudonym.
    """
    source = source or SOURCES.get(kind)
    _check_room(out, shards)
    before = stamps(folder)
    origin = _described(source, folder, shifted=shift is not None)
    if onto is not None:
        onto.check(kind, origin, shards=shards)
    keys = Pseudonyms(derive(PUBLISHED, kind) if source.published_ids else key)
    writer = ShardWriter(out, shards)
    tally = _Tally()
    merging = Merging(onto, shifted=shift is not None)
    for batch in source.read(folder, keys=keys):
        if each:
            each(batch.table)
        if batch.merges is not None:
            merging.add(batch)
            continue
        settled = _settled(batch, lags or {}, shift)
        if onto is not None:
            settled = onto.growth.take(batch, settled)
        tally.naming |= dict.fromkeys(settled.events["source"].unique().to_pylist(), batch.naming)
        writer.add(settled.events)
        tally.add(settled)
    require_unchanged(folder, origin.files, before=before)
    written = _written(writer, merging, tally)
    snapshot = _snapshot(kind, origin, tally=tally, written=written.shards, out=out)
    told = {"contract_digest": contract_digest, "dates_shifted": shift is not None}
    snapshot = snapshot.model_copy(update=told | merging.finish(written, out))
    if onto is not None:
        snapshot = onto.grown(snapshot, out)
    write_manifest(snapshot, out)
    return snapshot


def _check_room(out: Path, shards: int) -> None:
    if shards < 1 or any(out.iterdir()):
        raise BadInput(
            f"got {shards} shards and a folder with {len(list(out.iterdir()))} files, "
            "expected at least one shard and an empty folder",
            code="ingest.out",
        )


def _written(writer: ShardWriter, merging: Merging, tally: _Tally) -> Written:
    """Return the shards, their rows with whose patients they are, once all patients are known."""
    writer.close(tally.naming)
    instead = merging.resolve(writer)
    for batch in merging.batches:
        if batch.rows_in:
            tally.add(settle(batch, lags={}))
    if instead is not None:
        tally.known(instead.rows["known_at"])
    return writer.finish(instead)


def _settled(batch: Batch, lags: Mapping[str, int], shift: DateShift | None) -> Settled:
    """Return a batch settled, then shifted: what cannot be is seen on the source's own dates."""
    settled = settle(batch, lags=lags)
    return settled if shift is None else replace(settled, events=shift.moved(settled.events))


def _described(source: Source, folder: Path, *, shifted: bool) -> Origin:
    """Return what a source says of itself; once its dates are shifted no zone is real."""
    origin = source.describe(folder)
    if not shifted:
        return origin
    zone = origin.time_zone if origin.time_zone == "relative" else "floating"
    return replace(origin, time_zone=zone, site_zones={})


def _snapshot(
    kind: str, origin: Origin, *, tally: _Tally, written: tuple[Shard, ...], out: Path
) -> Snapshot:
    return Snapshot(
        kind_of_source=kind,
        source_system=origin.system,
        source_version=origin.version,
        time_zone=origin.time_zone,
        site_zones=dict(origin.site_zones),
        synthetic=origin.synthetic,
        seed=origin.seed,
        files=(*origin.besides, *origin.files),
        shards=written,
        rows=sum(shard.rows for shard in written),
        subjects=sum(shard.subjects for shard in written),
        first_time=_instant(tally.first),
        last_time=_instant(tally.last),
        watermark=_instant(tally.watermark),
        account=tally.account(),
        availability=added_up(tally.availability),
        quarantine=write_quarantine(out, tally.quarantine),
        warnings=tuple(tally.warnings()),
        naming=dict(sorted(tally.naming.items())),
    )


def _instant(micros: int | None) -> Instant | None:
    return None if micros is None else from_micros(micros)


class _Tally:
    """The account and the time span of what has been settled so far."""

    def __init__(self) -> None:
        self.tables: dict[str, TableAccount] = {}
        self.quarantined: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.availability: list[Availability] = []
        self.quarantine: list[pa.Table] = []
        self.naming: dict[str, Naming] = {}
        self.first: int | None = None
        self.last: int | None = None
        self.watermark: int | None = None

    def add(self, settled: Settled) -> None:
        account = settled.account
        before = self.tables.get(account.table)
        self.tables[account.table] = before.plus(account) if before else account
        self.quarantined += settled.quarantined
        self.rejected += settled.rejected
        self.availability.extend(settled.availability)
        self.quarantine.append(settled.quarantine)
        events = settled.events
        lived = events["time"].filter(pc.not_equal(events["code"], BIRTH))
        self.known(events["known_at"])
        span = pc.min_max(lived.cast(pa.int64()))
        self.first = _extreme(min, self.first, span["min"].as_py())
        self.last = _extreme(max, self.last, span["max"].as_py())

    def known(self, at: pa.ChunkedArray) -> None:
        """Note when rows were known; the latest is the watermark."""
        self.watermark = _extreme(max, self.watermark, pc.max(at.cast(pa.int64())).as_py())

    def account(self) -> IngestAccount:
        return IngestAccount(
            tables=tuple(self.tables.values()),
            quarantined_by_reason=dict(sorted(self.quarantined.items())),
            rejected_by_reason=dict(sorted(self.rejected.items())),
        )

    def warnings(self) -> list[str]:
        return [
            f"{table.table}: exactly {table.rows_in} rows, where other software stops; "
            "check that the extract is whole"
            for table in self.tables.values()
            if table.rows_in in SUSPICIOUS_COUNTS
        ]


def _extreme(pick: Callable[[int, int], int], one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return pick(one, other)


def write_quarantine(out: Path, parts: list[pa.Table]) -> Quarantine:
    """Return the file of quarantined rows, written in order."""
    table = pa.concat_tables([QUARANTINE.empty_table(), *parts])
    table = table.sort_by([(name, "ascending") for name in ("source", "source_row", "reason")])
    path = out / "quarantine.parquet"
    write_parquet(table, path)
    return Quarantine(name=path.name, digest=digest_file(path), rows=table.num_rows)


def write_manifest(snapshot: Snapshot, out: Path) -> None:
    """Write what a snapshot says of itself; its folder is then whole."""
    with (out / MANIFEST).open("wb") as stream:
        stream.write(snapshot.as_bytes())
        stream.flush()
        os.fsync(stream.fileno())
    handle = os.open(out, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
