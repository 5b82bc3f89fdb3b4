"""One small extract, copied and broken by each test, and a synthetic home to ingest it in."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from attending.hospital.extract import write_extract
from attending.hospital.faults import plant
from attending.hospital.generate import generate
from attending.hospital.plan import HospitalPlan
from attending.lifecycle import checking, ingesting
from attending.lifecycle.desk import create_home
from attending.lifecycle.projects import open_project
from attending.times import parse_instant

ROOT = Path(__file__).parents[2]
AT = parse_instant("2026-01-05T08:00:00Z")


@dataclass
class Ward:
    """Writes extracts, breaks them, and ingests them in one synthetic home."""

    folder: Path
    whole: Path
    desk: object

    def extract(self, *faults: str) -> tuple[Path, int]:
        """Return a copy of the extract with faults, and how many rows or cells they touched."""
        place = self.folder / ("-".join(faults).replace(":", "_") or "whole")
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.whole, place)
        return place, sum(plant(place, name) for name in faults)

    def ingest(self, *faults: str):
        """Return the snapshot of a broken extract and how much was touched."""
        place, touched = self.extract(*faults)
        return ingesting.ingest(self.desk, "hospital", place), touched

    def contract(self, held):
        """Return the contract's report on a snapshot."""
        project = open_project(ROOT / "examples" / "readmission-synthetic")
        return checking.check_contract(self.desk, project, held)


@pytest.fixture(scope="session")
def whole_extract(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    plan = HospitalPlan(patients=300, years=1, seed=5)
    write_extract(generate(plan), folder, until=plan.end)
    return folder


@pytest.fixture
def ward(tmp_path, whole_extract):
    made = create_home(tmp_path / "home", at=AT, seed=7)
    yield Ward(tmp_path, whole_extract, replace(made, at=AT))
    made.home.close()
