"""The kinds of source that can be ingested, by name."""

from __future__ import annotations

from attending.ingest import fhir, hospital, mimic, physionet
from attending.ingest.packaged import packaged
from attending.ingest.source import Source
from attending.registry import Registry

SOURCES: Registry[Source] = Registry("source")
SOURCES.add("hospital", Source(hospital.describe, hospital.read))
SOURCES.add("fhir", Source(fhir.describe, fhir.read))
SOURCES.add("mimic-iv", Source(mimic.describe, mimic.read))
SOURCES.add("physionet-2012", Source(physionet.describe, physionet.read, published_ids=True))
for _name in ("omop", "synthea", "diabetes-130"):
    SOURCES.add(_name, packaged(_name))
