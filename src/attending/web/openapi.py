"""What machines may ask, described as OpenAPI 3.1 from the wire models."""

from __future__ import annotations

from typing import Any

from attending import __version__
from attending.web.wire import PredictionAnswer, PredictionRequest

_REF = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "required": ["title", "status", "code", "message", "hint", "where"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "message": {"type": "string"},
        "hint": {"type": "string"},
        "where": {"type": "string"},
    },
}
_FHIR = "application/fhir+json"
_SLUG = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
_COUNT = {"type": "integer", "minimum": 0}
_ACCOUNT = {
    "type": "object",
    "required": ["code", "rows_in", "accepted", "quarantined", "rejected", "duplicate"],
    "properties": {
        "code": {"enum": ["AA", "AE", "AR"]},
        "made_before": {"type": "boolean"},
        **dict.fromkeys(("rows_in", "accepted", "quarantined", "rejected", "duplicate"), _COUNT),
        "letters": {"type": "array", "items": {"type": "object"}},
    },
}
_REFUSALS = {
    "400": "the address is malformed",
    "401": "nobody is signed in",
    "403": "who asks may not",
    "404": "there is no such model or prediction",
    "409": "no version stands in silent or later, or another score was made for that instant",
    "413": "the body is too large",
    "422": "a field is not what it must be",
    "503": "the store is down or the service is full; nothing was scored",
}


def described() -> dict[str, Any]:
    """Return the description.

    >>> sorted(described()["paths"])[-2:]
    ['/v1/openapi.json', '/v1/predictions/{request_id}']
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": "attending", "version": __version__},
        "paths": {
            "/v1/openapi.json": {"get": _operation("openapi", "This description.", {})},
            "/v1/models/{name}/predictions": {"post": _predict()},
            "/v1/predictions/{request_id}": {"get": _read()},
            "/v1/models/{name}/worklist": {"get": _worklist()},
            "/v1/intake": {"get": _operation("feeds", "What came from each feed.", {})},
            "/v1/intake/{feed}": {"post": _push()},
            "/v1/intake/{feed}/letters": {"get": _letters()},
        },
        "components": {"schemas": {**_schemas(), "Problem": _PROBLEM, "IntakeAccount": _ACCOUNT}},
    }


def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for model in (PredictionRequest, PredictionAnswer):
        schema = model.model_json_schema(ref_template=_REF)
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    return found


def _predict() -> dict[str, Any]:
    answer = _content("PredictionAnswer")
    made = {
        "201": {"description": "the prediction, which is kept", "content": answer},
        "200": {"description": "the prediction that was made before", "content": answer},
    }
    operation = _operation("predict", "A prediction for one patient.", made)
    operation["parameters"] = [_parameter("name", _SLUG)]
    operation["requestBody"] = {"required": True, "content": _content("PredictionRequest")}
    return operation


def _read() -> dict[str, Any]:
    said = "A stored prediction with all it was made from."
    kinds = {kind: {"schema": {"type": "object"}} for kind in ("application/json", _FHIR)}
    operation = _operation("prediction", said, {"200": {"description": said, "content": kinds}})
    operation["parameters"] = [_parameter("request_id", r"^[0-9a-f]{32}$")]
    return operation


_COUNT = {"type": "integer", "minimum": 0}


def _push() -> dict[str, Any]:
    """Return the push of a feed: FHIR is answered by an account, HL7 v2 in its own way."""
    answer = {"application/hl7-v2": {"schema": {"type": "string"}}}
    names = ("rows", "new", "known", "history", "before", "changed")
    counts = {"type": "object", "properties": dict.fromkeys(names, _COUNT)}
    one_of = [{"$ref": _REF.format(model="IntakeAccount")}, counts | {"required": ["rows"]}]
    account = {"application/json": {"schema": {"anyOf": one_of}}}
    taken = {"200": {"description": "taken, or taken before", "content": account | answer}}
    operation = _operation("push", "Events of one feed, taken once.", taken)
    for status in ("400", "422"):
        operation["responses"][status]["content"] |= answer
    operation["responses"]["415"] = operation["responses"]["413"] | {
        "description": "a body of another kind"
    }
    key = {"type": "string", "pattern": "^[!-~]{0,200}$"}
    header = {"name": "Idempotency-Key", "in": "header", "required": False, "schema": key}
    operation["parameters"] = [_parameter("feed", _SLUG), header]
    whole = {"schema": {"type": "object", "required": ["resourceType"]}}
    text = {"schema": {"type": "string"}}
    kinds = {"application/fhir+json": whole, "application/fhir+ndjson": text, "text/csv": text}
    operation["requestBody"] = {
        "required": True,
        "content": kinds | {"application/hl7-v2": text},
    }
    return operation


def _worklist() -> dict[str, Any]:
    rows = {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}}
    lines = {"text/csv": {"schema": {"type": "string"}}}
    answers = {"200": {"description": "whom to look at", "content": rows | lines}}
    operation = _operation("worklist", "Alerts of a model, unanswered first.", answers)
    text = {"in": "query", "required": False, "schema": {"type": "string"}}
    where = [{"name": name, **text} for name in ("site", "unit")]
    operation["parameters"] = [_parameter("name", _SLUG), *where]
    return operation


def _letters() -> dict[str, Any]:
    operation = _operation("letters", "Messages of which something was not taken.", {})
    operation["parameters"] = [_parameter("feed", _SLUG)]
    return operation


def _operation(name: str, says: str, answers: dict[str, Any]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(model="Problem")}}}
    refusals = {
        status: {"description": words, "content": problem} for status, words in _REFUSALS.items()
    }
    plain = {"200": {"description": says, "content": {"application/json": {"schema": {}}}}}
    return {"operationId": name, "summary": says, "responses": (answers or plain) | refusals}


def _content(model: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(model=model)}}}


def _parameter(name: str, pattern: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern, "maxLength": 64}
    return {"name": name, "in": "path", "required": True, "schema": schema}
