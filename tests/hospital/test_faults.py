"""Faults on demand: each changes what it says, the same way every time, and keeps its totals."""

from __future__ import annotations

import shutil

import pytest

from attending.digests import digest_file
from attending.errors import BadInput
from attending.hospital.faults import FAULTS, fault, plant


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_changes_the_extract_and_the_same_way_twice(name, extract, tmp_path):
    made = []
    for turn in ("first", "second"):
        folder = tmp_path / turn
        shutil.copytree(extract, folder)
        touched = plant(folder, name)
        made.append((touched, [digest_file(path) for path in sorted(folder.iterdir())]))
    assert made[0] == made[1]
    assert made[0][0] > 0 or name == "D23:row_limit"  # a small extract is below the limit


def test_a_fault_that_the_hospital_cannot_plant_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match="cannot plant"):
        fault("D99")
    assert fault("D08").name == "D08:no_unit"
