"""What every OpenLineage event of ours holds: who made it, its facets, and ids that repeat.

References:
    OpenLineage specification 2-0-2.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from attending.times import format_instant

if TYPE_CHECKING:
    from attending.types import Instant

SPEC = "https://openlineage.io/spec"


def facet(schema: str, *, producer: str) -> dict[str, Any]:
    """Return what every facet begins with: its producer and its schema.

    >>> facet("1-0-1/DatasetVersionDatasetFacet.json", producer="urn:x")["_schemaURL"][-26:]
    'DatasetVersionDatasetFacet'
    """
    name = schema.partition("/")[2].removesuffix(".json")
    return {"_producer": producer, "_schemaURL": f"{SPEC}/facets/{schema}#/$defs/{name}"}


def complete_event(*, producer: str, job: str, of: str, at: Instant) -> dict[str, Any]:
    """Return a COMPLETE run event without inputs and outputs.

    Args:
        producer: a URI.
        job: its name in our namespace.
        of: a digest; the same one gives the same run id.
        at: when.
    """
    return {
        "eventType": "COMPLETE",
        "eventTime": format_instant(at),
        "producer": producer,
        "schemaURL": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_OID, of)), "facets": {}},
        "job": {"namespace": "attending", "name": job, "facets": {}},
        "inputs": [],
        "outputs": [],
    }
