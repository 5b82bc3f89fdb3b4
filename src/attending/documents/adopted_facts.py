"""What is known of a model that others built, as facts and inputs of its card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.numbers import count
from attending.documents.pages import quoted
from attending.records.card import CardFact, CardInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.records.adoption import AcceptedCondition, AdoptedModel, ScoreParity

#: The status of an input of which only the name is known.
NOT_DEFINED = "not defined here"
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
        CardInput(name=name, clinical_label=name, status=NOT_DEFINED) for name in model.features
    )
    return named or (_UNKNOWN,)


def inputs_read(model: AdoptedModel) -> list[CardFact]:
    """Return that the model's inputs were read from the file, where they stand in it."""
    n = len(model.features)
    said = f"{n:,} columns, by the names that the model has for them"
    return [CardFact(label="Inputs of the model", says=said)] if n else []


def adopted_summary(accepts: Sequence[AcceptedCondition], *, until: str, reason: str) -> str:
    """Return in two sentences how the model came in, and why it may stay for now."""
    return (
        f"It was built elsewhere and came in while it was in use: {len(accepts):,} conditions"
        " of the gates are not shown, which stand under limitations. Once the adoption is signed, "
        f"they are accepted until {until}. {reason}"
    )


def adopted_parity(parity: ScoreParity | None) -> tuple[CardFact, ...]:
    """Return how the model's file, run here, compares with the old system's scores."""
    if parity is None:
        return ()
    says = (
        f"gives the old system's score to {parity.within:f} for "
        f"{count(parity.rows - parity.differing)} of {count(parity.rows)} predictions"
    )
    return (CardFact(label="Its file, run here", says=says),)


def adopted_limits(
    model: AdoptedModel, accepts: Sequence[AcceptedCondition], asked: Mapping[str, str]
) -> tuple[str, ...]:
    """Return what is not shown of the model, a sentence for each reason.

    Args:
        model: that was built elsewhere.
        accepts: the conditions that are not shown.
        asked: what each asks in words, by its name.
    """
    said = []
    if model.form == "scores only":
        said.append("Only its scores come here: no score can be made again, and none explained.")
    alike: dict[str, list[AcceptedCondition]] = {}
    for one in accepts:
        alike.setdefault(why_not(one), []).append(one)
    said += [_unshown(why, held, asked) for why, held in alike.items()]
    return tuple(said)


def why_not(one: AcceptedCondition) -> str:
    """Return why a condition is not shown, or what to do, as papers print it.

    >>> from attending.records.adoption import AcceptedCondition
    >>> why_not(AcceptedCondition(gate="g", name="n", status="not_shown", whose="operator",
    ...                           note="walk it: `attending release drill`"))
    'walk it: “attending release drill”'
    """
    return quoted(one.note) or "nobody showed it"


def _unshown(why: str, held: Sequence[AcceptedCondition], asked: Mapping[str, str]) -> str:
    """Return what is not shown for one reason, with the gates that ask it."""
    words = "; ".join(asked.get(one.name, one.name) for one in held)
    if len(held) > 1:
        return f"Not shown ({why}): {words}."
    return f"Not shown ({held[0].gate}): {words}. {why[:1].upper()}{why[1:]}."
