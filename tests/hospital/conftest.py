"""One hospital of 400 patients over two years for all tests of the room."""

from __future__ import annotations

import pytest

from attending.hospital.extract import write_extract
from attending.hospital.generate import generate
from attending.hospital.plan import HospitalPlan


@pytest.fixture(scope="package")
def plan():
    return HospitalPlan(patients=400, years=2, seed=3)


@pytest.fixture(scope="package")
def hospital(plan):
    return generate(plan)


@pytest.fixture(scope="package")
def extract(hospital, plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("extract")
    write_extract(hospital, folder, until=plan.end)
    return folder
