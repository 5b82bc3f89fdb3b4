"""Lineage of one catalogue feature as an OpenLineage run event.

References:
    OpenLineage specification 2-0-2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.documents.openlineage import complete_event, facet
from attending.features.lineage import value_column
from attending.specs.features import FeatureSpec

if TYPE_CHECKING:
    from attending.records.catalogue import CatalogueFeature, FeatureLineage
    from attending.types import Instant

PRODUCER = "urn:attending:features"
_FEATURES = "attending://features"
_REGISTRY = "attending://registry"
_FILTER = {"type": "INDIRECT", "subtype": "FILTER"}
_AGGREGATION = {"type": "DIRECT", "subtype": "AGGREGATION"}
_IDENTITY = {"type": "DIRECT", "subtype": "IDENTITY"}


def run_event(lineage: FeatureLineage, feature: CatalogueFeature, *, at: Instant) -> dict[str, Any]:
    """Return one COMPLETE event: source tables in, the feature and the models that use it out.

    The run's id comes from the lineage's digest, so the same lineage is the same run.

    Args:
        lineage: what a feature is read from and who uses it.
        feature: the version that it speaks of.
        at: when it was asked.
    """
    space = f"attending://snapshot/{lineage.snapshot}"
    asked = FeatureSpec.model_validate(feature.definition)
    ways = {"code": _FILTER, value_column(asked): _AGGREGATION}
    fed = [
        {"namespace": space, "name": one.table, "field": column, "transformations": [way]}
        for one in lineage.tables
        for column, way in ways.items()
    ]
    made = _output(_FEATURES, lineage.feature, column=feature.name, fed=fed, owner=feature.owner)
    made["facets"]["version"] = {
        **_facet("1-0-1/DatasetVersionDatasetFacet.json"),
        "datasetVersion": feature.definition_digest,
    }
    took = [
        {
            "namespace": _FEATURES,
            "name": lineage.feature,
            "field": feature.name,
            "transformations": [_IDENTITY],
        }
    ]
    models = [_output(_REGISTRY, one, column=feature.name, fed=took) for one in lineage.models]
    event = complete_event(
        producer=PRODUCER, job=f"features/{lineage.feature}", of=lineage.digest, at=at
    )
    event["inputs"] = [
        {"namespace": space, "name": one.table, "facets": _fields(one.codes)}
        for one in lineage.tables
    ]
    event["outputs"] = [made, *models]
    return event


def _facet(schema: str) -> dict[str, Any]:
    return facet(schema, producer=PRODUCER)


def _fields(codes: tuple[str, ...]) -> dict[str, Any]:
    """Return which codes of a table are read, said of the column that holds them."""
    told = {"name": "code", "type": "string", "description": "reads " + ", ".join(codes)}
    return {"schema": {**_facet("1-2-0/SchemaDatasetFacet.json"), "fields": [told]}}


def _output(
    space: str, name: str, *, column: str, fed: list[dict[str, Any]], owner: str = ""
) -> dict[str, Any]:
    facets: dict[str, Any] = {
        "columnLineage": {
            **_facet("1-2-0/ColumnLineageDatasetFacet.json"),
            "fields": {column: {"inputFields": fed}},
        }
    }
    if owner:
        owners = [{"name": owner, "type": "OWNER"}]
        facets["ownership"] = {**_facet("1-0-1/OwnershipDatasetFacet.json"), "owners": owners}
    return {"namespace": space, "name": name, "facets": facets}
