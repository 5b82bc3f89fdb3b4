"""What people must have written in a document before it is signed, and what of it says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.govern.content import missing_fields
from attending.lifecycle import policies
from attending.lifecycle.examples import shipped_release
from attending.records.card import ModelCard
from attending.records.decisions import SpecDocument, ThresholdDecision

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk

#: Sections of a card that people write.
PROSE = ("population", "decision_point", "oversight", "non_intended", "limitations")
_DECIDED = ("action", "responder")


def blank_fields(desk: Desk, digest: str) -> tuple[str, ...]:
    """Return the places of a document that say nothing: blank, a placeholder, its template's words.

    The template's words count as missing where patients are cared for. Of a kind that people do
    not write, nothing is missing.
    """
    content = desk.home.catalog.content(digest)
    says = _written(content)
    strict = policies.in_use(desk).production and says
    return missing_fields(says, template=_template(content) if strict else {})


def _written(content: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a record that people write."""
    if content["kind"] == ModelCard.kind:
        return {name: content[name] for name in PROSE}
    if content["kind"] == ThresholdDecision.kind:
        return {name: content[name] for name in _DECIDED}
    if content["kind"] == SpecDocument.kind and content["spec"] == "release":
        return dict(content["says"])
    return {}


def _template(content: dict[str, Any]) -> dict[str, Any]:
    """Return the words that a document of this kind begins with."""
    plan = shipped_release()
    if content["kind"] == ModelCard.kind:
        return {
            **plan["intended_use"],
            **{name: plan[name] for name in ("oversight", "non_intended")},
        }
    return plan if content["kind"] == SpecDocument.kind else {}
