"""Find FHIR resources by type: bulk NDJSON, one file a type, or a folder of Bundles."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from attending.errors import BadInput
from attending.ingest.fhir_cells import identifier
from attending.ingest.tables import Truncated, require

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader
    from pathlib import Path

#: Without these a folder of bulk data is not whole.
NEEDED = ("Patient", "Encounter", "Observation", "Condition")
_PLAIN, _PACKED = ".ndjson", ".ndjson.gz"
#: Bytes of a line; a longer one is no resource of ours and is never held whole.
_LONGEST = 16 << 20
_URN = "urn:uuid:"


class Export:
    """The resources of one folder, by type; None stands for a line or entry that is none.

    Raises:
        NotFound: there is no folder, or a type that must be there has no file.
        BadInput: a JSON file is no Bundle, or no Bundle has a Patient.
        Truncated: a file is cut short.
    """

    def __init__(self, folder: Path) -> None:
        self._bundles: dict[str, list[Any]] = {}
        bundles = sorted(folder.glob("*.json")) if folder.is_dir() else []
        lines = folder.is_dir() and any(folder.glob(f"*{_PLAIN}*"))
        if bundles and not lines:
            self.paths = bundles
            self._read_bundles()
        else:
            self._by_type = {name: _file(folder, name) for name in NEEDED}
            for path in sorted(folder.glob(f"*{_PLAIN}*")):
                self._by_type.setdefault(path.name.partition(".")[0], path)
            self.paths = [self._by_type[name] for name in self.types]

    @property
    def types(self) -> list[str]:
        """Return the types that have resources; those that others refer to come first."""
        found = self._bundles or self._by_type
        return [*NEEDED, *sorted(set(found) - set(NEEDED))]

    def of(self, resource: str) -> Iterator[Any]:
        """Iterate over the resources of one type; those of Bundles are given once."""
        if self._bundles:
            yield from self._bundles.get(resource, [])
        else:
            yield from read_lines(self._by_type[resource])

    def first(self) -> Any:  # noqa: ANN401 - JSON
        """Return the first Patient."""
        return next(iter(self.of("Patient")), None) or {}

    def _read_bundles(self) -> None:
        for path in self.paths:
            for item in _entries(path):
                kind = item.get("resourceType") if isinstance(item, dict) else None
                self._bundles.setdefault(str(kind), []).append(item)
        if "Patient" not in self._bundles:
            raise BadInput(
                f"{len(self.paths)} JSON files hold no Patient",
                code="ingest.no_patient",
                hint="Name a folder of FHIR Bundles, or of bulk NDJSON files by type.",
            )


def read_lines(path: Path) -> Iterator[Any]:
    """Iterate over the resources of an NDJSON file, None for a line that is not one.

    Raises:
        Truncated: the compressed bytes end too early.
    """
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


def _entries(path: Path) -> Iterator[Any]:
    try:
        bundle = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Truncated("this is not whole JSON", where=path.name) from error
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise BadInput(
            "expected a Bundle",
            code="ingest.not_a_bundle",
            hint="Keep other JSON files out of the folder.",
            where=path.name,
        )
    for entry in bundle.get("entry") or []:
        yield _resource_of(entry)


def _resource_of(entry: Any) -> Any:  # noqa: ANN401 - JSON
    """Return an entry's resource under the id that the other entries know it by."""
    item = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(item, dict):
        return None
    url = entry.get("fullUrl")
    if isinstance(url, str) and (url.startswith(_URN) or not item.get("id")):
        item = {**item, "id": identifier(url)}
    return item if identifier(item.get("id")) else None


def _file(folder: Path, resource: str) -> Path:
    plain = folder / f"{resource}{_PLAIN}"
    name = plain.name if plain.is_file() else f"{resource}{_PACKED}"
    return require(folder, name, of="FHIR bulk data")
