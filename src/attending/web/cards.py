"""A prediction as a CDS Hooks card: the risk, why, from what, what was missing, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from attending.lifecycle.answering import Answered
    from attending.specs.ehr import EhrSpec
    from attending.specs.release import ReleaseSpec

#: A summary has fewer characters than this.
_SUMMARY_BELOW = 140
_REASONS = (
    ("not-applicable", "Does not fit this patient"),
    ("already-done", "Already done"),
    ("disagree", "I judge the risk otherwise"),
    ("no-capacity", "Nobody is free to act"),
    ("confusing", "I do not understand what this asks of me"),
)
_SYSTEM = "override-reasons"
_NOT_CAUSAL = "These are the inputs that moved the score most. They are not causes."


def cards(found: Answered, release: ReleaseSpec, ehr: EhrSpec) -> list[dict[str, Any]]:
    """Return the cards of one prediction: none in silent, one otherwise.

    Args:
        found: the stored prediction.
        release: the signed plan.
        ehr: how the record system reaches us.
    """
    if not found.delivered:
        return []
    content = found.content
    card: dict[str, Any] = {
        "uuid": str(UUID(hex=found.request_id)),
        "summary": _summary(content, release)[: _SUMMARY_BELOW - 1],
        "detail": _detail(content, release),
        "indicator": "warning" if content["flagged"] else "info",
        "source": {
            "label": f"{ehr.organisation}: {content['model']} {content['version']}",
            "url": f"{ehr.base_url}/models/{content['model']}",
        },
        "links": [
            {
                "label": f"About {content['model']} {content['version']}",
                "url": f"{ehr.base_url}/models/{content['model']}",
                "type": "absolute",
            }
        ],
    }
    if content["flagged"]:
        card["suggestions"] = [
            {"label": release.delivery[0].wording, "uuid": str(UUID(hex=found.request_id))}
        ]
        card["selectionBehavior"] = "at-most-one"
        card["overrideReasons"] = [
            {"code": code, "display": words, "system": f"{ehr.base_url}/{_SYSTEM}"}
            for code, words in _REASONS
        ]
    return [card]


def _summary(content: dict[str, Any], release: ReleaseSpec) -> str:
    outcome = release.intended_use.outcome
    if content["kind"] == "no_score":
        return f"No score for {outcome}: {_words(content['reasons'])}"
    if content["kind"] == "fallback":
        return (
            f"{content['scored_by']} {content['score']:g} instead of the model: {content['band']}"
        )
    return f"Risk of {outcome}: {100 * content['score']:.0f} %, {content['band']}"


def _words(reasons: str) -> str:
    return reasons.replace(";", ", ").replace("_", " ").replace(":", ": ") or "not known why"


def _detail(content: dict[str, Any], release: ReleaseSpec) -> str:
    missing = [one["feature"] for one in content["inputs"] if one["value"] is None]
    known = [one["known_at"] for one in content["inputs"] if one["known_at"]]
    lines = [f"- {one['words']}" for one in content["factors"]]
    if lines:
        why = content.get("rationale", "")
        lines = [*([why, ""] if why else []), *lines, "", _NOT_CAUSAL]
    said = [
        *_certainty(content),
        ("Newest input known", max(known, default="none")),
        ("Missing", ", ".join(missing) or "nothing"),
        ("Marks", _words(";".join(content["degraded"])) if content["degraded"] else "none"),
        ("For", f"{release.intended_use.population}, {release.intended_use.decision_point}"),
        ("Threshold", _threshold(content)),
        ("Model", f"{content['model']} {content['version']}, stage {content['stage']}"),
        ("Predicted at", content["prediction_time"]),
        ("Without a score", release.fallback.downtime_pathway),
    ]
    return "\n".join([*lines, "", *(f"- **{name}:** {value}" for name, value in said)])


def _threshold(content: dict[str, Any]) -> str:
    """Return what the score was held against, and of which place that is."""
    place = content.get("threshold_place", "")
    return f"{content['threshold']} of {place}" if place else f"{content['threshold']}"


def _certainty(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the band of the risk, and the mark of a patient unlike those it was trained on."""
    said = [("How sure", content["band_words"])] if content.get("band_words") else []
    if content.get("unlike_training"):
        outside = ", ".join(content["outside"])
        said.append(("Unlike the training patients", f"unusual values or gaps: {outside}"))
    return said
