"""The adoption of a model that others built, as those who sign it read it: the act, then why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.documents.adopted_facts import adopted_facts, adopted_parity, inputs_read, why_not
from attending.documents.model_card import HIDDEN, card_figures, card_groups
from attending.documents.numbers import count
from attending.documents.pages import document
from attending.documents.persons import by_name
from attending.documents.picture import Table
from attending.documents.times import when

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.records.adoption import AdoptedModel, Adoption
    from attending.records.card import ModelCard


_FOUND = {"said": "named in adopt.yaml"}


@dataclass(frozen=True)
class AdoptionSources:
    """What the page of an adoption is drawn from.

    Attributes:
        asked: what each condition asks in words, by its name.
        signers: the roles that must sign, in words.
        names: the printed name of each person, by login.
    """

    adoption: Adoption
    model: AdoptedModel
    card: ModelCard
    asked: Mapping[str, str]
    signers: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)


def adoption_page(sources: AdoptionSources, *, synthetic: bool) -> bytes:
    """Return the page, stand-alone; it says all that the record of the adoption says."""
    held, card = sources.adoption, sources.card
    return document(
        "adoption.html.j2",
        synthetic=synthetic,
        held=held,
        card=card,
        outcome=sources.model.outcome,
        made_by=sources.model.made_by,
        until=when(held.expires_at),
        signers=" and ".join(sources.signers),
        authors=by_name(", ".join(held.authors), sources.names),
        conditions=_conditions(sources),
        figures=card_figures(card),
        groups=card_groups(card) if card.subgroups else None,
        hidden=HIDDEN if any(one.n is None or one.events is None for one in card.subgroups) else "",
        notes=held.scores.notes,
        model=[*adopted_facts(sources.model), *adopted_parity(held.parity)],
        columns=_columns(held),
        inputs=inputs_read(sources.model),
        rows=count(held.scores.rows),
        used=count(held.scores.used),
        made_from=_made_from(held),
    )


def _conditions(sources: AdoptionSources) -> Table:
    rows = tuple(
        (
            sources.asked.get(one.name, one.name),
            one.gate,
            why_not(one),
            one.whose.replace("_", " "),
            one.name,
        )
        for one in sources.adoption.accepts
    )
    return Table(
        "What the gates ask and nobody has shown",
        ("Asked", "Gate", "Why not, or what to do", "Whose", "Called"),
        rows,
        numeric=False,
    )


def _columns(held: Adoption) -> Table:
    rows = tuple(
        (one.column, one.taken_as, _FOUND.get(one.found, one.found), one.reading or "–")
        for one in held.scores.columns
    )
    return Table(
        "Which column was taken as what", ("Column", "Taken as", "Found", "Read"), rows,
        numeric=False,
    )  # fmt: skip


def _made_from(held: Adoption) -> tuple[tuple[str, str], ...]:
    return (
        ("this adoption", held.digest),
        ("model", held.run),
        ("model card", held.card),
        ("validation report", held.report),
        ("reference of the monitors", held.reference),
        ("file of scores", held.scores.file_digest),
        ("release plan, to be signed", held.release),
        ("release.yaml", held.release_spec),
        ("adopt.yaml", held.adopt_spec),
    )
