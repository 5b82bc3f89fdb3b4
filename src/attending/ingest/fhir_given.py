"""FHIR resources that a request brings, by type, as an export gives those of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.ingest.fhir_cells import identifier
from attending.ingest.fhir_files import in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Given:
    """The resources of one request, by type, as `Export` gives those of a folder."""

    def __init__(self, resources: Sequence[Mapping[str, Any]]) -> None:
        self._by_type: dict[str, list[Any]] = {}
        for item in resources:
            whole = item if identifier(item.get("id")) else None
            self._by_type.setdefault(str(item.get("resourceType")), []).append(whole)
        self.types = in_order(self._by_type)

    def of(self, resource: str) -> Iterator[Any]:
        """Iterate over the resources of one type; None stands for one without an id."""
        return iter(self._by_type.get(resource, ()))

    def all_of(self, types: Sequence[str]) -> Iterator[tuple[str, Any]]:
        """Iterate over the resources of some types, each with its type."""
        for name in types:
            yield from ((name, item) for item in self.of(name))
