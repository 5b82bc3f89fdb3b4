"""FHIR resources that a feed pushes: one Bundle, one resource, or lines of resources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attending.errors import BadInput
from attending.ingest.fhir import SYSTEM, read_resources
from attending.ingest.fhir_bundles import once
from attending.ingest.fhir_cells import identifier, last_day
from attending.ingest.fhir_given import Given
from attending.ingest.heard import Heard, Naming, heard
from attending.ingest.pseudonyms import Pseudonyms
from attending.times import parse_instant, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Where a resource says when it became what it is; the first that is there counts.
_UPDATED = ("issued", "recordedDate", "authoredOn", "dateAsserted")
#: Stands for an entry or a line that is no resource, so that it is counted.
_NOTHING = {"resourceType": "no_resource"}
#: Names of these resources are ids of patients; a letter says only the type.
_WHO = ("Patient", "Encounter")


def hear_fhir(resources: Sequence[Mapping[str, Any]], *, key: bytes, received: int) -> Heard:
    """Return what resources say; facts about patients who are not among them count.

    Args:
        resources: FHIR R4.
        key: 32 bytes for pseudonyms.
        received: when they came, in microseconds; the instant of what says none of its own.
    """
    named = [(str(one.get("resourceType")), identifier(one.get("id")), one) for one in resources]
    versions = {
        (f"{SYSTEM}/{kind}", name): _updated(one, received) for kind, name, one in named if name
    }
    places = {name: f"{kind}/{name}" for kind, name, _ in named if name and kind not in _WHO}
    batches = read_resources(Given(resources), keys=Pseudonyms(key), strangers=True)
    return heard(batches, Naming(key, received, versions, places))


def read_resource(data: bytes) -> list[dict[str, Any]]:
    """Return the resources that a body of JSON holds.

    Raises:
        BadInput: it is no JSON, or no FHIR resource.
    """
    return resources_of(_json(data))


def read_lines(data: bytes) -> list[dict[str, Any]]:
    """Return the resources of lines of JSON; a line that is none is counted as not read.

    Raises:
        BadInput: no line at all.
    """
    lines = [line for line in data.splitlines() if line.strip()]
    if not lines:
        raise BadInput("got a body without a line", code="intake.not_fhir")
    return [_line(line) for line in lines]


def _line(line: bytes) -> dict[str, Any]:
    try:
        found = _json(line)
    except BadInput:
        return dict(_NOTHING)
    return found if isinstance(found, dict) else dict(_NOTHING)


def _json(data: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise BadInput("got a body that is not JSON in UTF-8", code="intake.not_json") from None


def resources_of(body: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Return the resources of a Bundle, or the one resource that a body is.

    Raises:
        BadInput: it is neither.
    """
    if not isinstance(body, dict) or not isinstance(body.get("resourceType"), str):
        raise BadInput("expected a FHIR resource", code="intake.not_fhir")
    if body["resourceType"] != "Bundle":
        return [body]
    return list(_entries(body))


def _entries(bundle: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    entries = bundle.get("entry") or []
    if not isinstance(entries, list):
        raise BadInput("expected 'entry' to be a list", code="intake.not_fhir")
    for one in entries:
        item = one.get("resource") if isinstance(one, dict) else None
        # An entry without a resource is counted, as one that is not read.
        yield item if isinstance(item, dict) else dict(_NOTHING)


def _updated(item: Mapping[str, Any], otherwise: int) -> int:
    meta = item.get("meta")
    said = [meta.get("lastUpdated") if isinstance(meta, dict) else None]
    said += [item.get(name) for name in _UPDATED]
    for text in said:
        if isinstance(text, str):
            try:
                return to_micros(parse_instant(last_day(text) or ""))
            except BadInput:
                continue
    return otherwise
