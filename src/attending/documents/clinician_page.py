"""The clinician's page for one prediction: the factors, the threshold, and what may not be read.

It holds a patient's values, so it is for who may see them; it is made when asked for, not kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.numbers import percent
from attending.documents.pages import document
from attending.documents.picture import Table
from attending.documents.times import when
from attending.units import printed_risk

if TYPE_CHECKING:
    from attending.records.card import ModelCard
    from attending.records.explanation import Explanation
    from attending.types import Instant

#: Why an input has no value, as a clinician says it. A code that is not there is no measurement:
#: of a woman there is no entry "male".
_REASONS = {
    "never measured": "Nothing on record",
    "out of window": "On record, but too long ago to count",
    "not yet known": "Measured, but not known by then",
}


def clinician_page(explanation: Explanation, card: ModelCard) -> bytes:
    """Return one page for the person who reads a score: why, what the threshold says, what now.

    Args:
        explanation: of this prediction.
        card: of the version that made it; its threshold and its name are shown.
    """
    return document(
        "clinician_page.html.j2",
        synthetic=card.synthetic,
        card=card,
        explanation=explanation,
        at=when(explanation.at),
        risk=printed_risk(explanation.risk),
        average=printed_risk(explanation.base_risk),
        threshold=threshold_sentence(explanation, card),
        concepts=_concepts(explanation),
        factors=_factors(explanation),
        sensitivity=_sensitivity(explanation),
        missing=missing_words(explanation),
    )


def missing_words(explanation: Explanation) -> list[tuple[str, str]]:
    """Return by reason, in words, the inputs that had no value; one line a reason."""
    found: dict[str, list[str]] = {}
    for held in explanation.missing:
        reason = held.reason.replace("_", " ")
        words = _REASONS.get(reason, f"Missing, {reason}")
        found.setdefault(words, []).append(held.label)
    return [(words, "; ".join(labels)) for words, labels in found.items()]


def threshold_sentence(explanation: Explanation, card: ModelCard) -> str:
    """Return what the threshold says of this risk; risks are written as in the sentence above."""
    if card.threshold is None:
        return "No threshold is agreed: the risk asks for no action by itself."
    least = percent(card.threshold).replace(".0 %", " %")
    if explanation.risk >= card.threshold:
        return f"At or above {least}, from which the team acts."
    below = "Just below" if printed_risk(explanation.risk) == least else "Below"
    return f"{below} {least}, from which the team acts. A low risk is not no risk."


def _concepts(explanation: Explanation) -> Table:
    return Table(
        caption="What raised and lowered this risk, by concept, the largest first",
        header=("Concept", "Led by", "Effect"),
        rows=tuple((held.label, held.printed, held.direction) for held in explanation.concepts),
        numeric=False,
    )


def _factors(explanation: Explanation) -> Table:
    return Table(
        caption="The values behind it"
        if explanation.concepts
        else "What raised and lowered this risk, the largest first",
        header=("Factor", "Value", "Effect", "Measured (UTC)", "Known (UTC)"),
        rows=tuple(
            (
                held.label,
                held.printed,
                held.direction,
                _when(held.time),
                _when(held.known_at) if held.available else "not known at the prediction time",
            )
            for held in explanation.factors
        ),
        numeric=False,
    )


def _when(instant: Instant | None) -> str:
    return f"{instant:%Y-%m-%d\u00a0%H:%M}" if instant else "–"


def _value(held: float) -> str:
    return f"{held:.4g}".replace("-", "−")


def _sensitivity(explanation: Explanation) -> Table:
    return Table(
        caption="The risk if one value were another (25th and 75th percentile in training)",
        header=("Factor", "At the low value", "At the high value"),
        rows=tuple(
            (
                held.label,
                f"{printed_risk(held.risk_at_low)} at {_value(held.low_value)}",
                f"{printed_risk(held.risk_at_high)} at {_value(held.high_value)}",
            )
            for held in explanation.sensitivity
        ),
    )
