"""A checklist as a page: what it asks, the answer, and the record and field that say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.digests import short
from attending.documents.pages import document
from attending.documents.picture import Table
from attending.specs.checklist import EVIDENCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.records.checklist import AnsweredItem, Checklist

_EVIDENCE = {
    "intended_use": "Intended use",
    "cohort_flow": "Data and cohort",
    "model": "Model and its files",
    "validation": "Validation",
    "monitoring": "Monitoring",
    "change": "Change",
    "approvals": "Approvals and records",
    "hazards": "Hazards and limits",
}


def checklist_document(made: Checklist) -> bytes:
    """Return a checklist as stand-alone HTML: no script, nothing from elsewhere."""
    return document(
        "checklist.html.j2",
        synthetic=made.synthetic,
        made=made,
        tally=made.tally,
        tables=[_table(name, made.items) for name in EVIDENCE if _of(name, made.items)],
    )


def _of(evidence: str, items: Sequence[AnsweredItem]) -> list[AnsweredItem]:
    return [one for one in items if one.evidence == evidence]


def _table(evidence: str, items: Sequence[AnsweredItem]) -> Table:
    return Table(
        caption=_EVIDENCE[evidence],
        header=("Item", "What it asks", "Answer", "Record and field"),
        rows=tuple(
            (one.id, one.asks, one.answer or "○ MISSING", _where(one))
            for one in _of(evidence, items)
        ),
        numeric=False,
    )


def _where(one: AnsweredItem) -> str:
    return f"{one.source}, {short(one.digest)}" if one.digest else one.source


def crosswalk_document(made: Sequence[Checklist]) -> bytes:
    """Return one page that says, by evidence, which items of which checklists it answers."""
    first = made[0]
    return document(
        "crosswalk.html.j2",
        synthetic=first.synthetic,
        first=first,
        tallies=Table(
            caption="The checklists",
            header=("Checklist", "How far"),
            rows=tuple((one.title, one.tally) for one in made),
            numeric=False,
        ),
        table=Table(
            caption="Which evidence answers which items; a missing item stands in brackets",
            header=("Evidence", *(one.title.partition(",")[0] for one in made)),
            rows=tuple(
                (_EVIDENCE[name], *(_ids(name, one) or "–" for one in made)) for name in EVIDENCE
            ),
            numeric=False,
        ),
    )


def _ids(evidence: str, made: Checklist) -> str:
    return ", ".join(
        f"({one.id})" if one.status == "missing" else one.id for one in _of(evidence, made.items)
    )
