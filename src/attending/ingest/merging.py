"""Take in merges: which are new, which wait, and which rows they move, held ones among them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.digests import digest_file
from attending.engines.tables import instants, micros, whole_numbers
from attending.errors import Refused
from attending.ingest.batch import SAID_MERGES
from attending.ingest.merges import MERGES, NEVER, Owners, both_known
from attending.ingest.moved import PLACED
from attending.ingest.moving import SAID, SAID_OF, cut
from attending.ingest.rows import aside_table
from attending.ingest.shards import Instead, write_parquet
from attending.records.events import BIRTH, MERGED_BIRTH
from attending.records.snapshot import Merges, Moved

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from attending.ingest.batch import Batch
    from attending.ingest.onto import Onto
    from attending.ingest.shards import ShardWriter, Written
    from attending.types import Ints, Mask

_MERGES, _MOVED = "merges.parquet", "moved.parquet"
_WAITS = "unknown_patient"
#: What was said: when, of whom, whose it is then (None: its own), and whether it takes back.
_Row: TypeAlias = tuple[int, int, int | None, bool]


@dataclass
class Merging:
    """The merges of a delivery, beside those of the snapshot that it is appended to.

    Attributes:
        onto: the snapshot that grows.
        shifted: whether each patient's dates are moved; two records of one person have two offsets.
    """

    onto: Onto | None = None
    shifted: bool = False
    _waiting: list[Batch] = field(default_factory=list)
    _new: pa.Table = field(default_factory=MERGES.empty_table)
    _patients: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    _known: Mask = field(default_factory=lambda: np.empty(0, np.bool_))
    _in_force: int = 0
    _births_differ: int = 0

    def add(self, batch: Batch) -> None:
        """Note a table of merges; what becomes of its rows is known once all patients are."""
        if self.onto is None or self.onto.takes_merges:
            self._waiting.append(batch)

    @property
    def batches(self) -> Iterator[Batch]:
        """Iterate over the tables of merges, with rows set aside and said before taken out."""
        seen = {*_rows(self._held)}
        for batch in self._waiting:
            said = batch.merges if batch.merges is not None else SAID_MERGES.empty_table()
            yield _accounted(batch, said, seen=seen, waits=~both_known(said, self._patients))

    def resolve(self, writer: ShardWriter) -> Instead | None:
        """Return the rows that stand in place of appended ones, once the writer is closed.

        Held rows that are another's now are ended, and what follows on them is among the rows.

        Raises:
            Refused: merges run in a circle, or dates are shifted.
        """
        self._new = self._said_first()
        every = pa.concat_tables([self._held, self._new])
        if not every.num_rows:
            return None
        if self.shifted:
            raise Refused(
                "the source tells merged patients, and their dates move by two lengths",
                code="ingest.shift",
                hint="Have the source merge them, or leave out --shift-dates.",
                where="--shift-dates",
            )
        before = self.onto.patients if self.onto else np.empty(0, np.int64)
        self._patients = np.union1d(before, writer.subjects())
        Owners(every)  # what waits must not run in a circle either
        self._known = both_known(every, self._patients)
        was = Owners(self._held, both_known(self._held, before))
        owners = Owners(every, self._known)
        self._in_force = sum(owners.pieces(one)[-1].owner != one for one in owners.moved)
        return self._moved(writer, was, owners)

    def finish(self, written: Written, out: Path) -> dict[str, Merges | Moved | None]:
        """Return what the manifest says of merges, after writing their files."""
        moved = write_moved(written.moved, out)
        every = pa.concat_tables([self._held, self._new])
        if not every.num_rows:
            return {"merges": None, "moved": moved}
        held = self.onto.snapshot.merges if self.onto else None
        undone = np.asarray(every["undone"], np.bool_)
        differ = self._births_differ + (held.births_differ if held else 0)
        counts = {
            "merged": int((~undone).sum()),
            "undone": int(undone.sum()),
            "waiting": int((~self._known).sum()),
            "in_force": self._in_force,
            "births_differ": differ,
        }
        return {
            "merges": write_merges(self._new, out).model_copy(update=counts),
            "moved": moved,
        }

    @property
    def _held(self) -> pa.Table:
        return MERGES.empty_table() if self.onto is None else self.onto.rows.merges

    def _said_first(self) -> pa.Table:
        """Return what was not said before; that a record is not merged counts if it once was."""
        tables = [one.merges for one in self._waiting if one.merges is not None]
        said = pa.concat_tables([SAID_MERGES.empty_table(), *tables]).select(MERGES.names)
        linked = pa.concat_tables([self._held, said])
        linked = linked.filter(linked["kept"].is_valid())
        of_use = pc.or_(
            said["kept"].is_valid(), pc.is_in(said["gone"], value_set=pc.unique(linked["gone"]))
        )
        said = said.filter(of_use)
        seen = {*_rows(self._held)}
        first = []
        for row in _rows(said):
            first.append(row not in seen)
            seen.add(row)
        return said.filter(pa.array(first, pa.bool_()))

    def _moved(self, writer: ShardWriter, was: Owners, owners: Owners) -> Instead:
        fresh = _placed(writer.rows_of(_sorted(owners.everyone)))
        born = fresh.filter(pc.equal(fresh["code"], BIRTH))["subject_id"].unique().to_pylist()
        rows = [fresh]
        if self.onto is not None:
            # A birth that goes gives room to that of another record of the group.
            ended, every = self.onto.growth.ended(), _sorted(owners.everyone)
            born += self.onto.rows.born_at(ended, patients=every)
            touched = {owners.group(one) for one in (*owners.differ(was), *born)}
            members = _sorted(owners.members(touched))
            rows.append(self.onto.rows.of(members, ended=self.onto.growth.all_ended))
        table = pa.concat_tables(rows)
        done = cut(table, owners)
        ends = done.ends != NEVER
        held = np.asarray(table["layer"]) >= 0
        if self.onto is not None:
            self.onto.growth.end(table.filter(pa.array(held & ends)), done.ends[held & ends])
        self._births_differ = _births_that_differ(table, done.after)
        moved = _sorted(owners.moved)
        mine = ~held & np.isin(whole_numbers(table["subject_id"]), moved)
        kept = _ended(table.filter(pa.array(mine)).select(SAID.names), done.ends[mine])
        return Instead(moved, pa.concat_tables([kept, done.after]))


def write_merges(merges: pa.Table, out: Path) -> Merges:
    """Return the file of what was said, written in order; its counts are of that file alone."""
    table = merges.sort_by([(name, "ascending") for name in ("at", "gone", "kept", "undone")])
    write_parquet(table, out / _MERGES)
    undone = int(pc.sum(table["undone"].cast(pa.int64())).as_py() or 0)
    return Merges(
        name=_MERGES,
        digest=digest_file(out / _MERGES),
        rows=table.num_rows,
        merged=table.num_rows - undone,
        undone=undone,
        waiting=0,
        in_force=0,
        births_differ=0,
    )


def write_moved(moved: pa.Table, out: Path) -> Moved | None:
    """Return the file of rows that stand with another patient; None where there are none."""
    if not moved.num_rows:
        return None
    write_parquet(moved, out / _MOVED)
    return Moved(name=_MOVED, digest=digest_file(out / _MOVED), rows=moved.num_rows)


def _accounted(batch: Batch, said: pa.Table, *, seen: set[_Row], waits: Mask) -> Batch:
    """Return a table of merges whose rows are told apart: new, said before, or waiting.

    What is new is added to `seen`.
    """
    named: dict[tuple[str, str], set[str]] = {}
    places = zip(said["source"].to_pylist(), said["source_row"].to_pylist(), strict=True)
    for place, row, waiting in zip(places, _rows(said), waits.tolist(), strict=True):
        became = "again" if row in seen else "waits" if waiting else "new"
        seen.add(row)
        if place[1] is not None:
            named.setdefault(place, set()).add(became)
    aside = [place for place, became in named.items() if "waits" in became]
    again = [place for place, became in named.items() if became == {"again"}]
    return replace(
        batch,
        aside=pa.concat_tables([batch.aside, *(_aside(*place) for place in aside)]),
        duplicate=batch.duplicate + len(again),
    )


def _aside(source: str, name: str) -> pa.Table:
    nothing = pa.chunked_array([pa.nulls(1, pa.string())])
    row = pa.chunked_array([pa.nulls(1, pa.int64())])
    named = pa.chunked_array([[name]], pa.string())
    return aside_table(source, named=named, code=nothing, reason=_WAITS, row=row)


def _rows(merges: pa.Table) -> Iterator[_Row]:
    """Iterate over what was said, as values that can be compared."""
    columns = (merges[name].to_pylist() for name in ("gone", "kept", "undone"))
    at = micros(merges["at"], null=NEVER).tolist()
    yield from zip(at, *columns, strict=True)


def _placed(events: pa.Table) -> pa.Table:
    """Return appended events as `PLACED` says: they stand in no layer yet."""
    nowhere = np.full(events.num_rows, -1)
    columns = [*events.columns, events["subject_id"], *[pa.array(nowhere, pa.int32())] * 2]
    return pa.Table.from_arrays([*columns, pa.array(nowhere, pa.int64())], schema=PLACED)


def _ended(rows: pa.Table, ends: Ints) -> pa.Table:
    """Return appended rows with their ends; those that were never whose the source said are out."""
    there = ends > micros(rows["known_at"], null=NEVER)
    rows, ends = rows.filter(pa.array(there)), ends[there]
    until = np.minimum(micros(rows["superseded_at"], null=NEVER), ends)
    place = rows.schema.get_field_index("superseded_at")
    return rows.set_column(place, SAID.field(place), instants(until, null=NEVER))


def _births_that_differ(rows: pa.Table, after: pa.Table) -> int:
    """Return how many merged records have another birth than the record that was kept."""
    born = rows.filter(pc.equal(rows["code"], BIRTH)).to_pylist()
    own = {(one[SAID_OF], one["time"]) for one in born}
    merged = after.filter(pc.equal(after["code"], MERGED_BIRTH)).to_pylist()
    other = {(one["subject_id"], one[SAID_OF]) for one in merged
             if (one["subject_id"], one["time"]) not in own}  # fmt: skip
    return len(other)


def _sorted(patients: Iterable[int]) -> Ints:
    return np.array(sorted(patients), np.int64)
