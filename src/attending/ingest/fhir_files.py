"""Find FHIR resources by type: bulk NDJSON, one file a type, or a folder of Bundles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attending.errors import BadInput
from attending.ingest.fhir_bundles import LONGEST, Nothing, bundle_entries, once
from attending.ingest.fhir_cells import identifier
from attending.ingest.files import ordinary, require
from attending.ingest.first_bytes import require_kind
from attending.ingest.unpack import opened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from io import BufferedReader
    from pathlib import Path

#: Without these a folder of bulk data is not whole.
NEEDED = ("Patient", "Encounter", "Observation", "Condition")
_PLAIN, _PACKED = ".ndjson", ".ndjson.gz"
_URN = "urn:uuid:"


class Export:
    """The resources of one folder, by type; None stands for a line or entry that is none.

    Raises:
        NotFound: there is no folder, or a type that must be there has no file.
        BadInput: a JSON file is no Bundle, or no Bundle has a Patient.
        Truncated: a file is cut short.
    """

    def __init__(self, folder: Path) -> None:
        bundles = [ordinary(folder, path) for path in _sorted(folder, "*.json")]
        lines = [ordinary(folder, path) for path in _sorted(folder, f"*{_PLAIN}*")]
        self._by_type: dict[str, Path] = {}
        if bundles and not lines:
            self.paths = bundles
            self.types = self._types_of_bundles()
            return
        self._by_type = {name: _file(folder, name) for name in NEEDED}
        for path in lines:
            self._by_type.setdefault(path.name.partition(".")[0], path)
        self.types = in_order(self._by_type)
        self.paths = [self._by_type[name] for name in self.types]

    def of(self, resource: str) -> Iterator[Any]:
        """Iterate over the resources of one type."""
        return (item for _, item in self.all_of([resource]))

    def all_of(self, types: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """Iterate over the resources of some types, each with its type.

        Those of bulk data come by type, those of Bundles as they stand there.
        """
        if self._by_type:
            for name in types:
                yield from ((name, item) for item in read_lines(self._by_type[name]))
            return
        wanted = set(types)
        yield from ((name, item) for name, item in self._of_bundles() if name in wanted)

    def first(self) -> Any:  # noqa: ANN401 - JSON
        """Return the first Patient."""
        return next(self.of("Patient"), None) or {}

    def _of_bundles(self) -> Iterator[tuple[str, Any]]:
        for path in self.paths:
            nothing = Nothing(path.name)
            for item in map(_resource_of, bundle_entries(path)):
                if item is None:
                    nothing.count()
                kind = item.get("resourceType") if isinstance(item, dict) else None
                yield str(kind), item

    def _types_of_bundles(self) -> list[str]:
        found = {name for name, _ in self._of_bundles()}
        if "Patient" not in found:
            raise BadInput(
                f"{len(self.paths)} JSON files hold no Patient",
                code="ingest.no_patient",
                hint="Name a folder of FHIR Bundles, or of bulk NDJSON files by type.",
            )
        return in_order(found)


def in_order(types: Iterable[str]) -> list[str]:
    """Return types; those that others refer to come first."""
    return [*NEEDED, *sorted(set(types) - set(NEEDED))]


def read_lines(path: Path) -> Iterator[Any]:
    """Iterate over the resources of an NDJSON file, None for a line that is not one.

    Raises:
        Truncated: the compressed bytes end too early.
        BadInput: it is a file of another kind, or unpacks to far more than its size.
    """
    with opened(path, where=path.name) as stream:
        require_kind(stream.peek(64), expected="lines of JSON", where=path.name)
        nothing = Nothing(path.name)
        for line in _lines(stream):
            item = _resource(line) if line.strip() else None
            if item is None:
                nothing.count()
            if line.strip():
                yield item


def _lines(stream: BufferedReader) -> Iterator[bytes]:
    """Iterate over lines; of one that is too long, over its beginning only."""
    while line := stream.readline(LONGEST):
        rest = line
        while len(rest) == LONGEST and not rest.endswith(b"\n"):
            rest = stream.readline(LONGEST)
        yield line


def _resource(line: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        found = json.loads(line, object_pairs_hook=once)
        if b"\\u" in line:
            json.dumps(found, ensure_ascii=False).encode()  # half a character is no text
    except (ValueError, RecursionError):  # not JSON, or nested deeper than any resource is
        return None
    return found if isinstance(found, dict) and identifier(found.get("id")) else None


def _resource_of(entry: Any) -> Any:  # noqa: ANN401 - JSON
    """Return an entry's resource under the id that the other entries know it by."""
    item = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(item, dict):
        return None
    url = entry.get("fullUrl")
    if isinstance(url, str) and (url.startswith(_URN) or not item.get("id")):
        item = {**item, "id": identifier(url)}
    return item if identifier(item.get("id")) else None


def _sorted(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern)) if folder.is_dir() else []


def _file(folder: Path, resource: str) -> Path:
    plain = folder / f"{resource}{_PLAIN}"
    name = plain.name if plain.exists() else f"{resource}{_PACKED}"
    return require(folder, name, of="FHIR bulk data")
