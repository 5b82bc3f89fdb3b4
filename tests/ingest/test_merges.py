"""Sources that say which records are one person's: FHIR links, a mapped table, a hospital's."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attending.errors import BadInput, NotFound, Refused
from attending.ingest.build import build_snapshot
from attending.ingest.mapped import mapped_source
from attending.ingest.merges import ALWAYS, MERGES, Owners, both_known
from attending.ingest.moving import SAID, cut
from attending.ingest.pseudonyms import Pseudonyms
from attending.records.events import BIRTH, MERGED_BIRTH
from attending.specs.mapping import MappingSpec
from attending.specs.read_yaml import parse_spec
from tests.ingest.handmade import KEY
from tests.ingest.test_fhir import CONDITION, LAB, PATIENT, STAY

UPDATED = "2023-03-01T00:00:00Z"


def said(*rows):
    """Return merges: (gone, kept, at) or (gone, kept, at, True) for an unmerge."""
    full = [(*row, False) if len(row) == 3 else row for row in rows]
    columns = [[one[place] for one in full] for place in range(4)]
    columns[2] = pa.array(columns[2], pa.timestamp("us"))
    return pa.table(columns, schema=MERGES)


def whose(owners, subject):
    return [(piece.start, piece.owner) for piece in owners.pieces(subject)]


def test_the_last_word_until_an_instant_holds_then():
    owners = Owners(said((3, 2, 5), (2, 1, 7), (3, 2, 9, True), (3, 4, 11)))
    assert whose(owners, 3) == [(ALWAYS, 3), (5, 2), (7, 1), (9, 3), (11, 4)]
    assert whose(owners, 2) == [(ALWAYS, 2), (7, 1)]
    assert whose(owners, 1) == [(ALWAYS, 1)]
    assert owners.group(3) == owners.group(4) != owners.group(9)


def test_an_unmerge_takes_back_the_merge_that_it_names_and_no_other():
    merged = (2, 1, 5)
    assert whose(Owners(said(merged, (2, 4, 8, True))), 2) == [(ALWAYS, 2), (5, 1)]
    assert whose(Owners(said(merged, (2, None, 8, True))), 2) == [(ALWAYS, 2), (5, 1), (8, 2)]
    # At one instant it comes last, whatever the order of the rows.
    both = [said(merged, (2, 1, 5, True)), said((2, 1, 5, True), merged)]
    assert [whose(Owners(one), 2) for one in both] == [[(ALWAYS, 2)]] * 2


def test_merges_in_a_circle_are_refused_at_the_instant_at_which_they_close():
    Owners(said((2, 1, 5), (2, 1, 6, True), (1, 2, 7)))
    with pytest.raises(Refused) as refused:
        Owners(said((2, 1, 5), (3, 2, 6), (1, 3, 7)))
    assert refused.value.code == "ingest.merge_cycle"


def test_a_merge_counts_when_both_patients_are_known():
    merges = said((2, 1, 5), (2, 9, 5), (9, 1, 5), (2, None, 6, True))
    assert both_known(merges, np.array([1, 2])).tolist() == [True, False, False, True]
    assert not both_known(merges, np.array([], np.int64)).any()


def rows(*given):
    """Return rows as `SAID` says: (patient, said of, code, known, superseded)."""
    names = ("subject_id", "said_of", "code", "known_at", "superseded_at")
    made = [dict(zip(names, one, strict=True)) | {"source": "s"} for one in given]
    return pa.Table.from_pylist(made, schema=SAID)


def test_a_row_is_cut_where_its_owner_changes_and_one_that_ended_before_is_left():
    table = rows(
        (2, 2, "LAB", 3, None), (2, 2, "LAB", 1, 4), (2, 2, "LAB", 6, 9), (1, 1, "X", 1, 9)
    )
    done = cut(table, Owners(said((2, 1, 5), (2, 1, 8, True))))
    never = np.iinfo(np.int64).max
    assert done.ends.tolist() == [5, never, 6, never]
    spans = [
        (one["subject_id"], one["known_at"].microsecond, one["superseded_at"])
        for one in done.after.to_pylist()
    ]
    until = [(who, at, end and end.microsecond) for who, at, end in spans]
    assert sorted(until, key=str) == [(1, 5, 8), (1, 6, 8), (2, 8, 9), (2, 8, None)]


def test_a_birth_that_came_with_a_merge_gives_way_while_the_kept_record_has_its_own():
    table = rows((1, 1, BIRTH, 6, 9), (2, 2, BIRTH, 1, None), (3, 3, BIRTH, 1, None))
    done = cut(table, Owners(said((2, 1, 5), (3, 1, 5))))
    made = [
        (one["said_of"], one["code"], one["known_at"].microsecond) for one in done.after.to_pylist()
    ]
    expected = [(2, BIRTH, 5), (2, MERGED_BIRTH, 6), (2, BIRTH, 9), (3, MERGED_BIRTH, 5)]
    assert sorted(made) == sorted(expected)


def patient(name: str, *links: tuple[str, str], **more: Any) -> dict[str, Any]:
    linked = [{"type": kind, "other": {"reference": f"Patient/{to}"}} for kind, to in links]
    return {**PATIENT, "id": name, "meta": {"lastUpdated": UPDATED}, "link": linked, **more}


def fhir(folder, *people):
    """Ingest patients, a stay and a result of the first; return what the snapshot says."""
    folder.mkdir()
    kinds = {"Patient": people, "Encounter": [STAY], "Observation": [LAB], "Condition": [CONDITION]}
    for kind, items in kinds.items():
        lines = "".join(json.dumps(item) + "\n" for item in items)
        (folder / f"{kind}.ndjson").write_text(lines)
    out = folder / "out"
    out.mkdir()
    made = build_snapshot("fhir", folder, key=KEY, out=out)
    assert made.account.balanced
    return made, pa.concat_tables([pq.read_table(out / one.name) for one in made.shards])


def owner(events, code, *, now=True):
    """Return of which patient rows of a code are that count now, or that did once."""
    chosen = [one for one in events.to_pylist() if one["code"] == code]
    return {one["subject_id"] for one in chosen if (one["superseded_at"] is None) == now}


def number(name):
    return Pseudonyms(KEY).subject(pa.array([name]))[0].as_py()


@pytest.mark.parametrize(
    "people",
    [
        (patient("p", ("replaced-by", "q"), active=False), patient("q")),
        (patient("p", active=False), patient("q", ("replaces", "p"))),
        (patient("p", ("replaced-by", "q"), active=False), patient("q", ("replaces", "p"))),
    ],
)
def test_a_link_says_from_either_side_that_a_patient_is_another_since_it_was_touched(
    people, tmp_path
):
    made, events = fhir(tmp_path / "in", *people)
    lab = "LOINC//2160-0"
    assert owner(events, lab) == {number("q")}
    assert owner(events, lab, now=False) == {number("p")}
    (moved,) = (
        one for one in events.to_pylist() if one["code"] == lab and one["subject_id"] == number("q")
    )
    assert moved["known_at"] == datetime(2023, 3, 1)  # noqa: DTZ001 - arrow holds UTC without a zone
    table = next(one for one in made.account.tables if one.table == "Patient.link")
    assert table.rows_in == sum(len(one["link"]) for one in people)
    assert made.merges.in_force == 1


def test_links_that_merge_nothing_or_say_not_when_move_nothing(tmp_path):
    people = [patient("p", ("seealso", "q"), ("refer", "q")), patient("q")]
    made, events = fhir(tmp_path / "see", *people)
    assert made.merges is None
    assert owner(events, "LOINC//2160-0") == {number("p")}
    timeless = patient("p", ("replaced-by", "q"), meta={}, active=False)
    made, events = fhir(tmp_path / "when", timeless, patient("q"))
    assert made.account.quarantined_by_reason == {"no_known_at": 1}
    assert owner(events, "LOINC//2160-0") == {number("p")}
    stranger = patient("p", ("replaced-by", "nobody"), active=False)
    made, events = fhir(tmp_path / "who", stranger, patient("q"))
    assert made.account.quarantined_by_reason == {"unknown_patient": 1}
    assert made.merges.waiting == 1
    odd = patient("p", active=False) | {"link": ["not a link"]}
    made, _ = fhir(tmp_path / "odd", odd, patient("q"))
    assert made.account.rejected_by_reason["odd_line"] == 1


MAPPING = """
system: lab
version: "1"
time_zone: Europe/Berlin
tables:
  - name: results
    file: labs.csv
    row_id: [row]
    subject: patient
    known_at: {rule: recorded, columns: [stored]}
    events:
      - {code: ["LAB//{test}"], time: {columns: [stored]}}
merges:
  - file: merges.csv
    gone: old
    kept: new
    at: {columns: [told]}
    undone_at: {columns: [taken_back]}
"""
LABS = "row,patient,test,stored\n1,p,GLU,2026-03-01 10:00\n2,q,CRE,2026-03-01 10:00\n"
HEADER = "old,new,told,taken_back\n"


def spec(text=MAPPING):
    return parse_spec(text.encode(), MappingSpec, name="mapping.yaml")


def mapped(folder, merges, text=MAPPING):
    folder.mkdir(exist_ok=True)
    (folder / "labs.csv").write_text(LABS)
    if merges is not None:
        (folder / "merges.csv").write_text(HEADER + merges)
    out = folder / "out"
    out.mkdir()
    made = build_snapshot("mapped", folder, key=KEY, out=out, source=mapped_source(spec(text)))
    assert made.account.balanced
    return made, pa.concat_tables([pq.read_table(out / one.name) for one in made.shards])


def test_a_mapped_table_of_merges_is_read_in_the_sources_own_time(tmp_path):
    made, events = mapped(tmp_path / "in", "p,q,2026-04-01 00:00,2026-05-01\n")
    table = next(one for one in made.account.tables if one.table == "merges")
    assert (table.rows_in, table.accepted, table.events) == (1, 1, 0)
    (copy,) = (
        one
        for one in events.to_pylist()
        if one["code"] == "LAB//GLU" and one["subject_id"] == number("q")
    )
    assert copy["known_at"] == datetime(2026, 3, 31, 22)  # noqa: DTZ001 - arrow holds UTC
    # A date without a time of day is known by its end.
    assert copy["superseded_at"].isoformat() == "2026-05-01T21:59:59.999999"
    assert owner(events, "LAB//GLU") == {number("p")}
    assert "merges.csv" in [one.name for one in made.files]


@pytest.mark.parametrize(
    ("merges", "reasons"),
    [
        ("p,q,,\n", {"no_known_at": 1}),
        ("p,q,soon,\n", {"no_known_at": 1}),
        ("p,q,2026-04-01 00:00,soon\n", {"no_known_at": 1}),
        (",q,2026-04-01 00:00,\n", {"unknown_patient": 1}),
        ("p,NULL,2026-04-01 00:00,\n", {"unknown_patient": 1}),
        ("p,stranger,2026-04-01 00:00,\n", {"unknown_patient": 1}),
        ("p,q,1750-04-01 00:00,\n", {"impossible_time": 1}),
        ("p,q,2026-04-01 00:00,2026-03-01 00:00\n", {"impossible_time": 1}),
        ("p,q,2026-03-29 02:30,\n", {"no_known_at": 1}),
    ],
)
def test_a_row_that_says_not_who_or_when_is_set_aside_and_moves_nothing(merges, reasons, tmp_path):
    made, events = mapped(tmp_path / "in", merges)
    assert made.account.quarantined_by_reason == reasons
    assert made.moved is None
    assert owner(events, "LAB//GLU") == {number("p")}
    # What is kept of the row is its place, never an id.
    aside = pq.read_table(tmp_path / "in" / "out" / made.quarantine.name)
    assert aside["source_row"].to_pylist() == ["0"]


def test_a_table_of_merges_that_is_not_there_or_lacks_a_column_is_refused(tmp_path):
    with pytest.raises(NotFound):
        mapped(tmp_path / "none", None)
    with pytest.raises(BadInput) as refused:
        mapped(tmp_path / "other", "", MAPPING.replace("gone: old", "gone: elder"))
    assert "elder" in str(refused.value)
    with pytest.raises(Refused) as circle:
        mapped(tmp_path / "circle", "p,q,2026-04-01 00:00,\nq,p,2026-04-02 00:00,\n")
    assert circle.value.code == "ingest.merge_cycle"


@pytest.mark.parametrize(
    ("was", "now", "said_of_it"),
    [
        ("kept: new", "kept: old", "one column"),
        ("at: {columns: [told]}", "at: {clock: {order_by: told, step: 1d}}", "not 'clock'"),
        ("    gone: old\n", "", "gone"),
        ("file: merges.csv", "file: ../merges.csv", "inside the source's folder"),
        ("file: merges.csv", "file: merges.csv\n    name: results", "two tables have one name"),
        (
            "undone_at: {columns: [taken_back]}",
            "undone_at: {columns: [taken_back]}\n    undone: {column: told, among: [x]}",
            "not both",
        ),
        ("gone: old", "gone: old\n    sure: yes", "sure"),
    ],
)
def test_a_mapping_of_merges_that_cannot_be_meant_is_refused(was, now, said_of_it):
    assert was in MAPPING
    with pytest.raises(BadInput) as refused:
        spec(MAPPING.replace(was, now))
    assert said_of_it in str(refused.value)
