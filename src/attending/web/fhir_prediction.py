"""A stored prediction as FHIR R4: a RiskAssessment, and the Provenance that says what made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Under which system pseudonyms and digests stand.
PSEUDONYMS = "urn:attending:pseudonym"
_URI = "urn:ietf:rfc:3986"
_AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
#: What the prediction names by its digest, and what each is.
_MADE_FROM = {
    "artifact": "the model's files",
    "run": "the run that made the model",
    "features": "the definitions of the inputs",
    "release": "the signed release plan",
    "verdict": "the verdict that was obeyed",
    "events": "the events that were read",
}


def as_fhir(request_id: str, content: Mapping[str, Any], *, outcome: str) -> dict[str, Any]:
    """Return a Bundle of both resources.

    A fallback's points are no probability and stand as words. Where there is no score the
    assessment is `cancelled`, and its notes say why.

    Args:
        request_id: of the prediction.
        content: as it is stored.
        outcome: what is foretold, in the words of the signed plan.

    >>> at = "2026-03-02T06:00:00Z"
    >>> made = {"model": "m", "version": "v1", "stage": "live", "kind": "no_score", "score": None,
    ...         "subject_id": "7", "encounter_id": None, "prediction_time": at, "reasons": "x"}
    >>> as_fhir("a" * 32, made, outcome="readmission")["entry"][0]["resource"]["status"]
    'cancelled'
    """
    risk = _risk(request_id, content, outcome=outcome)
    resources = (risk, _provenance(request_id, content))
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": f"urn:uuid:{_uuid(request_id, last=at)}", "resource": one}
            for at, one in enumerate(resources)
        ],
    }


def _uuid(request_id: str, *, last: int) -> str:
    text = request_id[:-1] + format((int(request_id[-1], 16) + last) % 16, "x")
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _risk(request_id: str, content: Mapping[str, Any], *, outcome: str) -> dict[str, Any]:
    found = {
        "resourceType": "RiskAssessment",
        "id": request_id,
        "status": "cancelled" if content["kind"] == "no_score" else "final",
        "subject": _who("Patient", content["subject_id"]),
        "occurrenceDateTime": content["prediction_time"],
        "method": {"text": content.get("scored_by") or f"{content['model']} {content['version']}"},
    }
    if content["encounter_id"] is not None:
        found["encounter"] = _who("Encounter", content["encounter_id"])
    if content["kind"] != "no_score":
        found["prediction"] = [_prediction(content, outcome=outcome)]
    if notes := list(_notes(content)):
        found["note"] = [{"text": text} for text in notes]
    return found


def _who(kind: str, pseudonym: str) -> dict[str, Any]:
    return {"type": kind, "identifier": {"system": PSEUDONYMS, "value": str(pseudonym)}}


def _prediction(content: Mapping[str, Any], *, outcome: str) -> dict[str, Any]:
    told: dict[str, Any] = {"outcome": {"text": outcome}}
    if content["kind"] == "live":  # FHIR says a probability as a percentage
        told["probabilityDecimal"] = round(100 * content["score"], 10)
    words = content.get("band") or ""
    points = "" if content["kind"] == "live" else f"{content['score']:g} points"
    if said := ", ".join(one for one in (points, words) if one):
        told["qualitativeRisk"] = {"text": said}
    if content.get("rationale"):
        told["rationale"] = content["rationale"]
    return told


def _notes(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the stage, why there is no live score, and what was degraded."""
    yield f"Stage {content['stage']}. Decision support; reasons are not causes."
    yield from (f"{word}" for word in content["reasons"].split(";") if word)


def _provenance(request_id: str, content: Mapping[str, Any]) -> dict[str, Any]:
    entities = [
        {
            "role": "source",
            "what": {
                "display": words,
                "identifier": {"system": _URI, "value": f"urn:sha256:{content[name]}"},
            },
        }
        for name, words in _MADE_FROM.items()
        if content.get(name)
    ]
    kind = {"coding": [{"system": _AGENT, "code": "assembler"}]}
    found: dict[str, Any] = {
        "resourceType": "Provenance",
        "target": [{"reference": f"RiskAssessment/{request_id}"}],
        "occurredDateTime": content["prediction_time"],
        "recorded": content.get("made_at", content["prediction_time"]),
        "agent": [{"type": kind, "who": {"display": f"{content['model']} {content['version']}"}}],
    }
    return found | ({"entity": entities} if entities else {})
