"""Read FHIR R4 bulk NDJSON: Patient, Encounter, Observation and Condition.

Only what a resource says of its own availability counts: an Observation is known when `issued`, a
Condition on its `recordedDate`, else `meta.lastUpdated`. A bulk load may reset the last, so it is
an upper bound. Stays and patients are registered as they happen; that is assumed, and marked so.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from attending.digests import digest_file
from attending.ingest import fhir_cells, fhir_resources
from attending.ingest.batch import Batch, Origin
from attending.ingest.cells import is_true
from attending.ingest.fhir_cells import identifier
from attending.ingest.rows import Rows
from attending.ingest.tables import Truncated, require
from attending.records.snapshot import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedReader
    from pathlib import Path

    from attending.ingest.pseudonyms import Pseudonyms

SYSTEM = "fhir"
#: Bytes of a line; a longer one is no resource of ours and is never held whole.
_LONGEST = 16 << 20
_RESOURCES = ("Patient", "Encounter", "Observation", "Condition")
_READERS: dict[str, tuple[Callable[[Any], dict[str, str | None]], Callable[..., Batch]]] = {
    "Observation": (fhir_cells.observation, fhir_resources.observations),
    "Condition": (fhir_cells.condition, fhir_resources.conditions),
}


def describe(folder: Path) -> Origin:
    """Return what the folder holds.

    Raises:
        NotFound: a resource type has no file.
    """
    files = []
    for resource in _RESOURCES:
        path = _file(folder, resource)
        files.append(SourceFile(name=path.name, digest=digest_file(path)))
    first = next(_resources(_file(folder, "Patient")), None) or {}
    generated = "Synthea" in str(first.get("text", ""))
    return Origin(
        system=SYSTEM, version="R4", time_zone="UTC", synthetic=generated, files=tuple(files)
    )


def read(folder: Path, *, keys: Pseudonyms) -> Iterator[Batch]:
    """Iterate over the four resource types; patients and stays come first.

    Raises:
        Truncated: a compressed file ends too early.
    """
    people = _rows(folder, "Patient", fhir_cells.patient)
    people.drop_repeated(["id"])
    known = {"patient": pc.unique(people.text("id"))}
    stays = _rows(folder, "Encounter", fhir_cells.encounter)
    stays.drop_repeated(["id"])
    _unroutable(stays, known)
    yield fhir_resources.patients(people, stays=stays, keys=keys)
    yield fhir_resources.encounters(stays, keys=keys)
    known["encounter"] = pc.unique(stays.text("id"))
    del people, stays
    for resource in ("Observation", "Condition"):
        cells, make = _READERS[resource]
        rows = _rows(folder, resource, cells)
        rows.drop_repeated()
        _unroutable(rows, known)
        yield make(rows, keys=keys)


def _unroutable(rows: Rows, known: dict[str, pa.Array]) -> None:
    for column, ids in known.items():
        found = pc.is_in(rows.text(column), value_set=ids)
        if column == "encounter":
            found = pc.or_(found, rows.text(column).is_null())
        rows.quarantine(~is_true(found), f"unknown_{column}")


def _rows(folder: Path, resource: str, cells: Callable[[Any], dict[str, str | None]]) -> Rows:
    found: list[dict[str, str | None]] = []
    odd_lines = 0
    for item in _resources(_file(folder, resource)):
        made = _cells(item, cells) if item and item.get("resourceType") == resource else None
        if made is None:
            odd_lines += 1
        else:
            found.append(made)
    # Parts of a panel make as many columns as the longest one needs.
    names = {**dict.fromkeys(fhir_cells.COLUMNS[resource])}
    for row in found:
        names.update(dict.fromkeys(row))
    schema = pa.schema([pa.field(name, pa.string()) for name in names])
    table = pa.Table.from_pylist(found, schema=schema)
    return Rows(SYSTEM, resource, table, odd_lines=odd_lines, named_by=("id",))


def _cells(
    item: Any,  # noqa: ANN401 - JSON
    cells: Callable[[Any], dict[str, str | None]],
) -> dict[str, str | None] | None:
    """Return the cells of a resource, None when its parts are not of the kinds that FHIR says."""
    try:
        return cells(item)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _resources(path: Path) -> Iterator[Any]:
    """Iterate over the resources of a file, None for a line that is none."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            yield from (_resource(line) for line in _lines(stream))
    except (OSError, EOFError) as error:
        raise Truncated("the compressed file ends too early", where=path.name) from error


def _lines(stream: gzip.GzipFile | BufferedReader) -> Iterator[bytes]:
    """Iterate over lines that hold something; of one that is too long, over its beginning only."""
    while line := stream.readline(_LONGEST):
        rest = line
        while len(rest) == _LONGEST and not rest.endswith(b"\n"):
            rest = stream.readline(_LONGEST)
        if line.strip():
            yield line


def _resource(line: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        found = json.loads(line)
        if b"\\u" in line:
            json.dumps(found, ensure_ascii=False).encode()  # half a character is no text
    except (ValueError, RecursionError):  # not JSON, or nested deeper than any resource is
        return None
    return found if isinstance(found, dict) and identifier(found.get("id")) else None


def _file(folder: Path, resource: str) -> Path:
    plain = folder / f"{resource}.ndjson"
    name = plain.name if plain.is_file() else f"{resource}.ndjson.gz"
    return require(folder, name, of="FHIR bulk data")
