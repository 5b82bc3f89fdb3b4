"""The model card as a stand-alone document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.adopted_facts import NOT_DEFINED
from attending.documents.numbers import (
    NOT_SHOWN,
    count,
    interval,
    percent,
    percent_interval,
)
from attending.documents.pages import document
from attending.documents.picture import Table
from attending.units import printed

if TYPE_CHECKING:
    from attending.records.card import CardFigure, ModelCard

#: The version of a card that is drawn before the model is given one.
ADOPTED = "adopted"
#: From so many inputs on, a list of bare names stands behind what a clinician reads first.
_MANY = 12
HIDDEN = (
    "A count is hidden where it is so small that it could point to a person, or where a small one "
    "beside it could be worked out from it. The figures beside it are of all its rows."
)


def card_document(card: ModelCard) -> bytes:
    """Return the card as stand-alone HTML: no script, nothing from elsewhere."""
    return document(
        "model_card.html.j2",
        synthetic=card.synthetic,
        card=card,
        threshold=percent(card.threshold) if card.threshold is not None else "",
        inputs=_inputs(card),
        figures=card_figures(card),
        groups=card_groups(card),
        hidden=HIDDEN if _hides(card) else "",
        exception="Came in while in use" if card.version == ADOPTED else "Signed exception",
        named=_only_named(card),
    )


def _only_named(card: ModelCard) -> tuple[str, ...]:
    """Return the inputs of a model that was built elsewhere, of which only names are known."""
    if card.version != ADOPTED or len(card.inputs) < _MANY:
        return ()
    return tuple(held.name for held in card.inputs)


def _hides(card: ModelCard) -> bool:
    return any(held.n is None or held.events is None for held in card.subgroups)


def _inputs(card: ModelCard) -> Table:
    """Return one row an input; what is the same of all stands in the caption, once."""
    header = ("Input", "Taken as", "Unit", "Purpose", "Owner", "Status")
    rows = [
        (
            held.clinical_label,
            held.window or "–",
            printed(held.unit) if held.unit else "–",
            held.purpose or "–",
            held.owner or "nobody named",
            held.status or "–",
        )
        for held in card.inputs
    ]
    alike = {at for at in range(1, len(header)) if len({row[at] for row in rows}) == 1}
    blank = {at for at in alike if rows[0][at] in {"–", "nobody named", NOT_DEFINED}}
    same = [at for at in (3, 4, 5) if len(rows) > 1 and at in alike - blank]
    told = "; ".join(f"{header[at].lower()} {rows[0][at]}" for at in same)
    kept = [at for at in range(len(header)) if at not in blank.union(same)]
    called = "Inputs, as a clinician would call them"
    if all(held.status == NOT_DEFINED for held in card.inputs):
        called = "Inputs, by the names that the model has for them; nobody defined them here"
    return Table(
        caption=called + (f". The same for all: {told}" if told else ""),
        header=tuple(header[at] for at in kept),
        rows=tuple(tuple(row[at] for at in kept) for row in rows),
        numeric=False,
    )


def card_figures(card: ModelCard) -> Table:
    """Return one row a measure, one column for the model and each baseline."""
    who = list(dict.fromkeys(held.of for held in card.validation))
    held = {(figure.measure, figure.of): figure for figure in card.validation}
    names = dict.fromkeys(figure.measure for figure in card.validation)
    return Table(
        caption="Validation, with 95 % intervals",
        header=("Measure", *who),
        rows=tuple((name, *(_cell(held.get((name, of))) for of in who)) for name in names),
    )


def _cell(figure: CardFigure | None) -> str:
    if figure is None:
        return "not measured"
    write = percent_interval if figure.unit == "share" else interval
    return write(figure.value, figure.low, figure.high)


def card_groups(card: ModelCard) -> Table:
    """Return one row a group, with how many it has and how well the model ranks them."""
    return Table(
        caption="Groups; “not shown” means too few events to tell",
        header=("Group", "Rows", "Events", "AUROC"),
        rows=tuple(
            (
                f"{held.attribute}: {held.group}",
                count(held.n) if held.n is not None else "hidden",
                count(held.events) if held.events is not None else "hidden",
                interval(held.auroc, held.auroc_low, held.auroc_high)
                if held.auroc is not None
                else NOT_SHOWN,
            )
            for held in card.subgroups
        ),
    )
