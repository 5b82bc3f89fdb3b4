"""What a model card says of each group where the outcome is a number or a count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.numbers import interval
from attending.records.card import CardGroup

if TYPE_CHECKING:
    from attending.records.number_validation import NumberFigures, NumberGroupRow


def number_groups(held: NumberFigures) -> tuple[CardGroup, ...]:
    """Return each group; its mean absolute error stands in the note, for it has no AUROC."""
    return tuple(
        CardGroup(
            attribute=row.attribute,
            group=row.group,
            n=row.n,
            events=None,
            auroc=None,
            auroc_low=None,
            auroc_high=None,
            answer=row.status,
            note=_note(row, held),
        )
        for row in held.groups
    )


def _note(row: NumberGroupRow, held: NumberFigures) -> str:
    off = f"off by {interval(row.mae.value, row.mae.low, row.mae.high)} {held.unit} on average"
    hidden = "a count is hidden to protect patients" if row.suppressed else ""
    return "; ".join(part for part in (off if row.status == "ok" else "", hidden) if part)
