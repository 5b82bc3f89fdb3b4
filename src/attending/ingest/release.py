"""Let quarantined rows into a snapshot: a layer that holds them and nothing else.

The delivery in which they were set aside is read again under the declaration that was missing. What
it says of other rows must be what the snapshot holds already: a release only releases.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.engines.row_hash import row_hashes
from attending.errors import Refused
from attending.ingest.batch import ASIDE
from attending.ingest.grow import Growth
from attending.ingest.identity import entries
from attending.ingest.onto import Onto
from attending.ingest.quarantine import counts, ranks, row_keys
from attending.ingest.settle import settle
from attending.records.events import QUARANTINE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from attending.ingest.batch import Batch, Origin
    from attending.ingest.grow import Before
    from attending.ingest.settle import Settled
    from attending.records.snapshot import Availability, Naming, Snapshot, SourceFile
    from attending.types import Mask

#: Why a row still waits though nothing is wrong with it any longer: its record was delivered again
#: since, or what is declared now says that it holds no fact.
OVERTAKEN, SAYS_NOTHING = "overtaken", "says_nothing"
_WHY = ("source", "source_row", "reason")


@dataclass(frozen=True)
class Aside:
    """The rows of one delivery that were set aside.

    Attributes:
        layer: which layer of the snapshot the delivery is.
        waiting: rows that may come in.
        dismissed: rows that somebody closed; they stay out.
    """

    layer: int
    waiting: pa.Table
    dismissed: pa.Table


class Release(Growth):
    """Compares a delivery that is read again with what is held, and lets waiting rows in.

    Args:
        before: what the snapshot holds.
        delivered_at: microseconds since 1970; when the rows are let in.
        aside: the rows that were set aside.
        lags: microseconds from happening to being known, by table or code prefix.
        rules: how rows of the snapshot count as known already.
    """

    def __init__(
        self,
        before: Before,
        *,
        delivered_at: int,
        aside: Aside,
        lags: Mapping[str, int],
        rules: Collection[tuple[str, str, str | None]],
    ) -> None:
        super().__init__(before, delivered_at=delivered_at)
        again = before.withdrawn["layer"] >= aside.layer
        self._gone_since = before.withdrawn["record"][again]
        self._layer = aside.layer
        self._pool = aside.waiting
        self._lags = lags
        self._rules = rules
        self._keys = row_keys(self._pool)
        self._shut = row_keys(aside.dismissed)
        self._in = np.empty(0, np.uint64)
        self._released = [QUARANTINE.empty_table()]
        self._why: Counter[str] = Counter()

    @property
    def released(self) -> pa.Table:
        """Return the rows that were let in, as they stood in quarantine."""
        return pa.concat_tables(self._released)

    @property
    def still(self) -> dict[str, int]:
        """Return how many rows still wait, by the reason that holds now."""
        rest = Counter({SAYS_NOTHING: self._pool.num_rows - self._why.total()})
        return dict(sorted((self._why + rest).items()))

    def take(self, batch: Batch, settled: Settled) -> Settled:
        """Return what of a batch had waited and comes in now.

        Raises:
            Refused: a row would come in that was not quarantined.
        """
        now = row_keys(settled.events)
        others = ~np.isin(now, np.concatenate([self._keys, self._shut, self._in]))
        self._refuse(batch, settled.events.filter(pa.array(others)))
        came = self._came(batch, settled, now=now)
        self._in = np.concatenate([self._in, self._keys[came]])
        only = _only(batch, self._in)
        again = _all_in(settle(only, lags=self._lags), rows=int(came.sum()))
        again = replace(again, availability=(*again.availability, *self._added(batch, again)))
        self._note(came, settled)
        return super().take(only, again)

    def _refuse(self, batch: Batch, others: pa.Table) -> None:
        """Refuse rows that were not quarantined and that say what is not held."""
        now = entries(others, self.naming | self._named(batch, others))
        held = self._held(np.unique(now["record"]))
        new = row_keys(others)[~np.isin(now["content"], held["content"])]
        if len(new):
            raise Refused(
                f"{len(np.unique(new))} rows that were not quarantined would come in or say "
                "something else",
                code="quarantine.others",
                hint="A release only releases. Change nothing but what kept the rows out; what "
                "changes other rows is ingested as a delivery of its own.",
                where=batch.table,
            )

    def _named(self, batch: Batch, events: pa.Table) -> dict[str, Naming]:
        return dict.fromkeys(events["source"].unique().to_pylist(), batch.naming)

    def _came(self, batch: Batch, settled: Settled, *, now: NDArray[np.uint64]) -> Mask:
        """Return which waiting rows are no longer set aside, and gave something."""
        still = row_keys(settled.quarantine)
        same = np.isin(row_hashes(self._pool, _WHY), row_hashes(settled.quarantine, _WHY))
        left = counts(self._keys, self._keys) - counts(self._keys, still)
        gave = np.isin(self._keys, np.concatenate([now, row_keys(batch.gone)]))
        came = gave & (ranks(self._keys, same) < left)
        late = came & np.isin(self._keys, self._overtaken(batch, settled.events, now=now))
        self._why[OVERTAKEN] += int(late.sum())
        return np.asarray(came & ~late, dtype=np.bool_)

    def _overtaken(
        self, batch: Batch, events: pa.Table, *, now: NDArray[np.uint64]
    ) -> NDArray[np.uint64]:
        """Return rows whose record was said otherwise, or withdrawn, by a later delivery.

        Where records have versions, these say by themselves what ends what.
        """
        mine = np.isin(now, self._keys)
        events = events.filter(pa.array(mine))
        found = entries(events, self.naming | self._named(batch, events))
        held = self._held(np.unique(found["record"]))
        later = held[(held["layer"] >= self._layer) & (held["version"] == 0)]
        new = ~np.isin(found["content"], held["content"]) & (found["version"] == 0)
        since = np.concatenate([later["record"], self._gone_since])
        late: NDArray[np.uint64] = now[mine][new & np.isin(found["record"], since)]
        return late

    def _added(self, batch: Batch, again: Settled) -> Iterable[Availability]:
        """Return rules of availability that the snapshot did not have before."""
        rows = again.events.num_rows
        for item in batch.availability:
            if rows and (item.table, item.rule, item.code) not in self._rules:
                yield item.model_copy(update={"rows": min(item.rows, rows)})

    def _note(self, came: Mask, settled: Settled) -> None:
        self._released.append(self._pool.filter(pa.array(came)))
        kept = pa.array(~came)
        self._pool, self._keys = self._pool.filter(kept), self._keys[~came]
        mine = np.isin(row_keys(settled.quarantine), self._keys)
        self._why.update(settled.quarantine.filter(pa.array(mine))["reason"].to_pylist())


@dataclass(frozen=True)
class OntoRelease(Onto):
    """A snapshot into which quarantined rows are let in.

    Attributes:
        files: what the delivery was when the rows were set aside.
    """

    growth: Release
    files: tuple[SourceFile, ...]

    @property
    def takes_merges(self) -> bool:
        """Return that it does not: they were taken in when the rows were set aside."""
        return False

    def check(self, kind: str, origin: Origin, *, shards: int) -> None:
        """Check that a delivery is the one in which the rows were set aside.

        Raises:
            BadInput: another kind, system, time zone or number of shards.
            Refused: a file has other bytes.
        """
        super().check(kind, origin, shards=shards)
        if not same_files(origin, self.files):
            refusal = other_delivery()
            raise refusal

    def grown(self, newest: Snapshot, out: Path) -> Snapshot:
        """Return the manifest of all layers.

        Raises:
            Refused: no row was let in.
        """
        if not self.growth.released.num_rows:
            refusal = nothing_released()
            raise refusal
        return super().grown(newest, out)


def same_files(origin: Origin, files: Iterable[SourceFile]) -> bool:
    """Return whether a delivery consists of files that were read before, byte for byte."""
    known = {(file.name, file.digest) for file in files}
    return bool(origin.files) and {(file.name, file.digest) for file in origin.files} <= known


def other_delivery() -> Refused:
    """Return the refusal of files that are not those in which the rows were set aside."""
    return Refused(
        "these are not the files that the snapshot was read from: names or bytes differ",
        code="quarantine.delivery",
        hint="Give the folder in which the rows were set aside; another delivery is ingested with "
        "--append-to.",
    )


def nothing_released() -> Refused:
    """Return the refusal of a declaration that lets no row in."""
    return Refused(
        "no quarantined row would come in",
        code="quarantine.nothing",
        hint="See `attending quarantine ls` for what waits and why, and name its table or code.",
    )


def _only(batch: Batch, keys: NDArray[np.uint64]) -> Batch:
    """Return what a batch says of some rows."""
    events, gone = (
        table.filter(pa.array(np.isin(row_keys(table), keys)))
        for table in (batch.events, batch.gone)
    )
    return replace(
        batch,
        events=events,
        gone=gone,
        aside=ASIDE.empty_table(),
        duplicate=0,
        rejected={},
        availability=(),
    )


def _all_in(settled: Settled, *, rows: int) -> Settled:
    """Return the account of rows that all came in."""
    counted = {"rows_in": rows, "accepted": rows, "quarantined": 0, "rejected": 0, "duplicate": 0}
    return replace(
        settled,
        quarantine=QUARANTINE.empty_table(),
        quarantined=Counter(),
        account=settled.account.model_copy(update=counted),
    )
