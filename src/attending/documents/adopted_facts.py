"""What is known of a model that others built, as facts and inputs of its card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.numbers import count
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


def adopted_summary(accepts: Sequence[AcceptedCondition], *, until: str, reason: str) -> str:
    """Return in two sentences how the model came in, and why it may stay for now."""
    return (
        f"It was built elsewhere and came in while it was in use: {count(len(accepts))} conditions"
        " of the gates are not shown, which stand under limitations, and are accepted until "
        f"{until}. {reason}"
    )


def adopted_limits(
    model: AdoptedModel,
    accepts: Sequence[AcceptedCondition],
    parity: ScoreParity | None,
    *,
    asks: Mapping[str, str],
) -> tuple[str, ...]:
    """Return what is not shown of the model, and what its file gave.

    Args:
        model: what is known of it.
        accepts: the conditions of the gates that are not met.
        parity: how the scores of its file agree with those of old.
        asks: what each condition asks, in words, by its name.
    """
    said = []
    if model.form == "scores only":
        said.append("Only its scores come here: no score can be made again, and none explained.")
    if parity is not None:
        said.append(
            f"Its file gave the old system's score to within {_plain(parity.within)} for "
            f"{count(parity.rows - parity.differing)} of {count(parity.rows)} predictions."
        )
    for (gate, note), some in _together(accepts).items():
        told = "; ".join(_asked(name, asks) for name in some)
        said.append(f"Not shown, {gate}, since {note}: {told}.")
    return tuple(said)


def _together(accepts: Sequence[AcceptedCondition]) -> dict[tuple[str, str], list[str]]:
    """Return the names of conditions by gate and by why they are not shown."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in accepts:
        found.setdefault((one.gate, one.note or "nobody showed it"), []).append(one.name)
    return found


def _asked(name: str, asks: Mapping[str, str]) -> str:
    """Return what a condition asks.

    >>> _asked("signed.run.data_engineer", {}), _asked("run.x", {"run.x": "it is clean"})
    ('the run is signed by the data engineer', 'it is clean')
    """
    if name.startswith("signed."):
        _, what, role = name.replace("_", " ").split(".")
        return f"the {what} is signed by the {role}"
    return asks.get(name, name.replace(".", ": ").replace("_", " "))


def _plain(value: float) -> str:
    """Return a small figure without an exponent.

    >>> _plain(1e-06)
    '0.000001'
    """
    return f"{value:.12f}".rstrip("0")
