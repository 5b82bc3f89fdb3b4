"""A hospital extract small enough to check by hand: two patients, three stays, three results."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from attending.ingest.build import build_snapshot
from attending.ingest.hospital import COLUMNS

if TYPE_CHECKING:
    from pathlib import Path

    from attending.records.snapshot import Snapshot

KEY = b"k" * 32
TABLES: dict[str, list[str]] = {
    "patients": [
        "P1,1950-01-01,F,WHITE,ENGLISH,MEDICARE,,",
        "P2,1960-02-02,M,BLACK,SPANISH,MEDICAID,2023-02-01T10:00:00Z,2023-02-01T12:00:00Z",
    ],
    "encounters": [
        (
            "E1,P1,NORTH,MED,INPATIENT,EMERGENCY,2023-01-05T13:00:00Z,2023-01-09T10:00:00Z,HOME,"
            "2023-01-05T13:05:00Z,2023-01-09T11:00:00Z"
        ),
        (
            "E2,P2,SOUTH,ICU,ICU,URGENT,2023-01-30T00:00:00Z,2023-02-01T10:00:00Z,DIED,"
            "2023-01-30T00:01:00Z,2023-02-01T12:00:00Z"
        ),
        "E3,P1,NORTH,MED,OBSERVATION,ELECTIVE,2023-03-01T08:00:00Z,,,2023-03-01T08:00:00Z,",
    ],
    "labs": [
        "R1,1,final,P1,E1,NORTH,2160-0,9.1,mg/dL,2023-01-06T06:00:00Z,2023-01-06T08:00:00Z",
        "R1,2,corrected,P1,E1,NORTH,2160-0,1.9,mg/dL,2023-01-06T06:00:00Z,2023-01-06T20:00:00Z",
        "R2,1,final,P1,E1,NORTH,2345-7,140,mg/dL,2023-01-06T06:00:00Z,2023-01-06T07:00:00Z",
    ],
    "vitals": [
        "V1,P1,E1,NORTH,8867-4,88,/min,2023-01-05T14:00:00Z,2023-01-05T14:10:00Z",
    ],
    "diagnoses": ["D1,P1,E1,I50.9,1,2023-01-05T13:00:00Z,2023-01-12T09:00:00Z"],
    "procedures": ["X1,P1,E1,4A023N7,2023-01-07T09:00:00Z,2023-01-13T09:00:00Z"],
    "medications": [
        "M1,P1,E1,furosemide,2023-01-05T15:00:00Z,2023-01-05T16:00:00Z,2023-01-08T16:00:00Z",
    ],
    "notes": ["N1,P1,E1,DISCHARGE,2023-01-09T10:00:00Z,2023-01-11T17:00:00Z,ROUTINE,2"],
}


def write(folder: Path, **tables: list[str]) -> Path:
    """Write an extract with some tables replaced; the manifest fits what is written."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for name, columns in COLUMNS.items():
        lines = [",".join(columns), *tables.get(name, TABLES[name])]
        data = ("\n".join(lines) + "\n").encode()
        (folder / f"{name}.csv").write_bytes(data)
        files[f"{name}.csv"] = {
            "rows": len(lines) - 1,
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    manifest = {
        "source_system": "handmade",
        "source_version": "1",
        "synthetic": True,
        "seed": 1,
        "until": "2023-04-01T00:00:00Z",
        "time_zones": {"NORTH": "America/New_York", "SOUTH": "America/Chicago"},
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def ingest(folder: Path, out: Path, *, kind: str = "hospital", **options: Any) -> Snapshot:
    """Build a snapshot in a new folder."""
    out.mkdir(parents=True)
    return build_snapshot(kind, folder, key=KEY, out=out, **options)


def events_of(out: Path) -> pa.Table:
    """Read all shards."""
    return pa.concat_tables([pq.read_table(path) for path in sorted(out.glob("shard-*.parquet"))])


def rows_of(out: Path, code: str) -> list[dict]:
    """Read the rows of one code."""
    return [row for row in events_of(out).to_pylist() if row["code"] == code]


def seen_at(out: Path, code: str, instant: object) -> list[float]:
    """Return the values of a code that are visible at an instant."""
    return [
        row["numeric_value"]
        for row in rows_of(out, code)
        if row["known_at"] <= instant
        and (row["superseded_at"] is None or instant < row["superseded_at"])
    ]
