"""Mappings that come with us, for formats that many sites have."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from attending.errors import NotFound
from attending.ingest.mapped import mapped_source
from attending.ingest.source import Source
from attending.specs.mapping import MappingSpec
from attending.specs.read_yaml import parse_spec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from attending.ingest.batch import Batch, Origin
    from attending.ingest.pseudonyms import Pseudonyms

#: What the folder of each source holds, as who has it knows it.
_HOLDS = {
    "diabetes-130": "the Diabetes 130-US download, dataset_diabetes.zip",
    "omop": "OMOP CDM tables as CSV",
    "synthea": "Synthea's CSV export",
}
#: Sets whose patients have ids that are printed in public.
_PUBLISHED = frozenset({"diabetes-130"})


@cache
def packaged_mapping(name: str) -> MappingSpec:
    """Return one of our mappings.

    >>> packaged_mapping("omop").system
    'omop'
    """
    text = resources.files("attending.ingest").joinpath("mappings", f"{name}.yaml").read_bytes()
    return parse_spec(text, MappingSpec, name=f"{name}.yaml")


def packaged(name: str) -> Source:
    """Return the source that one of our mappings describes; it is read at its first use."""

    def describe(folder: Path) -> Origin:
        if not folder.is_dir():
            raise NotFound(
                f"there is no folder {folder.name}",
                code="ingest.missing_folder",
                hint=f"Name the folder with {_HOLDS[name]}.",
            )
        return mapped_source(packaged_mapping(name)).describe(folder)

    def read(folder: Path, *, keys: Pseudonyms) -> Iterator[Batch]:
        return mapped_source(packaged_mapping(name)).read(folder, keys=keys)

    return Source(describe, read, published_ids=name in _PUBLISHED)
