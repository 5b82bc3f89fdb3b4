"""Quarantine: what was not let into snapshots, by table and reason: its state and its age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.digests import digest_file
from attending.errors import BadInput, IntegrityBroken, Refused, did_you_mean
from attending.ingest.quarantine import CLOSED, from_bytes, matched, of_delivery
from attending.lifecycle.ingesting import held, of_record
from attending.records.quarantine import QuarantineDismissal, QuarantineRelease
from attending.records.snapshot import Snapshot
from attending.times import HOUR, format_length, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held
    from attending.types import Instant

State: TypeAlias = Literal["waiting", "released", "dismissed"]
STATES: tuple[State, ...] = get_args(State)
#: In place of a snapshot's id: the one that was made last.
NEWEST = "newest"


@dataclass(frozen=True)
class Delivery:
    """One layer of a snapshot, and the rows that were set aside when it was delivered.

    Attributes:
        digest: of the snapshot that it is the newest layer of.
        layer: its place in the snapshot that was asked for, the base first.
        origins: its own digest, and those of all snapshots that were folded into it.
        since: when the first of them was delivered.
        rows: source, row, code and reason, and the state of each.
    """

    digest: str
    layer: int
    snapshot: Snapshot
    origins: frozenset[str]
    since: Instant
    rows: pa.Table

    def of(self, state: State) -> pa.Table:
        """Return the rows of one state, without saying which."""
        rows = self.rows.filter(pc.equal(self.rows["state"], state))
        return rows.drop_columns(["state"])


@dataclass(frozen=True)
class Waiting:
    """How many rows of one source table were set aside for one reason, and what became of them.

    Attributes:
        snapshot: of the delivery in which they were set aside.
        age_hours: how long they have waited; None when they wait no longer.
        again: whether an earlier delivery of the very same files set the same rows aside.
    """

    snapshot: str
    source: str
    reason: str
    state: State
    rows: int
    since: Instant
    age_hours: float | None
    again: bool = False


def waiting(desk: Desk, name: str = "") -> tuple[Waiting, ...]:
    """Return what was set aside in all layers of one snapshot, or in all: oldest snapshot first.

    Args:
        desk: where and when.
        name: the start of a snapshot's id, or `newest`; all that are here when empty.

    Raises:
        NotFound: no such snapshot.
        IntegrityBroken: a file of quarantined rows is not the one that was written.
    """
    named = "" if name == NEWEST else name
    found = deliveries(desk, held(desk, named)) if name else _everywhere(desk)
    seen: set[tuple[object, ...]] = set()
    told: list[Waiting] = []
    for one in found:
        files = (one.snapshot.kind_of_source, *((f.name, f.digest) for f in one.snapshot.files))
        told += _counted(desk, one, again=files in seen)
        seen.add(files)
    return tuple(told)


def _counted(desk: Desk, one: Delivery, *, again: bool) -> Iterable[Waiting]:
    names = ["source", "reason", "state"]
    counted = one.rows.group_by(names).aggregate([([], "count_all")])
    ordered = counted.sort_by([(name, "ascending") for name in names])
    age = round((to_micros(desk.at) - to_micros(one.since)) / HOUR, 2)
    for row in ordered.to_pylist():
        yield Waiting(
            snapshot=one.digest,
            source=row["source"],
            reason=row["reason"],
            state=row["state"],
            rows=row["count_all"],
            since=one.since,
            age_hours=age if row["state"] == "waiting" else None,
            again=again,
        )


def require_none_waits(found: Iterable[Waiting], *, longer_than: int) -> None:
    """Refuse rows that have waited too long, so that somebody is called.

    Args:
        found: what is quarantined.
        longer_than: microseconds.

    Raises:
        Refused: rows have waited longer; how many, and for which reasons.
    """
    late = [one for one in found if (one.age_hours or 0) * HOUR > longer_than]
    if late:
        reasons = ", ".join(sorted({one.reason for one in late}))
        raise Refused(
            f"{sum(one.rows for one in late)} rows have been quarantined for longer than "
            f"{format_length(longer_than)}: {reasons}",
            code="quarantine.overdue",
            hint="Let them in with `attending quarantine release`, or close them with `dismiss`.",
        )


def deliveries(desk: Desk, one: Held) -> tuple[Delivery, ...]:
    """Return every layer of a snapshot with what was set aside in it, the base first.

    Rows count as released when they are in this snapshot, not when they are in another.
    """
    chain = [*(desk.home.catalog.get(name, Snapshot) for name in one.snapshot.layers)]
    chain.append(one.snapshot)
    within = frozenset().union(*(_origins(desk, item) for item in chain))
    known = _Closed(desk, within=within)
    return tuple(known.delivery(item, layer) for layer, item in enumerate(chain))


def _everywhere(desk: Desk) -> list[Delivery]:
    """Return every delivery that is here, once: one that was folded into another is left out."""
    present = set(desk.home.snapshots.list())
    here = [one for one in desk.home.catalog.all(Snapshot) if one.digest in present]
    folded = frozenset().union(*(_origins(desk, one) - {one.digest} for one in here))
    known = _Closed(desk)
    return [known.delivery(one, 0) for one in here if one.digest not in folded]


def _origins(desk: Desk, one: Snapshot) -> frozenset[str]:
    """Return the digests of a snapshot and of all that was folded into it."""
    found = {one.digest}
    if one.compacted:
        top = desk.home.catalog.get(one.compacted, Snapshot)
        for below in (*(desk.home.catalog.get(name, Snapshot) for name in top.layers), top):
            found |= _origins(desk, below)
    return frozenset(found)


class _Closed:
    """Which quarantined rows no longer wait, as the records of a home say.

    Args:
        desk: where.
        within: only releases into one of these snapshots count; all when absent.
    """

    def __init__(self, desk: Desk, *, within: frozenset[str] | None = None) -> None:
        self._desk = desk
        self._made = {line.digest: line.made_at for line in desk.home.catalog.list(Snapshot.kind)}
        self._releases = [
            (one, from_bytes(desk.home.artifacts.read(one.rows)))
            for one in desk.home.catalog.all(QuarantineRelease)
            if within is None or one.after in within
        ]
        self._dismissed = [
            from_bytes(desk.home.artifacts.read(one.rows))
            for one in desk.home.catalog.all(QuarantineDismissal)
        ]

    def delivery(self, one: Snapshot, layer: int) -> Delivery:
        """Return a delivery with the state of every row that was set aside in it."""
        origins = _origins(self._desk, one)
        rows = rows_of(of_record(self._desk, one))
        # What was released before the layers were folded is no longer among the rows.
        released = [rows for made, rows in self._releases if made.after not in origins]
        state = np.full(rows.num_rows, "waiting", dtype=object)
        for word, tables in (("dismissed", self._dismissed), ("released", released)):
            gone = of_delivery(pa.concat_tables([CLOSED.empty_table(), *tables]), *origins)
            state[matched(rows, gone)] = word
        return Delivery(
            digest=one.digest,
            layer=layer,
            snapshot=one,
            origins=origins,
            since=min(self._made[name] for name in origins),
            rows=rows.append_column("state", pa.array(state, pa.string())),
        )


def released_by(desk: Desk, one: Held) -> dict[str, pa.Table]:
    """Return the rows that layers of a snapshot let out of quarantine, by layer."""
    layers = {*one.snapshot.layers, one.digest}
    return {
        made.after: from_bytes(desk.home.artifacts.read(made.rows))
        for made in desk.home.catalog.all(QuarantineRelease)
        if made.after in layers
    }


def rows_of(one: Held, *, reason: str = "", source: str = "") -> pa.Table:
    """Return the rows that one delivery set aside: source, row, code and reason, never a value.

    Args:
        one: the snapshot whose newest layer is the delivery.
        reason: only rows of this reason.
        source: only rows of this source table.

    Raises:
        IntegrityBroken: the file is not the one that was written.
    """
    kept = one.snapshot.quarantine
    path: Path = one.folder / kept.name
    if not path.is_file() or path.is_symlink() or digest_file(path) != kept.digest:
        raise IntegrityBroken(
            "the quarantined rows are not those that were written",
            code="quarantine.changed",
            hint="Run `attending fsck`, and restore the snapshot from a backup.",
            where=kept.name,
        )
    return only(pq.read_table(path), reason=reason, source=source)


def standing(
    desk: Desk, name: str = "", *, reason: str = "", source: str = "", state: str = ""
) -> pa.Table:
    """Return the rows that all layers of a snapshot set aside, each with its state.

    Raises:
        NotFound: no such snapshot.
        BadInput: no such state.
    """
    if state and state not in STATES:
        raise BadInput(
            f"got state '{state}'", code="quarantine.state", hint=did_you_mean(state, STATES)
        )
    tables = [one.rows for one in deliveries(desk, held(desk, name))]
    return only(pa.concat_tables(tables), reason=reason, source=source, state=state)


def only(rows: pa.Table, **wanted: str) -> pa.Table:
    """Return the rows whose columns say what is wanted; an empty word wants all."""
    for column, word in wanted.items():
        if word:
            rows = rows.filter(pc.equal(rows[column], word))
    return rows
