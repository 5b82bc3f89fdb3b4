"""Versions of a record that come in one delivery end one another, whatever source they are of."""

from __future__ import annotations

import pyarrow as pa
import pytest

from attending.ingest.versions import succeeded
from attending.lifecycle import ingesting
from attending.lifecycle.desk import create_home
from attending.records.events import EVENTS
from attending.times import parse_instant
from tests.ingest.handmade import events_of

SAID = {"subject_id": 7, "time": 0, "code": "LAB//K", "source": "lab/results"}
VERSIONED = {"lab/results": "versioned"}


def table(*rows):
    whole = [{**SAID, "source_row": name, "known_at": known, **more} for name, known, more in rows]
    return pa.Table.from_pylist(whole, schema=EVENTS)


def ends(events, naming=None):
    found = succeeded(events, VERSIONED if naming is None else naming)
    return found["superseded_at"].cast(pa.int64()).to_pylist()


def test_each_version_ends_when_the_next_one_became_known_in_any_order_of_rows():
    events = table(("a/3", 30, {}), ("a/1", 10, {}), ("b/1", 5, {}), ("a/2", 20, {}))
    assert ends(events) == [None, 20, None, 30]


def test_all_events_of_a_version_end_together_and_an_earlier_end_stays():
    other = {"code": "LAB//NA"}
    events = table(("a/1", 10, {}), ("a/1", 12, other), ("a/2", 20, {}), ("a/2", 22, other))
    assert ends(events) == [20, 20, None, None]
    assert ends(table(("a/1", 10, {"superseded_at": 15}), ("a/2", 20, {}))) == [15, None]


@pytest.mark.parametrize("naming", [{}, {"lab/results": "named"}, {"lab/results": "content"}])
def test_sources_without_versions_are_left_alone(naming):
    assert ends(table(("a/1", 10, {}), ("a/2", 20, {})), naming) == [None, None]


MAPPING = """\
system: clinic
version: "1"
time_zone: UTC
synthetic: true
tables:
  - name: results
    file: results.csv
    subject: patient
    row_id: [id, version]
    versioned: VERSIONED
    known_at: {rule: recorded, columns: [stored]}
    events:
      - code: ["LOINC//{test}"]
        time: {columns: [drawn]}
        value: value
"""


@pytest.mark.fault("D21")
def test_d21_a_correction_in_the_same_mapped_file_ends_what_it_corrects(tmp_path):
    (tmp_path / "in").mkdir()
    drawn = "2023-01-06T06:00:00Z"
    rows = [f"1,2,a,K,1.9,{drawn},2023-01-07T08:00:00Z", f"1,1,a,K,9.1,{drawn},{drawn}"]
    head = "id,version,patient,test,value,drawn,stored"
    (tmp_path / "in" / "results.csv").write_text("\n".join([head, *rows]) + "\n")
    desk = create_home(tmp_path / "home", at=parse_instant("2024-01-01T00:00:00Z"), seed=1)
    open_ends = []
    for versioned in ("false", "true"):
        path = tmp_path / f"{versioned}.yaml"
        path.write_text(MAPPING.replace("VERSIONED", versioned))
        held = ingesting.ingest(desk, "mapped", tmp_path / "in", mapping=path)
        found = events_of(held.folder).to_pylist()
        open_ends.append(
            {round(one["numeric_value"], 1) for one in found if not one["superseded_at"]}
        )
    # Control: taken for two records, the wrong result stays beside the right one for ever.
    assert open_ends[0] == {1.9, 9.1}
    # Guard: from the correction on, only the corrected one can be seen.
    assert open_ends[1] == {1.9}
    desk.home.close()
