"""The picture of lineage: nothing cut, nothing beside the sheet, and nothing that is not there."""

from __future__ import annotations

import re
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attending.digests import digest_bytes
from attending.documents import lineage
from attending.documents.boxes import _inches, wrapped
from tests.documents.example_records import LONG_CODE, LONG_FEATURE, LONG_TABLE
from tests.documents.example_records import lineage as example

SVG = "{http://www.w3.org/2000/svg}"
NAMES = st.text(alphabet="aWmi0_-/@. ", min_size=1, max_size=60).filter(str.strip)


@given(NAMES, st.sampled_from(["normal", "bold"]))
def test_a_name_is_wrapped_whole_and_no_line_is_wider_than_its_box(name, weight):
    lines = wrapped(name, inches=1.0, weight=weight)
    assert "".join("".join(lines).split()) == "".join(name.split())
    assert all(_inches(line, weight) <= 1.0 for line in lines)


def corners(svg):
    """Return all points of boxes and lines, and where words begin, in points of the sheet."""
    root = ET.fromstring(svg)  # noqa: S314 - our own bytes
    wide, high = (float(root.get(side).removesuffix("pt")) for side in ("width", "height"))
    found: list[tuple[float, float]] = []
    for group in root.iter(f"{SVG}g"):
        name = group.get("id", "")
        if name.startswith("patch"):
            numbers = [float(one) for one in re.findall(r"-?[0-9.]+", group[0].get("d"))]
            found += zip(numbers[::2], numbers[1::2], strict=True)
        moved = re.match(r"translate\(([0-9.-]+) ([0-9.-]+)\)", group.get("transform", ""))
        if moved:
            found.append((float(moved[1]), float(moved[2])))
    return found, wide, high


def test_boxes_lines_and_words_stand_on_the_sheet():
    found, wide, high = corners(lineage.draw(example()))
    assert len(found) > 100
    assert all(0 <= x <= wide and 0 <= y <= high for x, y in found)


def test_a_way_past_a_column_has_a_place_of_its_own_in_it():
    assert lineage._ways(example())[-1] == [
        "feature:hearts@2", "past:hearts@2:1", f"feature:{LONG_FEATURE}"
    ]  # fmt: skip
    columns = lineage._features(example())
    assert [box.name for box in columns[1].boxes] == ["feature:ratio@1", "past:hearts@2:1"]


def test_codes_that_come_and_go_alike_share_a_box_and_all_are_in_the_table():
    found = list(lineage.groups(example()).items())
    assert found[0] == (((LONG_TABLE,), ("creatinine_max@3",)), ["LOINC//2160-0", LONG_CODE])
    assert found[2][1] == ["ICD10CM//I10*"]  # the only prefix that anything begins with
    assert len(found[3][1]) == 29
    told = {row[0] for row in lineage.table(example()).rows}
    assert {LONG_CODE, "ICD10CM//I10* (2)", "ICD10CM//I39* (0)"} <= told
    assert len(told) == 33
    picture = lineage.picture(example())
    assert LONG_FEATURE in picture.alt
    assert "icu_mortality" in picture.alt


def test_a_feature_without_codes_or_models_says_so():
    alone = example().model_copy(
        update={"codes": (), "tables": (), "models": (), "reads": example().reads[:1]}
    )
    reads = alone.reads[0].model_copy(update={"codes": (), "feature": LONG_FEATURE})
    alone = alone.model_copy(update={"reads": (reads,), "operands": ()})
    assert lineage.picture(alone).alt.endswith("which feeds no model.")
    assert lineage.draw(alone).startswith(b"<?xml")
    assert [box.lines[0] for box in lineage._codes(alone)] == ["no codes"]


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_same_lineage_is_the_same_picture_in_another_process(hash_seed):
    code = (
        "from tests.documents.example_records import lineage as example;"
        "from attending.documents.lineage import draw;"
        "from attending.digests import digest_bytes;"
        "print(digest_bytes(draw(example())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": hash_seed},
    )  # fmt: skip
    assert done.stdout.strip() == digest_bytes(lineage.draw(example()))
