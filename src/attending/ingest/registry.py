"""The kinds of source that can be ingested, by name."""

from __future__ import annotations

from attending.ingest import fhir, hospital, meds, mimic, physionet
from attending.ingest.mapped import builtin
from attending.ingest.source import Source
from attending.registry import Registry

SOURCES: Registry[Source] = Registry("source")
SOURCES.add("hospital", Source(hospital.describe, hospital.read))
SOURCES.add("fhir", Source(fhir.describe, fhir.read))
SOURCES.add("mimic-iv", Source(mimic.describe, mimic.read))
SOURCES.add("physionet-2012", Source(physionet.describe, physionet.read, published_ids=True))
SOURCES.add("diabetes-130", builtin("diabetes-130", published_ids=True))
SOURCES.add("omop", builtin("omop"))
SOURCES.add("synthea", builtin("synthea"))
SOURCES.add("meds", Source(meds.describe, meds.read))
