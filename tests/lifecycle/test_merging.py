"""Two records of one person: merged, taken apart, over deliveries; held against a naive oracle."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attending.engines.local import LocalEngine
from attending.errors import Refused
from attending.ingest import shards
from attending.ingest.pseudonyms import Pseudonyms
from attending.ingest.shards import sorted_events
from attending.lifecycle import growing, ingesting, snapshots
from attending.lifecycle.desk import create_home
from attending.records.events import BIRTH, MERGED_BIRTH, plain
from attending.times import format_instant, to_micros

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held

FACTS = ("id", "patient", "stay", "code", "value", "time", "known")
START = datetime(2026, 1, 1, tzinfo=UTC)
MAPPING = """
system: two-records
version: "1"
time_zone: UTC
synthetic: true
tables:
  - name: facts
    file: facts.csv
    row_id: [id]
    subject: patient
    encounter: stay
    known_at: {rule: recorded, columns: [known]}
    events:
      - code: ["{code}"]
        time: {columns: [time]}
        value: value
        where: [{column: time, besides: [static]}]
      - {code: ["{code}"], static: true, value: value, where: [{column: time, among: [static]}]}
merges:
  - file: merges.csv
    gone: from
    kept: into
    at: {columns: [when]}
    undone: {column: what, among: [undone]}
"""


def day(number: float) -> datetime:
    return START + timedelta(days=number)


class Fact(NamedTuple):
    """A row of the source."""

    id: str
    patient: str
    code: str
    value: float
    known: float  # days
    time: float | None = 0

    def cells(self) -> list[str]:
        time = "static" if self.time is None else format_instant(day(self.time))
        known = format_instant(day(self.known))
        stay = f"stay-{self.patient}"
        return [self.id, self.patient, stay, self.code, str(self.value), time, known]


class Said(NamedTuple):
    """A merge or an unmerge."""

    gone: str
    kept: str
    at: float
    undone: bool = False

    def cells(self) -> list[str]:
        what = "undone" if self.undone else "merged"
        return [self.gone, self.kept, format_instant(day(self.at)), what]


@dataclass
class Place:
    """A home and what was delivered to it so far."""

    folder: Path
    desk: Desk
    newest: Held | None = None
    count: int = 0
    names: dict[str, int] = field(default_factory=dict)

    def deliver(self, facts=(), merges=(), *, at: float):
        self.count += 1
        folder = self.folder / f"delivery-{self.count}"
        folder.mkdir()
        _write(folder / "facts.csv", FACTS, facts)
        _write(folder / "merges.csv", ["from", "into", "when", "what"], merges)
        mapping = self.folder / "mapping.yaml"
        mapping.write_text(MAPPING)
        desk = replace(self.desk, at=day(at))
        if self.newest is None:
            made = ingesting.ingest(desk, "mapped", folder, mapping=mapping, shards=2)
        else:
            made = growing.append(desk, "mapped", folder, mapping=mapping, onto=self.held.digest)
        assert made.snapshot.account.balanced
        self.newest = made
        return made

    @property
    def held(self) -> Held:
        """Return the newest snapshot."""
        assert self.newest is not None
        return self.newest

    def number(self, patient: str) -> int:
        if patient not in self.names:
            keys = Pseudonyms(self.desk.home.pseudonym_key())
            self.names[patient] = keys.subject(pa.array([patient]))[0].as_py()
        return self.names[patient]

    def events(self, held=None) -> pa.Table:
        return sorted_events(LocalEngine((held or self.held).shards, threads=1).map(plain))

    def visible(self, at: float, rows: list[dict] | None = None) -> list[tuple]:
        """Return whose each fact is that is visible at an instant."""
        when = to_micros(day(at))
        found = []
        for row in self.events().to_pylist() if rows is None else rows:
            known, until = _micros(row["known_at"]), _micros(row["superseded_at"])
            if known <= when and (until is None or until > when):
                value = row["numeric_value"]
                found.append((row["subject_id"], row["source_row"], row["code"], value))
        return sorted(found)

    def export(self, name: str, at: float, held=None) -> dict[str, bytes]:
        folder = self.folder / name
        digest = (held or self.held).digest
        snapshots.export(self.desk, folder, snapshot=digest, at=day(at))
        return {path.name: path.read_bytes() for path in folder.iterdir()}


def _write(path, header, rows):
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(row.cells() for row in rows)


def _micros(at):
    return None if at is None else to_micros(at.replace(tzinfo=UTC))


@pytest.fixture
def place(tmp_path):
    desk = create_home(tmp_path / "home", at=day(0), seed=7)
    yield Place(tmp_path, desk)
    desk.home.close()


class Oracle:
    """What is visible, worked out by walking through all that was said."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.facts: list[tuple[Fact, float | None]] = []
        self.merges: list[Said] = []

    def add(self, facts, merges) -> None:
        for fact in facts:
            same = [at for at, (old, _) in enumerate(self.facts) if old.id == fact.id]
            if same:
                last = self.facts[same[-1]][0]
                if last._replace(known=0) == fact._replace(known=0):
                    continue
                self.facts[same[-1]] = (last, fact.known)
            self.facts.append((fact, None))
        self.merges += merges

    def links(self, at: float, *, waiting: bool = False) -> dict[str, str]:
        there = {fact.patient for fact, _ in self.facts}
        links: dict[str, str] = {}
        for one in sorted(
            self.merges, key=lambda m: (m.at, m.undone, *map(self.place.number, m[:2]))
        ):
            if one.at > at or not (waiting or {one.gone, one.kept} <= there):
                continue
            if not one.undone:
                links[one.gone] = one.kept
            elif links.get(one.gone) == one.kept:
                del links[one.gone]
        return links

    def circle(self) -> bool:
        for at in {one.at for one in self.merges}:
            for links in (self.links(at), self.links(at, waiting=True)):
                for start in links:
                    one, steps = start, 0
                    while one in links and steps <= len(links):
                        one, steps = links[one], steps + 1
                    if steps > len(links):
                        return True
        return False

    def visible(self, at: float) -> list[tuple]:
        links, born, found = self.links(at), defaultdict(set), []
        for fact, until in self.facts:
            if fact.known <= at and (until is None or until > at):
                owner = fact.patient
                while owner in links:
                    owner = links[owner]
                if fact.code == BIRTH:
                    born[owner].add(fact.patient)
                found.append((fact, owner))
        number = self.place.number
        first = {
            owner: owner if owner in some else min(some, key=number) for owner, some in born.items()
        }
        return sorted(
            (
                number(owner),
                fact.id,
                MERGED_BIRTH if fact.code == BIRTH and first[owner] != fact.patient else fact.code,
                fact.value,
            )
            for fact, owner in found
        )


PATIENTS = "ABCD"
DAYS = st.integers(1, 12)


@st.composite
def deliveries(draw):
    """Draw deliveries: new rows, rows again, corrections, merges and unmerges of four patients."""
    made: list[tuple[list[Fact], list[Said]]] = []
    last: dict[str, Fact] = {}
    for _ in range(draw(st.integers(1, 4))):
        facts = {}
        for number in draw(st.lists(st.integers(0, 9), max_size=8)):
            name = f"r{number}"
            if name in facts:
                continue
            if name in last and draw(st.booleans()):
                facts[name] = last[name]  # said again, word for word
                continue
            known = draw(DAYS)
            if name in last:
                old = last[name]  # corrected later: another value, or another patient
                known = old.known + draw(st.integers(1, 3))
                changed = {"value": old.value + 1, "patient": draw(st.sampled_from(PATIENTS))}
                facts[name] = old._replace(known=known, **changed)
            else:
                kind = draw(st.sampled_from([("LAB", 0), ("SEX", None), (BIRTH, 0)]))
                patient = draw(st.sampled_from(PATIENTS))
                facts[name] = Fact(name, patient, kind[0], 1.0, known, kind[1])
        last |= facts
        pair = st.tuples(st.sampled_from(PATIENTS), st.sampled_from(PATIENTS))
        merges = [
            Said(gone, kept, draw(DAYS), undone)
            for gone, kept in draw(st.lists(pair, max_size=3))
            if gone != kept
            for undone in [draw(st.booleans())]
        ]
        made.append((list(facts.values()), merges))
    return made


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(deliveries(), st.booleans())
def test_what_is_visible_at_any_instant_is_what_walking_through_all_that_was_said_gives(
    made, folded
):
    folder = Path(tempfile.mkdtemp())
    desk = create_home(folder / "home", at=day(0), seed=7)
    try:
        place = Place(folder, desk)
        oracle = Oracle(place)
        for number, (facts, merges) in enumerate(made):
            oracle.add(facts, merges)
            if oracle.circle():
                with pytest.raises(Refused) as refused:
                    place.deliver(facts, merges, at=40 + number)
                assert refused.value.code == "ingest.merge_cycle"
                return
            place.deliver(facts, merges, at=40 + number)
            if folded and place.held.under:
                place.newest = snapshots.compact(desk, place.held.digest)
            rows = place.events().to_pylist()
            for at in (*range(1, 17), *range(39, 45)):
                assert place.visible(at, rows) == oracle.visible(at)
    finally:
        desk.home.close()
        shutil.rmtree(folder)


BASE = (
    Fact("b-a", "A", BIRTH, 0, 1),
    Fact("b-b", "B", BIRTH, 0, 1, 3),
    Fact("sex-b", "B", "SEX//F", 0, 1, None),
    Fact("lab-a", "A", "LAB", 4.5, 2),
    Fact("lab-b", "B", "LAB", 9.5, 3),
)


def said_of(place, seen):
    """Return whose rows are, by the names of patients in place of pseudonyms."""
    names = {place.number(one): one for one in "ABCD"}
    return {(names[who], row, code) for who, row, code, _ in seen}


def test_a_merge_ends_rows_and_adds_the_same_under_the_record_that_was_kept(place):
    place.deliver(BASE, [Said("B", "A", 10)], at=20)
    ended = [row for row in place.events().to_pylist() if row["superseded_at"]]
    after = [
        row for row in place.events().to_pylist() if row["known_at"] == day(10).replace(tzinfo=None)
    ]
    assert {row["subject_id"] for row in ended} == {place.number("B")}
    assert {row["superseded_at"] for row in ended} == {day(10).replace(tzinfo=None)}
    assert {row["subject_id"] for row in after} == {place.number("A")}
    for name in ("time", "numeric_value", "encounter_id", "source", "source_row"):
        assert sorted(str(row[name]) for row in ended) == sorted(str(row[name]) for row in after)
    # One birth: the kept record has its own, the other is told by a code of its own and counted.
    codes = [code for _, _, code, _ in place.visible(11)]
    assert codes.count(BIRTH) == codes.count(MERGED_BIRTH) == 1
    merges = place.held.snapshot.merges
    assert (merges.merged, merges.in_force, merges.births_differ) == (1, 1, 1)


def test_before_the_merge_both_histories_are_to_the_byte_what_they_were(place, tmp_path):
    place.deliver(BASE, at=5)
    was = {at: place.export(f"was-{at}", at) for at in (3, 9.5, 12)}
    place.deliver([Fact("late-b", "B", "LAB", 1, 8)], at=9)
    middle = place.export("middle", 9.5)
    place.deliver([], [Said("B", "A", 10)], at=20)
    assert place.export("seen-3", 3) == was[3]
    assert place.export("seen-9.5", 9.5) == middle != was[9.5]
    # Folded, where the times of delivery are gone, the clocks of the rows alone say the same.
    place.newest = snapshots.compact(place.desk, place.held.digest)
    assert place.export("folded-3", 3) == was[3]
    assert place.export("folded-9.5", 9.5) == middle
    assert place.export("folded-12", 12) != was[12]


def test_a_late_merge_finds_rows_in_the_base_and_in_every_layer_and_an_unmerge_restores(place):
    place.deliver(BASE, at=4)
    place.deliver([Fact("more-b", "B", "LAB", 7, 5)], at=6)
    before = place.visible(9)
    merged = place.deliver([], [Said("B", "A", 10)], at=11)
    assert {who for who, *_ in place.visible(10)} == {place.number("A")}
    assert place.visible(9) == before
    assert merged.snapshot.account.events == 0
    assert sum(one.rows for one in merged.snapshot.shards) == 4  # as many as B had, and no more
    # What comes for B while it is A's stands with A, and is B's again afterwards.
    place.deliver([Fact("then-b", "B", "LAB", 6, 12)], at=13)
    assert (place.number("A"), "then-b", "LAB", 6.0) in place.visible(12)
    place.deliver([], [Said("B", "A", 15, undone=True)], at=16)
    then = (place.number("B"), "then-b", "LAB", 6.0)
    assert place.visible(15) == sorted([*before, then])
    assert place.visible(14) != place.visible(15)
    assert place.held.snapshot.merges.in_force == 0


def test_a_chain_ends_with_the_last_record_that_was_kept(place):
    place.deliver([*BASE, Fact("lab-c", "C", "LAB", 2, 2)], [Said("C", "B", 5)], at=6)
    assert ("B", "lab-c", "LAB") in said_of(place, place.visible(6))
    place.deliver([], [Said("B", "A", 8)], at=9)
    assert {who for who, *_ in said_of(place, place.visible(8))} == {"A"}
    place.deliver([], [Said("B", "A", 12, undone=True)], at=13)
    seen = said_of(place, place.visible(12))
    assert {("B", "lab-c", "LAB"), ("B", "lab-b", "LAB"), ("A", "lab-a", "LAB")} <= seen


def test_what_is_said_again_changes_nothing_and_is_counted_as_duplicate(place):
    place.deliver(BASE, [Said("B", "A", 10)], at=11)
    once = place.events()
    again = place.deliver(BASE, [Said("B", "A", 10), Said("B", "A", 10)], at=12)
    assert place.events().equals(once)
    table = next(one for one in again.snapshot.account.tables if one.table == "merges")
    assert (table.rows_in, table.duplicate, table.accepted) == (2, 2, 0)
    assert again.snapshot.merges.rows == 0
    assert again.snapshot.merges.merged == 1


def test_a_merge_of_a_patient_nobody_knows_waits_and_is_done_when_he_comes(place):
    first = place.deliver(BASE, [Said("B", "D", 10)], at=11)
    account = first.snapshot.account
    assert account.quarantined_by_reason == {"unknown_patient": 1}
    assert first.snapshot.merges.waiting == 1
    assert first.snapshot.moved is None
    assert ("B", "lab-b", "LAB") in said_of(place, place.visible(11))
    place.deliver([Fact("lab-d", "D", "LAB", 1, 12)], at=13)
    assert ("D", "lab-b", "LAB") in said_of(place, place.visible(12))
    assert place.held.snapshot.merges.waiting == 0


@pytest.mark.parametrize(
    "circle",
    [
        [Said("B", "A", 10), Said("A", "B", 11)],
        [Said("B", "A", 10), Said("A", "C", 10), Said("C", "B", 12)],
        [Said("A", "A", 10)],
    ],
)
def test_merges_in_a_circle_refuse_the_delivery_and_nothing_of_it_is_kept(place, circle):
    first = place.deliver([*BASE, Fact("lab-c", "C", "LAB", 2, 2)], at=9)
    with pytest.raises(Refused) as refused:
        place.deliver([], circle, at=20)
    assert refused.value.code == "ingest.merge_cycle"
    assert [one.digest for one in ingesting.snapshots(place.desk)] == [first.digest]
    # One after the other is no circle.
    turned = [Said("B", "A", 10), Said("B", "A", 11, undone=True), Said("A", "B", 12)]
    place.deliver([], turned, at=21)
    assert {who for who, *_ in said_of(place, place.visible(13))} == {"B", "C"}


def test_a_correction_of_a_row_that_was_moved_ends_it_wherever_it_stands(place):
    place.deliver(BASE, [Said("B", "A", 10)], at=11)
    place.deliver([Fact("lab-b", "B", "LAB", 1.5, 14)], at=15)
    values = {at: [v for _, row, _, v in place.visible(at) if row == "lab-b"] for at in (9, 12, 14)}
    assert values == {9: [9.5], 12: [9.5], 14: [1.5]}
    # Named under the other record, it is a correction too, and stands once.
    place.deliver([Fact("lab-b", "A", "LAB", 1.5, 16)], at=17)
    assert [who for who, row, _, _ in place.visible(20) if row == "lab-b"] == [place.number("A")]


def test_a_correction_known_before_the_merge_and_delivered_after_it_ends_both_parts(place):
    place.deliver(BASE, [Said("B", "A", 10)], at=11)
    place.deliver([Fact("lab-b", "B", "LAB", 1.5, 8)], at=15)
    seen = {
        at: [(who, v) for who, row, _, v in place.visible(at) if row == "lab-b"]
        for at in (7, 9, 12)
    }
    b, a = place.number("B"), place.number("A")
    assert seen == {7: [(b, 9.5)], 9: [(b, 1.5)], 12: [(a, 1.5)]}


def test_when_the_kept_record_loses_its_birth_that_of_the_merged_one_counts(place):
    place.deliver(BASE, [Said("B", "A", 10)], at=11)
    place.deliver([Fact("b-a", "D", BIRTH, 0, 14)], at=15)
    births = {at: said_of(place, place.visible(at)) for at in (13, 14)}
    assert {("A", "b-a", BIRTH), ("A", "b-b", MERGED_BIRTH)} <= births[13]
    assert {("D", "b-a", BIRTH), ("A", "b-b", BIRTH)} <= births[14]


def test_a_merge_reads_the_rows_of_its_patients_and_no_others(place, monkeypatch):
    monkeypatch.setattr(shards, "ROW_GROUP_ROWS", 4)
    many = [Fact(f"r-{one}", f"P{one // 4}", "LAB", one, 1) for one in range(400)]
    place.deliver(many, at=2)
    place.deliver([Fact("more", "P7", "LAB", 1, 2)], at=3)
    read = []
    plain_read = pq.ParquetFile.read_row_group

    def counted(file, group, **asked):
        read.append(group)
        return plain_read(file, group, **asked)

    place.deliver([], [], at=4)  # the index of the layers is made once, here
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    place.deliver([], [Said("P7", "P8", 5)], at=6)
    merged = {(who, row) for who, row, _, _ in place.visible(6)}
    assert (place.number("P8"), "more") in merged
    assert 0 < len(read) < 12  # of a hundred and one


def test_a_snapshot_tells_of_merges_and_two_are_told_apart_by_them(place):
    first = place.deliver(BASE, at=4)
    second = place.deliver([], [Said("B", "A", 10), Said("B", "A", 12, undone=True)], at=13)
    told = snapshots.merge_diff(place.desk, first.digest, second.digest)
    assert (told.merges_only_in_the_second, told.unmerges_only_in_the_second) == (1, 1)
    assert told.merges_only_in_the_first == told.unmerges_only_in_the_first == 0
    same = snapshots.merge_diff(place.desk, second.digest, second.digest)
    assert not any(vars(same).values())
    # No id of the source, and no pseudonym, stands in what the snapshot says of itself.
    said = second.snapshot.as_bytes().decode()
    assert str(place.number("B")) not in said
    assert place.desk.home.snapshots.verify(second.digest) == 6
