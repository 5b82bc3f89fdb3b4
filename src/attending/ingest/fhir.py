"""Read FHIR R4: bulk NDJSON by type, or a folder of Bundles.

Only what a resource says of its own availability counts: an Observation is known when `issued`, a
Condition on its `recordedDate`, else `meta.lastUpdated`. A bulk load may reset the last, so it is
an upper bound. Stays and patients are registered as they happen; that is assumed, and marked so.
Resources about no patient, and types that are not read, are counted and rejected by name.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.digests import digest_file
from attending.ingest import fhir_cells, fhir_facts, fhir_resources
from attending.ingest.batch import Batch, Origin
from attending.ingest.cells import is_true
from attending.ingest.fhir_files import Export
from attending.ingest.rows import Rows
from attending.records.snapshot import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from attending.ingest.pseudonyms import Pseudonyms

SYSTEM = "fhir"
_READERS: dict[str, tuple[Callable[[Any], dict[str, str | None]], Callable[..., Batch]]] = {
    "Observation": (fhir_cells.observation, fhir_resources.observations),
    "Condition": (fhir_cells.condition, fhir_resources.conditions),
    **{
        name: (
            partial(fhir_facts.cells, resource=name),
            partial(fhir_facts.facts, resource=name),
        )
        for name in fhir_facts.FACTS
    },
}


def describe(folder: Path) -> Origin:
    """Return what the folder holds.

    Raises:
        NotFound: a resource type has no file.
        BadInput: a JSON file is no Bundle.
    """
    export = Export(folder)
    files = [SourceFile(name=path.name, digest=digest_file(path)) for path in export.paths]
    generated = "Synthea" in str(export.first().get("text", ""))
    return Origin(
        system=SYSTEM, version="R4", time_zone="UTC", synthetic=generated, files=tuple(files)
    )


def read(folder: Path, *, keys: Pseudonyms) -> Iterator[Batch]:
    """Iterate over the resource types; patients and stays come first.

    Raises:
        Truncated: a file ends too early.
    """
    export = Export(folder)
    people = _rows(export, "Patient", fhir_cells.patient)
    people.drop_repeated(["id"])
    known = {"patient": pc.unique(people.text("id"))}
    stays = _rows(export, "Encounter", fhir_cells.encounter)
    stays.drop_repeated(["id"])
    _unroutable(stays, known)
    yield fhir_resources.patients(people, stays=stays, keys=keys)
    yield fhir_resources.encounters(stays, keys=keys)
    known["encounter"] = pc.unique(stays.text("id"))
    del people, stays
    for resource in export.types[2:]:
        if resource not in _READERS:
            yield _unread(export, resource)
            continue
        cells, make = _READERS[resource]
        rows = _rows(export, resource, cells)
        rows.drop_repeated()
        _unroutable(rows, known)
        yield make(rows, keys=keys)


def _unread(export: Export, resource: str) -> Batch:
    count = sum(1 for _ in export.of(resource))
    rows = Rows(SYSTEM, resource, pa.table({"id": pa.nulls(count, pa.string())}))
    reason = "no_patient" if resource in fhir_facts.ABOUT_OTHERS else "type_not_read"
    rows.reject(np.ones(count, dtype=np.bool_), reason)
    return rows.batch([])


def _unroutable(rows: Rows, known: dict[str, pa.Array]) -> None:
    for column, ids in known.items():
        found = pc.is_in(rows.text(column), value_set=ids)
        if column == "encounter":
            found = pc.or_(found, rows.text(column).is_null())
        rows.quarantine(~is_true(found), f"unknown_{column}")


def _rows(export: Export, resource: str, cells: Callable[[Any], dict[str, str | None]]) -> Rows:
    found: list[dict[str, str | None]] = []
    odd_lines = 0
    for item in export.of(resource):
        made = _cells(item, cells) if item and item.get("resourceType") == resource else None
        if made is None:
            odd_lines += 1
        else:
            found.append(made)
    # Parts of a panel make as many columns as the longest one needs.
    names = {**dict.fromkeys(fhir_cells.COLUMNS.get(resource, fhir_facts.COLUMNS))}
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
