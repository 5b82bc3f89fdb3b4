"""The kinds of source that can be ingested, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attending.ingest import fhir, hospital, mimic, physionet
from attending.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from attending.ingest.batch import Batch, Origin
    from attending.ingest.pseudonyms import Pseudonyms


class Source(Protocol):
    """A kind of source: what a folder of it says of itself, and its tables one by one."""

    @staticmethod
    def describe(folder: Path) -> Origin:
        """Return what the source says of itself, after checking that its files are whole."""
        ...

    @staticmethod
    def read(folder: Path, *, keys: Pseudonyms) -> Iterator[Batch]:
        """Iterate over the tables of the source."""
        ...


SOURCES: Registry[Source] = Registry("source")
SOURCES.add("hospital", hospital)
SOURCES.add("fhir", fhir)
SOURCES.add("mimic-iv", mimic)
SOURCES.add("physionet-2012", physionet)
