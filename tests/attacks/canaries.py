"""Fifty patients whose every identifier is found again wherever it stands."""

from __future__ import annotations

import base64
import gzip
import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from attending.digests import canonical, digest_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PATIENTS = 50


@dataclass(frozen=True)
class Canary:
    """One patient, by what may stand nowhere but in the store of patients' data."""

    number: int

    @property
    def mrn(self) -> str:
        return f"ZQMRN-7F3A-{self.number:04d}"

    @property
    def name(self) -> str:
        return f"Quillfeather{self.number:04d} Zebulon"

    @property
    def born(self) -> str:
        return f"19{31 + self.number // 10}-0{1 + self.number % 9}-{10 + self.number % 10}"

    @property
    def phone(self) -> str:
        return f"555-0199-7{self.number:03d}"

    @property
    def words(self) -> str:
        return f"says her canary{self.number:04d} died at sea"

    @property
    def all(self) -> tuple[str, ...]:
        return (self.mrn, self.name.split()[0], self.born, self.phone, f"canary{self.number:04d}")


ALL = tuple(Canary(number) for number in range(PATIENTS))


STEMS = ("ZQMRN-7F3A-", "Quillfeather", "555-0199-7", "canary00")
_PLAIN = tuple(stem.lower().encode() for stem in STEMS)
_CODED = {
    base64.b64encode(stem.encode()[at:]).rstrip(b"=")[:-2]: stem
    for stem in STEMS
    for at in range(3)
}
_WORDS = {text.lower().encode(): text for one in ALL for text in one.all}
_BORN = {one.born.encode() for one in ALL}
_DATE = re.compile(rb"193[0-9]-0[0-9]-[0-9]{2}")


def found_in(data: bytes) -> set[str]:
    """Return the canaries in some bytes: as they are, in other capitals, and in base64."""
    found = {date.decode() for date in _BORN.intersection(_DATE.findall(data))}
    low = data.lower()
    if any(stem in low for stem in _PLAIN):
        found |= {text for form, text in _WORDS.items() if form in low}
    return found | {f"{stem} in base64" for form, stem in _CODED.items() if form in data}


def found_under(folders: Iterable[Path], *, apart: Iterable[Path] = ()) -> dict[str, set[str]]:
    """Return the canaries in all files of folders, by file; tables and archives are opened."""
    left = tuple(apart)
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or any(path.is_relative_to(one) for one in left):
                continue
            seen = found_in(str(path.relative_to(folder)).encode()) | found_in(_opened(path))
            if seen:
                found[str(path)] = seen
    return found


def _opened(path: Path) -> bytes:
    data = path.read_bytes()
    if data[:4] == b"PAR1":
        table = pq.read_table(path)
        return json.dumps(table.to_pylist(), default=str).encode() + str(table.schema).encode()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def plant_extract(folder: Path) -> dict[str, Canary]:
    """Return the canaries by the patient's former id, now in an extract of the hospital.

    Identifiers are theirs in every table; one result of each is free text, one a wrong unit.
    """
    rows = (folder / "patients.csv").read_text().splitlines()
    chosen = {line.split(",")[0]: one for line, one in zip(rows[1:], ALL, strict=False)}
    for path in sorted(folder.glob("*.csv")):
        path.write_text(_planted(path, chosen))
    manifest = folder / "manifest.json"
    said = json.loads(manifest.read_text())
    for name, about in said["files"].items():
        about["sha256"] = digest_file(folder / name)
    manifest.write_bytes(canonical(said))
    shutil.rmtree(folder / "fhir")
    return chosen


def _planted(path: Path, chosen: dict[str, Canary]) -> str:
    head, *rows = path.read_text().splitlines()
    columns = head.split(",")
    at = columns.index("patient_id")
    spoiled: set[int] = set()
    out = [head]
    for line in rows:
        cells = line.split(",")
        one = chosen.get(cells[at])
        if one is not None:
            cells[at] = one.mrn
            if path.name == "patients.csv":
                cells[columns.index("birth_date")] = one.born
            if path.name == "labs.csv" and one.number not in spoiled:
                spoiled.add(one.number)
                spoil = "value" if one.number % 2 else "unit"
                cells[columns.index(spoil)] = f"{one.name} {one.words} {one.phone}"
        out.append(",".join(cells))
    return "\n".join(out) + "\n"


def resources(one: Canary) -> dict[str, list[dict[str, object]]]:
    """Return a patient as FHIR R4 has them, with all that a record system says along."""
    who = {"reference": f"Patient/{one.mrn}", "display": one.name}
    stay = {"reference": f"Encounter/E-{one.mrn}"}
    coding = {"coding": [{"system": "http://loinc.org", "code": "2160-0"}], "text": one.words}
    lab: dict[str, object] = {
        "resourceType": "Observation", "status": "final", "code": coding, "subject": who,
        "encounter": stay, "effectiveDateTime": "2023-01-06T06:00:00Z",
        "issued": "2023-01-06T08:00:00Z", "note": [{"text": one.words}],
    }  # fmt: skip
    return {
        "Patient": [{
            "resourceType": "Patient", "id": one.mrn, "birthDate": one.born, "gender": "female",
            "name": [{"text": one.name}], "telecom": [{"system": "phone", "value": one.phone}],
            "identifier": [{"system": "urn:mrn", "value": one.mrn}],
            "text": {"status": "generated", "div": f"<div>{one.name}</div>"},
        }],
        "Encounter": [{
            "resourceType": "Encounter", "id": f"E-{one.mrn}", "status": "finished",
            "class": {"code": "IMP"}, "subject": who,
            "period": {"start": "2023-01-05T13:00:00Z", "end": "2023-01-09T10:00:00Z"},
        }],
        "Observation": [
            lab | {"id": f"O1-{one.number}", "valueQuantity": {"value": 1.5, "unit": "mg/dL"}},
            lab | {"id": f"O2-{one.number}", "valueString": f"{one.name} {one.words}"},
            lab | {"id": f"O3-{one.number}", "valueQuantity": {"value": one.name, "unit": "mg/dL"}},
            lab | {"id": f"O4-{one.number}", "effectiveDateTime": one.words},
            lab | {"id": f"O5-{one.number}", "status": one.phone},
        ],
        "Condition": [{
            "resourceType": "Condition", "id": f"C-{one.number}", "subject": who,
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "I50.9",
                                 "display": one.name}], "text": one.words},
            "recordedDate": "2023-01-12",
        }],
    }  # fmt: skip


def write_fhir(folder: Path) -> Path:
    """Write all canaries as a bulk export."""
    folder.mkdir()
    whole: dict[str, list[str]] = {}
    for one in ALL:
        for kind, items in resources(one).items():
            whole.setdefault(kind, []).extend(json.dumps(item) for item in items)
    for kind, lines in whole.items():
        (folder / f"{kind}.ndjson").write_text("\n".join(lines) + "\n")
    return folder


MAPPING = """system: lab
version: "1"
time_zone: UTC
tables:
  - name: results
    file: labs.csv
    row_id: [row]
    subject: patient
    known_at: {rule: recorded, columns: [stored]}
    events:
      - code: ["LAB//{test}"]
        time: {columns: [taken]}
        value: value
        unit: unit
        text: said
"""


def write_csv(folder: Path) -> Path:
    """Write all canaries as a table of a laboratory, every second row wrong in one thing."""
    folder.mkdir()
    lines = ["row,patient,test,taken,stored,value,unit,said"]
    when, later = "2024-03-01T10:00:00Z", "2024-03-01T11:00:00Z"
    for one in ALL:
        n = one.number
        lines += [
            f"{n}a,{one.mrn},GLU,{when},{later},5.4,mmol/L,{one.words} {one.name}",
            f"{n}b,{one.mrn},GLU,{when},{later},{one.name},mmol/L,{one.phone}",
            f"{n}c,{one.mrn},GLU,{one.born} {one.words},{later},5.4,mmol/L,",
            f"{n}d,{one.mrn},GLU,{when},{one.phone},5.4,mmol/L,{one.words}",
        ]
    (folder / "labs.csv").write_text("\n".join(lines) + "\n")
    return folder
