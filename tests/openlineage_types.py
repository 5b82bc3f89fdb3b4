"""OpenLineage events read through the types that its own client generates from its JSON schemas."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import attr
from openlineage.client import generated
from openlineage.client.generated.base import (
    BaseFacet,
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
)

_TYPES: dict[str, Any] = {  # the client's classes
    kind._get_schema(): kind
    for found in pkgutil.iter_modules(generated.__path__)
    for _, kind in inspect.getmembers(
        importlib.import_module(f"{generated.__name__}.{found.name}"), inspect.isclass
    )
    if hasattr(kind, "_get_schema")
}


def read(event: dict[str, Any]) -> RunEvent:
    """Return an event as the client's type; what its schema does not know or lacks is an error.

    Raises:
        TypeError: a field that the schema does not know, or one that is missing.
        ValueError: an id, an instant or an address in another form.
    """
    told = dict(event)
    # The client writes its own schema's address; ours must be the same.
    if told.pop("schemaURL") != RunEvent._get_schema():
        raise ValueError("the event names another schema")
    told["run"] = Run(**_with_facets(told["run"]))
    told["job"] = Job(**_with_facets(told["job"]))
    told["inputs"] = [InputDataset(**_with_facets(one)) for one in told["inputs"]]
    told["outputs"] = [OutputDataset(**_with_facets(one)) for one in told["outputs"]]
    return RunEvent(**told)


def _with_facets(part: dict[str, Any]) -> dict[str, Any]:
    return {**part, "facets": {name: _facet(name, one) for name, one in part["facets"].items()}}


def _facet(name: str, facet: dict[str, Any]) -> BaseFacet:
    told = {key: value for key, value in facet.items() if key not in {"_producer", "_schemaURL"}}
    if name.startswith("attending_"):  # a facet of our own, as the specification allows
        return BaseFacet(producer=facet["_producer"])
    kind = _TYPES[facet["_schemaURL"]]
    unknown = told.keys() - {field.name for field in attr.fields(kind)}
    if unknown:
        raise TypeError(f"{name} does not know {sorted(unknown)}")
    made: BaseFacet = kind(**told, producer=facet["_producer"])
    return made
