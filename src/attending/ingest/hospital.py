"""Read a hospital's CSV extract: eight tables with both clocks, and their control totals."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import BadInput
from attending.ingest.batch import Batch, Origin
from attending.ingest.files import Truncated, checked_digest, read_said, require
from attending.ingest.hospital_results import diagnoses, labs, notes, procedures, vitals
from attending.ingest.hospital_stays import encounters, medications, patients
from attending.ingest.possible import Lives, quarantine_impossible, require_inside_stays
from attending.ingest.rows import Rows
from attending.ingest.said_merges import said_merges
from attending.ingest.tables import read_text_table
from attending.records.snapshot import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from attending.ingest.pseudonyms import Pseudonyms

#: Columns of each file; read by name, never by place.
COLUMNS: dict[str, tuple[str, ...]] = {
    "patients": (
        "patient_id", "birth_date", "sex", "race_ethnicity", "language", "insurance",
        "death_time", "death_recorded_at",
    ),
    "encounters": (
        "encounter_id", "patient_id", "site", "unit", "class", "admission_type", "admitted_at",
        "discharged_at", "disposition", "admitted_recorded_at", "discharged_recorded_at",
    ),
    "labs": (
        "result_id", "version", "status", "patient_id", "encounter_id", "site", "loinc", "value",
        "unit", "collected_at", "resulted_at",
    ),
    "vitals": (
        "vital_id", "patient_id", "encounter_id", "site", "loinc", "value", "unit", "taken_at",
        "charted_at",
    ),
    "diagnoses": (
        "diagnosis_id", "patient_id", "encounter_id", "icd10cm", "rank", "dated_at", "coded_at",
    ),
    "procedures": (
        "procedure_id", "patient_id", "encounter_id", "icd10pcs", "performed_at", "coded_at",
    ),
    "medications": (
        "order_id", "patient_id", "encounter_id", "name", "ordered_at", "started_at", "stopped_at",
    ),
    "notes": (
        "note_id", "patient_id", "encounter_id", "type", "written_for", "signed_at", "category",
        "score",
    ),
}  # fmt: skip
#: In a hospital that merged patients: whose record went into whose, and when that was undone.
MERGES = "merges"
_MERGE_COLUMNS = ("gone", "kept", "merged_at", "undone_at")
_KEYS = {
    "patients": ("patient_id",),
    "encounters": ("encounter_id",),
    "labs": ("result_id", "version"),
    "vitals": ("vital_id",),
    "diagnoses": ("diagnosis_id",),
    "procedures": ("procedure_id",),
    "medications": ("order_id",),
    "notes": ("note_id",),
}
#: Instants that had come when they were written; a planned stop has not.
_CLOCKS = {
    "encounters": ("admitted_at", "discharged_at"),
    "labs": ("collected_at", "resulted_at"),
    "vitals": ("taken_at", "charted_at"),
    "diagnoses": ("dated_at", "coded_at"),
    "procedures": ("performed_at", "coded_at"),
    "medications": ("ordered_at", "started_at"),
    "notes": ("written_for", "signed_at"),
}
_MAKERS: dict[str, Callable[..., Batch]] = {
    "labs": labs,
    "vitals": vitals,
    "diagnoses": diagnoses,
    "procedures": procedures,
    "notes": notes,
}


def describe(folder: Path) -> Origin:
    """Return what the extract says of itself, after comparing every file with its digest.

    Raises:
        NotFound: a file is missing.
        BadInput: the manifest cannot be read.
        Truncated: a file is cut short or altered: the whole batch.
    """
    manifest = _manifest(folder)
    files = []
    for table in _tables(manifest):
        name = f"{table}.csv"
        path = require(folder, name, of="a hospital extract")
        try:
            digest = checked_digest(path, manifest["files"][name]["sha256"], name=name)
        except Truncated:
            expected = manifest["files"][name]["rows"]
            got = _lines(path) - 1
            raise Truncated(
                f"the file is cut short or altered: expected {expected} rows, got {got}, "
                "and its digest is not the one in the manifest",
                where=name,
            ) from None
        files.append(SourceFile(name=name, digest=digest))
    return Origin(
        system=str(manifest["source_system"]),
        version=str(manifest["source_version"]),
        time_zone="UTC",
        site_zones=dict(manifest.get("time_zones", {})),
        synthetic=bool(manifest.get("synthetic", False)),
        seed=manifest.get("seed"),
        files=tuple(files),
    )


def read(folder: Path, *, keys: Pseudonyms) -> Iterator[Batch]:
    """Iterate over the extract's tables; stays and patients come first.

    Raises:
        BadInput: a column is missing.
        Truncated: a file has another number of rows than its control total.
        Refused: a site's bedside rows stand outside their stays.
    """
    manifest = _manifest(folder)
    system = str(manifest["source_system"])
    people = _rows(folder, "patients", system=system)
    stays = _rows(folder, "encounters", system=system)
    _drop_repeated(people, stays)
    known = {"patient_id": pc.unique(people.text("patient_id"))}
    _unroutable(stays, known)
    lives = Lives.of(people, until=manifest.get("until"))
    quarantine_impossible(stays, _CLOCKS["encounters"], lives=lives)
    yield patients(people, stays=stays, keys=keys)
    yield encounters(stays, keys=keys)
    known["encounter_id"] = pc.unique(stays.text("encounter_id"))
    del people
    makers = _MAKERS | {"medications": partial(medications, until=manifest.get("until"))}
    for name, make in makers.items():
        rows = _rows(folder, name, system=system)
        _drop_repeated(rows)
        _unroutable(rows, known)
        quarantine_impossible(rows, _CLOCKS[name], lives=lives)
        if name == "vitals":
            require_inside_stays(rows, stays, clock="taken_at")
        yield make(rows, keys=keys)
    if MERGES in _tables(manifest):
        yield _merges(folder, system=system, keys=keys)


def _tables(manifest: Any) -> list[str]:  # noqa: ANN401 - JSON
    """Return the tables of an extract; one that merged patients has a table of merges."""
    told = f"{MERGES}.csv" in manifest["files"]
    return [*COLUMNS, MERGES] if told else [*COLUMNS]


def _merges(folder: Path, *, system: str, keys: Pseudonyms) -> Batch:
    rows = _rows(folder, MERGES, system=system)
    never = pa.chunked_array([pa.array(np.zeros(rows.left, np.bool_))])
    at, undone_at = rows.instant("merged_at"), rows.instant("undone_at")
    return said_merges(rows, at=at, undone_at=undone_at, undone=never, keys=keys)


def _drop_repeated(*tables: Rows) -> None:
    for rows in tables:
        rows.drop_repeated(_KEYS[rows.name])


def _unroutable(rows: Rows, known: dict[str, pa.Array]) -> None:
    """Quarantine rows of a patient or a stay that the extract does not have."""
    reasons = {"patient_id": "unknown_patient", "encounter_id": "unknown_encounter"}
    for column, ids in known.items():
        found = pc.is_in(rows.text(column), value_set=ids)
        blank_stay = rows.text(column).is_null() if column == "encounter_id" else False
        bad = pc.invert(pc.or_(found, blank_stay))
        rows.quarantine(np.asarray(bad, dtype=np.bool_), reasons[column])


def _rows(folder: Path, name: str, *, system: str) -> Rows:
    file = f"{name}.csv"
    columns = COLUMNS.get(name, _MERGE_COLUMNS)
    table, odd_lines = read_text_table(folder / file, columns, name=file)
    expected = int(_manifest(folder)["files"][file]["rows"])
    got = table.num_rows + odd_lines
    if got != expected:
        raise Truncated(f"expected {expected} rows, got {got}", where=file)
    named_by, versioned = _KEYS.get(name, ()), name == "labs"
    return Rows(system, name, table, odd_lines=odd_lines, named_by=named_by, versioned=versioned)


def _manifest(folder: Path) -> Any:  # noqa: ANN401 - JSON
    path = require(folder, "manifest.json", of="a hospital extract")
    try:
        manifest = read_said(path, name=path.name)
        if _complete(manifest):
            return manifest
    except (BadInput, KeyError, TypeError, AttributeError):
        pass
    raise BadInput(
        "the manifest does not name its source and the rows and sha256 of every file",
        code="ingest.manifest",
        hint="Ask the source for a whole manifest.json; control totals are not optional.",
        where="manifest.json",
    )


def _complete(manifest: Any) -> bool:  # noqa: ANN401 - JSON
    totals = [manifest["files"][f"{table}.csv"] for table in _tables(manifest)]
    told = all(isinstance(one["rows"], int) and isinstance(one["sha256"], str) for one in totals)
    seed = manifest.get("seed")
    # Canonical JSON, in which records stand, holds no larger integer.
    seeded = seed is None or (isinstance(seed, int) and abs(seed) < 1 << 53)
    zones = all(isinstance(zone, str) for zone in manifest.get("time_zones", {}).values())
    return told and seeded and zones and {"source_system", "source_version"} <= set(manifest)


def _lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(1 for _ in stream)
