"""The snapshot that a delivery is appended to, and the manifest of what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.digests import digest_file
from attending.engines.tables import whole_numbers
from attending.errors import BadInput
from attending.ingest.shards import write_parquet
from attending.records.snapshot import Ended, Snapshot, added_up

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from attending.ingest.batch import Origin
    from attending.ingest.grow import Growth
    from attending.ingest.moved import HeldRows
    from attending.types import Instant, Ints

_ENDED = "ended.parquet"


@dataclass(frozen=True)
class Onto:
    """A snapshot that grows.

    Attributes:
        snapshot: as it stands, with `layers` under it.
        growth: what it holds already.
        subjects: its patients, sorted, in as many arrays as there are files.
        delivered_at: when the delivery came.
        rows: the rows of all its layers, and what was said of merges.
    """

    snapshot: Snapshot
    growth: Growth
    subjects: Sequence[Ints]
    delivered_at: Instant
    rows: HeldRows

    @property
    def patients(self) -> Ints:
        """Return the patients of whom the source said anything, sorted."""
        moved = [whole_numbers(one["said_of"]) for one in self.rows.moved]
        return np.unique(np.concatenate([np.empty(0, np.int64), *self.subjects, *moved]))

    @property
    def takes_merges(self) -> bool:
        """Return whether what the delivery says of merges is taken in, too."""
        return True

    def check(self, kind: str, origin: Origin, *, shards: int) -> None:
        """Check that a delivery is of the same source.

        Raises:
            BadInput: another kind, system, time zone or number of shards, or a snapshot whose dates
                are shifted: what it says of its end would tell by how much.
        """
        held = self.snapshot
        if held.dates_shifted:
            raise BadInput(
                "a snapshot with shifted dates does not grow",
                code="ingest.shift",
                hint="Ingest the whole extract again with --shift-dates; offsets stay the same.",
                where="--append-to",
            )
        pairs = (
            ("source", held.kind_of_source, kind),
            ("source system", held.source_system, origin.system),
            ("time zone", held.time_zone, origin.time_zone),
            ("number of shards", str(len(held.shards)), str(shards)),
        )
        for what, was, now in pairs:
            if was != now:
                raise BadInput(
                    f"the delivery has {what} '{now}', the snapshot '{was}'",
                    code="ingest.append",
                    hint="Ingest it as a snapshot of its own: leave out --append-to.",
                )

    def grown(self, newest: Snapshot, out: Path) -> Snapshot:
        """Return the manifest of all layers, after writing the list of ended rows."""
        ended = self.growth.ended()
        write_parquet(ended, out / _ENDED)
        held = self.snapshot
        return newest.model_copy(
            update={
                "layers": (*held.layers, held.digest),
                "ended": Ended(name=_ENDED, digest=digest_file(out / _ENDED), rows=ended.num_rows),
                "delivered_at": self.delivered_at,
                "rows": held.rows + newest.rows,
                "subjects": held.subjects + self._new_subjects(newest, out),
                "first_time": _earlier(held.first_time, newest.first_time),
                "last_time": _later(held.last_time, newest.last_time),
                "watermark": _later(held.watermark, newest.watermark),
                "availability": added_up((*held.availability, *newest.availability)),
                "naming": dict(sorted((held.naming | newest.naming).items())),
                "site_zones": held.site_zones | newest.site_zones,
                "contract_digest": newest.contract_digest or held.contract_digest,
            }
        )

    def _new_subjects(self, newest: Snapshot, out: Path) -> int:
        count = 0
        for shard in newest.shards:
            column = pq.read_table(out / shard.name, columns=["subject_id"])["subject_id"]
            here = np.asarray(pc.unique(column))
            for known in self.subjects:
                here = here[~np.isin(here, known)]
            count += len(here)
        return count


def _earlier(one: Instant | None, other: Instant | None) -> Instant | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _later(one: Instant | None, other: Instant | None) -> Instant | None:
    return max((at for at in (one, other) if at is not None), default=None)
