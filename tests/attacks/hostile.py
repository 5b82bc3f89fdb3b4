"""Whole small sources, one of each kind, whose files the hostile ones take the place of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from attending.ingest.mimic import COLUMNS as MIMIC
from attending.ingest.packaged import packaged_mapping
from tests.ingest import handmade
from tests.ingest.test_fhir import CONDITION, LAB, PATIENT, STAY, export

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: A patient whose id may stand in no message.
PERSON = "SECRETPERSON7"
HEAD = "row,patient,test,taken,stored,value,unit"
ROW = f"1,{PERSON},GLU,2024-03-01T10:00:00Z,2024-03-01T11:00:00Z,5.4,mmol/L"
ROWS = f"{HEAD}\n{ROW}\n"
MAPPING = """system: lab
version: "1"
time_zone: UTC
tables:
  - name: results
    FILE
    row_id: [row]
    subject: patient
    known_at: {rule: recorded, columns: [stored]}
    events:
      - code: ["LAB//{test}"]
        time: {columns: [taken]}
        value: value
        unit: unit
"""


@dataclass(frozen=True)
class Hostile:
    """A hostile source: its kind, how it is made, and what must be said of it.

    Attributes:
        file: of the table, for the kind `mapped`: the line of the mapping that names it.
        code: of the refusal; empty where rows are counted instead.
        status: the exit code.
        counted: why rows are set aside; empty where nothing in them is wrong.
    """

    kind: str
    make: Callable[[Path], object]
    code: str = ""
    status: int = 2
    counted: str = ""
    file: str = "file: labs.csv"


def mapped(make: Callable[[Path], object], code: str = "", **more: Any) -> Hostile:
    """Return a hostile source that a mapping describes."""
    return Hostile("mapped", make, code, **more)


def csv(data: bytes | str) -> Callable[[Path], object]:
    """Return what writes the table of results."""
    whole = data.encode() if isinstance(data, str) else data
    return lambda folder: (folder / "labs.csv").write_bytes(whole)


def fhir(folder: Path, **files: bytes) -> None:
    """Write a whole export, some types of it replaced."""
    folder.rmdir()
    export(folder)
    for name, data in files.items():
        (folder / f"{name}.ndjson").write_bytes(data)


def bundle(folder: Path, *more: object) -> dict[str, object]:
    """Return a Bundle of one patient, to which entries may be added."""
    entries = [{"resource": one} for one in (PATIENT, STAY, LAB, CONDITION, *more)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def mimic(folder: Path) -> None:
    """Write MIMIC-IV's tables, each without rows."""
    for name, columns in MIMIC.items():
        path = folder / f"{name}.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(",".join(columns.split()) + "\n")


def omop(folder: Path) -> None:
    """Write OMOP's tables, each without rows."""
    import gzip

    columns: dict[str, dict[str, None]] = {}
    for table in packaged_mapping("omop").tables:
        columns.setdefault(table.file, {}).update(dict.fromkeys(table.columns))
        for lookup in table.lookups:
            taken = [lookup.key, *lookup.take.values()]
            columns.setdefault(lookup.file, {}).update(dict.fromkeys(taken))
    for name, words in columns.items():
        (folder / name).write_bytes(gzip.compress((",".join(words) + "\n").encode()))


def physionet(folder: Path) -> None:
    """Write PhysioNet 2012 with one value."""
    row = {"RecordID": ["1"], "Time": ["00:00"], "Parameter": ["HR"], "Value": [80.0]}
    pq.write_table(pa.table(row), folder / "events.parquet")
    head = "RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death"
    (folder / "Outcomes-a.txt").write_text(f"{head}\n1,5,1,3,-1,0\n")


def meds(folder: Path, table: pa.Table, *, said: bytes | None = None) -> None:
    """Write a dataset of MEDS."""
    (folder / "data").mkdir()
    (folder / "metadata").mkdir()
    pq.write_table(table, folder / "data" / "0.parquet")
    text = {"dataset_name": "other", "dataset_version": "1", "meds_version": "0.4.1"}
    (folder / "metadata" / "dataset.json").write_bytes(said or json.dumps(text).encode())


def hospital(folder: Path) -> None:
    """Write an extract of the synthetic hospital."""
    handmade.write(folder)
