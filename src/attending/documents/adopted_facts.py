"""What is known of a model that others built, as facts and inputs of its card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.numbers import count
from attending.records.card import CardFact, CardInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.records.adoption import AcceptedCondition, AdoptedModel, ScoreParity

_UNKNOWN = CardInput(name="unknown", clinical_label="Not known: only the scores come here")


def adopted_facts(model: AdoptedModel) -> list[CardFact]:
    """Return how the model was made, as far as those who built it said."""
    said = [
        ("Outcome", model.outcome),
        ("Built elsewhere by", model.made_by),
        ("Fitted on", model.training_data),
        ("What is here of it", model.form),
        ("Its file", f"SHA-256 {model.file}" if model.file else ""),
        *((f"From MLflow: {name}", says) for name, says in sorted(model.imported.items())),
    ]
    return [CardFact(label=label, says=says) for label, says in said if says]


def adopted_inputs(model: AdoptedModel) -> tuple[CardInput, ...]:
    """Return the inputs by the names that the model has for them; nobody defined them here."""
    named = tuple(
        CardInput(name=name, clinical_label=name, status="not defined here")
        for name in model.features
    )
    return named or (_UNKNOWN,)


def inputs_read(model: AdoptedModel) -> list[CardFact]:
    """Return that the model's inputs were read from the file, where they stand in it."""
    n = len(model.features)
    said = f"{count(n)} columns, by the names that the model has for them"
    return [CardFact(label="Inputs of the model", says=said)] if n else []


def adopted_summary(accepts: Sequence[AcceptedCondition], *, until: str, reason: str) -> str:
    """Return in two sentences how the model came in, and why it may stay for now."""
    return (
        f"It was built elsewhere and came in while it was in use: {count(len(accepts))} conditions"
        " of the gates are not shown, which stand under limitations, and are accepted until "
        f"{until}. {reason}"
    )


def adopted_limits(
    model: AdoptedModel, accepts: Sequence[AcceptedCondition], parity: ScoreParity | None
) -> tuple[str, ...]:
    """Return what is not shown of the model, and what its file gave."""
    said = []
    if model.form == "scores only":
        said.append("Only its scores come here: no score can be made again, and none explained.")
    if parity is not None:
        said.append(
            f"Its file gave the old system's score to {parity.within:g} for "
            f"{count(parity.rows - parity.differing)} of {count(parity.rows)} predictions."
        )
    said += [
        f"Not shown, {one.gate}: {one.name} ({one.note or 'nobody showed it'})." for one in accepts
    ]
    return tuple(said)
