"""A home and a project to time `attending features build` in: a snapshot and a cohort, kept."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from attending.engines.tables import digest_table
from attending.lifecycle.desk import Desk, create_home, keep
from attending.lifecycle.projects import open_project
from attending.lifecycle.tables import table_bytes
from attending.records.cohort import Cohort, StatusCounts
from attending.records.snapshot import IngestAccount, Quarantine, Shard, Snapshot
from attending.specs.base import dump
from attending.times import parse_instant
from benchmarks.feature_definitions import definitions

if TYPE_CHECKING:
    import pyarrow as pa

AT = "2026-01-01T00:00:00Z"
_EXAMPLE = Path("examples/readmission-synthetic")
_DIGEST = "0" * 64


def make(folder: Path, paths: list[Path], due: pa.Table) -> tuple[Path, Path]:
    """Return a home and a project in a folder, ready for the features of a cohort."""
    project = folder / "project"
    shutil.copytree(_EXAMPLE, project)
    said = {"name": "bench", "version": "1", "features": definitions()}
    (project / "features.yaml").write_text(json.dumps(said))
    desk = create_home(folder / "home", at=parse_instant(AT))
    snapshot = _snapshot(desk, paths)
    _cohort(desk, project, due, snapshot=snapshot)
    desk.home.close()
    return folder / "home", project


def _snapshot(desk: Desk, paths: list[Path]) -> str:
    made = Snapshot(
        kind_of_source="bench",
        source_system="bench",
        source_version="1",
        time_zone="UTC",
        shards=tuple(Shard(name=path.name, digest=_DIGEST, rows=1, subjects=1) for path in paths),
        rows=len(paths),
        subjects=len(paths),
        account=IngestAccount(tables=()),
        quarantine=Quarantine(name="quarantine.parquet", digest=_DIGEST, rows=0),
    )
    place = desk.home.snapshots.folder / made.digest
    place.mkdir(parents=True)
    for path in paths:
        os.link(path, place / path.name)
    return keep(desk, made, action="snapshot.ingest", keys={"source": "bench"})


def _cohort(desk: Desk, project: Path, due: pa.Table, *, snapshot: str) -> None:
    asked = open_project(project)
    none = dict.fromkeys(StatusCounts.model_fields, 0)
    record = Cohort(
        name=asked.cohort.name,
        version=asked.cohort.version,
        spec_digest=asked.cohort.digest,
        label_digest=_DIGEST,
        label=dump(asked.cohort.label),
        snapshot=snapshot,
        as_of=desk.at,
        steps=(),
        rows=due.num_rows,
        subjects=1,
        statuses=StatusCounts(**none),
        labelled=0,
        positives=0,
        prevalence=None,
        first_prediction=None,
        last_prediction=None,
        table_digest=digest_table(due),
    )
    table = desk.home.artifacts.put(table_bytes(due))
    keys = {"model": asked.name, "snapshot": snapshot, "table": table}
    keep(desk, record, action="cohort.build", keys=keys)
