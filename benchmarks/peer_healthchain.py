"""What healthchain's models of CDS Hooks say of our answers, and calls that it makes, frozen.

healthchain is a public client and server of CDS Hooks; its pydantic models read discovery and cards
and make calls and feedback. It runs alone in its environment, and what it said stands in the tests.

Two fields that the specification calls optional must be present for its models, be they null:
`isRecommended` of a suggestion, and `autoLaunchable` of a link (`autolaunchable` in the
specification). They are set to null where they are absent, in ours and in the specification's own
examples alike; nothing else is changed. It takes fields that it does not know; those of ours that
it passed over are told as `passed_over`.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from healthchain.models import CDSFeedback, CDSRequest, CDSResponse, CDSServiceInformation
from healthchain.models.hooks import EncounterDischargeContext, PatientViewContext
from pydantic import ValidationError

CARD = {"summary": "S", "indicator": "info", "source": {"label": "L"}}
SERVICE = {"hook": "patient-view", "description": "D", "id": "one"}
#: What it must refuse, or its yes would say nothing.
BROKEN = {
    "a card without a source": {"cards": [{"summary": "S", "indicator": "info"}]},
    "a card of another urgency": {"cards": [CARD | {"indicator": "hard-stop"}]},
    "a summary of 141 characters": {"cards": [CARD | {"summary": "S" * 141}]},
    "a suggestion without its label": {
        "cards": [CARD | {"suggestions": [{"uuid": "1"}], "selectionBehavior": "any"}]
    },
    "an override reason without a code": {
        "cards": [CARD | {"overrideReasons": [{"display": "D", "system": "urn:x"}]}]
    },
    "a link to no address": {
        "cards": [CARD | {"links": [{"label": "L", "url": "here", "type": "absolute"}]}]
    },
    "a service without a description": {"services": [{"hook": "patient-view", "id": "one"}]},
    "a service without an id": {"services": [{"hook": "patient-view", "description": "D"}]},
    "services that are no list": {"services": SERVICE},
}
#: The examples of the specification 2.0, of discovery and of a response.
PUBLISHED = {
    "discovery": {
        "services": [
            {
                "hook": "patient-view",
                "title": "Static CDS Service Example",
                "description": "An example of a CDS Service that returns a static set of cards",
                "id": "static-patient-greeter",
                "prefetch": {"patientToGreet": "Patient/{{context.patientId}}"},
            }
        ]
    },
    "response": {
        "cards": [
            {
                "uuid": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
                "summary": "Example Card",
                "indicator": "info",
                "detail": "This is an example card.",
                "source": {
                    "label": "Static CDS Service Example",
                    "url": "https://example.com",
                    "icon": "https://example.com/img/icon-100px.png",
                },
                "links": [
                    {"label": "Google", "url": "https://google.com", "type": "absolute"},
                    {
                        "label": "SMART Example App",
                        "url": "https://smart.example.com/launch",
                        "type": "smart",
                        "appContext": '{"session":3456356,"settings":{"module":4235}}',
                    },
                ],
            },
            {
                "summary": "Another card",
                "indicator": "warning",
                "source": {"label": "Static CDS Service Example"},
            },
        ]
    },
}
PATIENT = {"resourceType": "Patient", "id": "p1", "birthDate": "1950-05-17"}
EMPTY = {"resourceType": "Bundle", "type": "searchset"}


def said(answer: dict[str, Any]) -> dict[str, Any]:
    """Return whether its models take an answer, and which fields of it they passed over."""
    model = CDSServiceInformation if "services" in answer else CDSResponse
    try:
        read = model.model_validate(_present(answer))
    except ValidationError as error:
        where = [".".join(map(str, one["loc"])) for one in error.errors()]
        return {"accepted": False, "where": sorted(where)}
    again = read.model_dump(mode="json", exclude_unset=True)
    return {"accepted": True, "passed_over": sorted(_less(answer, again, ""))}


def _present(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with the two optional fields that the models want present."""
    copy = json.loads(json.dumps(answer))
    for card in copy.get("cards", ()):
        for one in card.get("suggestions", ()):
            one.setdefault("isRecommended", None)
        for one in card.get("links", ()):
            one.setdefault("autoLaunchable", None)
    return copy


def _less(sent: Any, read: Any, at: str) -> list[str]:  # noqa: ANN401 - JSON
    if isinstance(sent, dict) and isinstance(read, dict):
        gone = [f"{at}.{name}" for name in sent if name not in read]
        both = (name for name in sent if name in read)
        return gone + [
            path for name in both for path in _less(sent[name], read[name], f"{at}.{name}")
        ]
    if isinstance(sent, list) and isinstance(read, list):
        pairs = enumerate(zip(sent, read, strict=True))
        return [path for n, (one, other) in pairs for path in _less(one, other, f"{at}.{n}")]
    return []


def calls() -> list[dict[str, Any]]:
    """Return calls of both hooks as its client sends them."""
    who = {"userId": "Practitioner/7", "patientId": "p1", "encounterId": "e1"}
    prefetch = {"patient": PATIENT, "encounters": EMPTY, "observations": EMPTY}
    found = (
        CDSRequest(
            hook="encounter-discharge",
            hookInstance="d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            context=EncounterDischargeContext(**who),
            prefetch=prefetch,
        ),
        CDSRequest(
            hook="patient-view",
            hookInstance="0a6ac1ae-8a2c-4f55-9ad1-cd9ba2c1f6d3",
            fhirServer="https://fhir.example.org",
            fhirAuthorization={
                "access_token": "x", "expires_in": 300, "scope": "user/*.rs", "subject": "service4",
            },
            context=PatientViewContext(**who),
            prefetch=prefetch,
        ),
    )  # fmt: skip
    return [
        one.model_dump(mode="json", exclude_none=True) | {"context": one.context.model_dump()}
        for one in found
    ]


def feedback(card: str, suggestion: str) -> list[dict[str, Any]]:
    """Return feedback on a card of ours as its client sends it."""
    at = "2026-03-02T06:10:00Z"
    taken = CDSFeedback(
        card=card,
        outcome="accepted",
        outcomeTimestamp=at,
        acceptedSuggestion={"id": suggestion},
    )
    aside = CDSFeedback(card=card, outcome="overridden", outcomeTimestamp=at)
    return [one.model_dump(mode="json", exclude_none=True) for one in (taken, aside)]


def main(sent: str, out: str) -> None:
    """Read our answers, and write what was said of each."""
    answers = json.loads(Path(sent).read_text(encoding="utf-8"))
    (card,) = answers["a flagged patient"]["cards"]
    found = {
        "healthchain": version("healthchain"),
        "answers": {name: {"sent": one, **said(one)} for name, one in answers.items()},
        "published": {name: said(one) for name, one in PUBLISHED.items()},
        "broken": {name: said(one) for name, one in BROKEN.items()},
        "calls": calls(),
        "feedback": feedback(card["uuid"], card["suggestions"][0]["uuid"]),
    }
    Path(out).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
