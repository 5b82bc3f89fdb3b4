"""An OpenLineage event, held against the fields that its specification requires."""

from __future__ import annotations

import uuid

from attending.times import parse_instant

#: What OpenLineage 2-0-2 and its facets require -> of which kind.
FACETS: dict[str, tuple[str, dict[str, type]]] = {
    "columnLineage": ("1-2-0/ColumnLineageDatasetFacet", {"fields": dict}),
    "schema": ("1-2-0/SchemaDatasetFacet", {"fields": list}),
    "ownership": ("1-0-1/OwnershipDatasetFacet", {"owners": list}),
    "version": ("1-0-1/DatasetVersionDatasetFacet", {"datasetVersion": str}),
}


def refuse_bad_event(event):
    """Check an event against the fields that OpenLineage requires."""
    assert event["schemaURL"] == (
        "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
    )
    parse_instant(event["eventTime"])
    assert event["eventType"] in {"START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"}
    assert str(uuid.UUID(event["run"]["runId"])) == event["run"]["runId"]
    assert ":" in event["producer"]
    assert event["job"]["namespace"]
    assert event["job"]["name"]
    for dataset in (*event["inputs"], *event["outputs"]):
        assert dataset["namespace"]
        assert dataset["name"]
        for name, facet in dataset["facets"].items():
            schema, needs = FACETS[name]
            kind = schema.partition("/")[2]
            assert facet["_schemaURL"] == (
                f"https://openlineage.io/spec/facets/{schema}.json#/$defs/{kind}"
            )
            assert facet["_producer"] == event["producer"]
            assert all(isinstance(facet[field], wanted) for field, wanted in needs.items())
        for fed in dataset["facets"].get("columnLineage", {"fields": {}})["fields"].values():
            for one in fed["inputFields"]:
                assert {"namespace", "name", "field"} <= set(one)
                assert {each["type"] for each in one["transformations"]} <= {"DIRECT", "INDIRECT"}
