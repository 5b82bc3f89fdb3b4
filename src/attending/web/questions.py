"""From the wire to the question that the house answers, and back."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from attending.lifecycle.answering import Question
from attending.web.wire import FactorOut, PredictionAnswer

if TYPE_CHECKING:
    from pydantic import AwareDatetime

    from attending.lifecycle.answering import Answered
    from attending.web.wire import EventIn, PredictionRequest

#: What a caller in silent is told beside the id: nothing.
_WITHHELD = "withheld"


def as_question(model: str, request: PredictionRequest) -> Question:
    """Return what is asked of a model."""
    return Question(
        model=model,
        subject_id=int(request.subject_id),
        encounter_id=_number(request.encounter_id),
        prediction_time=request.prediction_time.astimezone(UTC),
        index_start=request.index_start and request.index_start.astimezone(UTC),
        events=request.rows if request.rows is not None else _events(request),
        decision_point=request.decision_point,
        user_role=request.user_role,
    )


def _events(request: PredictionRequest) -> tuple[dict[str, Any], ...] | None:
    return None if request.events is None else tuple(map(_row, request.events))


def _row(event: EventIn) -> dict[str, Any]:
    return {
        "code": event.code,
        "time": _naive(event.time),
        "known_at": _naive(event.known_at),
        "superseded_at": _naive(event.superseded_at),
        "numeric_value": event.numeric_value,
        "text_value": event.text_value,
        "unit": event.unit,
        "encounter_id": _number(event.encounter_id),
        "site": event.site,
    }


def _naive(value: AwareDatetime | None) -> Any:  # noqa: ANN401 - as Arrow takes instants
    return None if value is None else value.astimezone(UTC).replace(tzinfo=None)


def _number(pseudonym: str | None) -> int | None:
    return None if pseudonym is None else int(pseudonym)


def rounded(content: dict[str, Any], digits: int) -> dict[str, Any]:
    """Return a prediction's content whose score, band and contributions have fewer decimals.

    >>> rounded({"score": 0.12345, "risk_low": None, "factors": [{"contribution": 0.5555}]}, 2)
    {'score': 0.12, 'risk_low': None, 'factors': [{'contribution': 0.56}]}
    """
    figures = {
        name: round(value, digits)
        for name in ("score", "risk_low", "risk_high")
        if isinstance(value := content.get(name), float)
    }
    told = {**content, **figures}
    if "factors" in content:
        told["factors"] = [
            {**one, "contribution": round(one["contribution"], digits)}
            for one in content["factors"]
        ]
    return told


#: What a prediction of an older release does not have.
_LATER = (
    "rationale",
    "risk_low",
    "risk_high",
    "band_words",
    "unlike_training",
    "outside",
    "threshold_place",
)


def answered(found: Answered, *, clauses: tuple[str, ...] = ()) -> PredictionAnswer:
    """Return what the caller is told; in silent no score, no reason and no band.

    Args:
        found: the prediction, which is kept.
        clauses: of the intended use that were broken.
    """
    content = found.content
    told: dict[str, Any] = {
        "request_id": found.request_id,
        "delivered": found.delivered,
        "made_before": found.before,
        "provenance": f"/v1/predictions/{found.request_id}",
        **{name: content[name] for name in ("model", "version", "stage", "prediction_time")},
        "made_at": content.get("made_at", content["prediction_time"]),
        "outcome": content["outcome"] if found.delivered else _WITHHELD,
    }
    if found.delivered:
        told |= {name: content[name] for name in ("scored_by", "score", "threshold", "flagged")}
        told["band"], told["clauses"] = content["band"], clauses
        told["factors"] = tuple(FactorOut(**one) for one in content["factors"])
        told |= {name: content[name] for name in _LATER if name in content}
        told["missing"] = tuple(i["feature"] for i in content["inputs"] if i["value"] is None)
        told["degraded"] = tuple(content["degraded"])
        told["reasons"] = tuple(word for word in content["reasons"].split(";") if word)
    return PredictionAnswer(**told)
