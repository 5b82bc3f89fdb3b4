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
from attending.ingest import fhir_cells, fhir_facts, fhir_links, fhir_resources
from attending.ingest.batch import Batch, Origin
from attending.ingest.blocks import Seen
from attending.ingest.cells import is_true
from attending.ingest.fhir_files import Export
from attending.ingest.rows import Rows
from attending.records.snapshot import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from attending.ingest.fhir_given import Given
    from attending.ingest.pseudonyms import Pseudonyms

SYSTEM = "fhir"
#: Resources that are held at once; patients and stays are held all, others refer to them.
BLOCK = 20_000
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
    yield from read_resources(Export(folder), keys=keys)


def read_resources(
    export: Export | Given, *, keys: Pseudonyms, strangers: bool = False
) -> Iterator[Batch]:
    """Iterate over the resource types of an export, or of what a request brought.

    Args:
        export: the resources.
        keys: make pseudonyms of ids.
        strangers: whether facts about patients and stays that are not among the resources count.

    Raises:
        Truncated: a file ends too early.
    """
    people = _whole(export, "Patient", fhir_cells.patient)
    people.drop_repeated(["id"])
    yield fhir_links.links(people, system=SYSTEM, keys=keys)
    known = {} if strangers else {"patient": pc.unique(people.text("id"))}
    stays = _whole(export, "Encounter", fhir_cells.encounter)
    stays.drop_repeated(["id"])
    _unroutable(stays, known)
    yield fhir_resources.patients(people, stays=stays, keys=keys)
    yield fhir_resources.encounters(stays, keys=keys)
    if not strangers:
        known["encounter"] = pc.unique(stays.text("id"))
    del people, stays
    yield from _in_blocks(export, known, keys=keys)


def _in_blocks(
    export: Export | Given, known: dict[str, pa.Array], *, keys: Pseudonyms
) -> Iterator[Batch]:
    """Yield the other types, `BLOCK` resources at a time; each gives one batch at least."""
    types = [_Type(name, known, keys) for name in export.types[2:]]
    for one in types:
        yield one.nothing()  # tables stand in one order, whatever comes first in Bundles
    named = {one.name: one for one in types}
    for name, item in export.all_of(list(named)):
        waiting = named[name].add(item)
        if waiting >= BLOCK:
            yield named[name].batch()
    for one in types:
        if one.waits:
            yield one.batch()


class _Type:
    """The resources of one type that wait for their block to be full."""

    def __init__(self, name: str, known: dict[str, pa.Array], keys: Pseudonyms) -> None:
        self.name = name
        self.waits = True  # until there was one batch
        self._known, self._keys = known, keys
        self._seen = Seen()
        self._found: list[dict[str, str | None]] = []
        self._others = 0

    def nothing(self) -> Batch:
        """Return a batch without rows."""
        return _table(self.name, [], odd_lines=0).batch([])

    def add(self, item: Any) -> int:  # noqa: ANN401 - JSON
        """Return how many wait, after taking in one more."""
        self.waits = True
        made = None
        if self.name in _READERS:
            made = _made(item, self.name, _READERS[self.name][0])
        if made is None:
            self._others += 1
        else:
            self._found.append(made)
        return len(self._found) + self._others

    def batch(self) -> Batch:
        """Return what those that wait give; then none waits."""
        found, others = self._found, self._others
        self._found, self._others, self.waits = [], 0, False
        if self.name not in _READERS:
            return _unread(self.name, others)
        rows = _table(self.name, found, odd_lines=others)
        rows.drop(self._seen.again(np.array([_number(row) for row in found], dtype=np.uint64)))
        _unroutable(rows, self._known)
        return _READERS[self.name][1](rows, keys=self._keys)


def _number(row: dict[str, str | None]) -> int:
    """Return a number of a resource's cells, the same for the same cells within this process."""
    return hash(frozenset(cell for cell in row.items() if cell[1] is not None)) % (1 << 64)


def _unread(resource: str, count: int) -> Batch:
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


def _whole(
    export: Export | Given, resource: str, cells: Callable[[Any], dict[str, str | None]]
) -> Rows:
    made = [_made(item, resource, cells) for item in export.of(resource)]
    found = [row for row in made if row is not None]
    return _table(resource, found, odd_lines=len(made) - len(found))


def _table(resource: str, found: list[dict[str, str | None]], *, odd_lines: int) -> Rows:
    # Parts of a panel make as many columns as the longest one needs.
    names = {**dict.fromkeys(fhir_cells.COLUMNS.get(resource, fhir_facts.COLUMNS))}
    for row in found:
        names.update(dict.fromkeys(row))
    schema = pa.schema([pa.field(name, pa.string()) for name in names])
    table = pa.Table.from_pylist(found, schema=schema)
    return Rows(SYSTEM, resource, table, odd_lines=odd_lines, named_by=("id",))


def _made(
    item: Any,  # noqa: ANN401 - JSON
    resource: str,
    cells: Callable[[Any], dict[str, str | None]],
) -> dict[str, str | None] | None:
    """Return the cells of a resource, None where it is none, or not of the type that is read."""
    return _cells(item, cells) if item and item.get("resourceType") == resource else None


def _cells(
    item: Any,  # noqa: ANN401 - JSON
    cells: Callable[[Any], dict[str, str | None]],
) -> dict[str, str | None] | None:
    """Return the cells of a resource, None when its parts are not of the kinds that FHIR says."""
    try:
        return cells(item)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
