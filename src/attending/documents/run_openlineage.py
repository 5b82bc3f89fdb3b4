"""A run as OpenLineage run events: cohort, features and fit, each with what went in and came out.

References:
    OpenLineage specification 2-0-2.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attending.digests import short
from attending.documents.openlineage import complete_event, facet

if TYPE_CHECKING:
    from attending.records.run import Run
    from attending.types import Instant

PRODUCER = "urn:attending:runs"
_SNAPSHOTS = "attending://snapshots"
_COHORTS = "attending://cohorts"
_FEATURES = "attending://features"
_REGISTRY = "attending://registry"


def run_events(run: Run, *, digest: str, version: str, at: Instant) -> tuple[dict[str, Any], ...]:
    """Return three COMPLETE events that lead from the snapshot to the model's files.

    Args:
        run: what they speak of.
        digest: the run's name.
        version: of attending, which processed it.
        at: when the run was made.
    """
    snapshot = _dataset(_SNAPSHOTS, short(run.snapshot), version=run.snapshot)
    cohort = _dataset(_COHORTS, run.model, version=run.cohort)
    features = _dataset(_FEATURES, run.model, version=run.feature_table)
    files = [
        _dataset(_REGISTRY, f"{run.model}/{item.name}", version=item.digest)
        for item in run.artifacts
    ]
    told: tuple[tuple[str, str, list[dict[str, Any]], list[dict[str, Any]]], ...] = (
        ("cohort/build", run.cohort, [snapshot], [cohort]),
        ("features/build", run.feature_table, [snapshot, cohort], [features]),
        ("train/fit", digest, [cohort, features], files),
    )
    events = [
        complete_event(producer=PRODUCER, job=f"{run.model}/{step}", of=of, at=at)
        | {"inputs": took, "outputs": gave}
        for step, of, took, gave in told
    ]
    for event in events:
        event["run"]["facets"] = {"processing_engine": _engine(version)}
        event["job"]["facets"] = {"jobType": _job_type()}
    events[-1]["run"]["facets"] |= {
        "executionParameters": _parameters(run),
        "attending_run": _named(run, digest),
    }
    return tuple(events)


def event_lines(events: tuple[dict[str, Any], ...]) -> bytes:
    r"""Return events as text, one a line, as OpenLineage's file transport writes them.

    >>> event_lines(({"a": 1}, {"b": 2}))
    b'{"a": 1}\n{"b": 2}\n'
    """
    return "".join(f"{json.dumps(event, sort_keys=True)}\n" for event in events).encode()


def _dataset(space: str, name: str, *, version: str) -> dict[str, Any]:
    told = {**_facet("1-0-1/DatasetVersionDatasetFacet.json"), "datasetVersion": version}
    return {"namespace": space, "name": name, "facets": {"version": told}}


def _facet(schema: str) -> dict[str, Any]:
    return facet(schema, producer=PRODUCER)


def _engine(version: str) -> dict[str, Any]:
    named = {"version": version, "name": "attending"}
    return {**_facet("1-1-1/ProcessingEngineRunFacet.json"), **named}


def _job_type() -> dict[str, Any]:
    told = {"processingType": "BATCH", "integration": "ATTENDING", "jobType": "STEP"}
    return {**_facet("2-0-4/JobTypeJobFacet.json"), **told}


def _parameters(run: Run) -> dict[str, Any]:
    asked = {"estimator": run.estimator, "seed": run.seed, **run.parameters}
    told = [{"key": key, "value": str(value)} for key, value in asked.items()]
    return {**_facet("1-0-0/ExecutionParametersRunFacet.json"), "parameters": told}


def _named(run: Run, digest: str) -> dict[str, Any]:
    """Return a facet of our own with the digests that the run record names."""
    return {
        "_producer": PRODUCER,
        "_schemaURL": f"{PRODUCER}:run-facet:1",
        "run": digest,
        "projectCommit": run.project_commit,
        "codeDigest": run.code_digest,
        "featureSet": run.feature_set,
        "label": run.label,
        "exploratory": run.exploratory,
    }
