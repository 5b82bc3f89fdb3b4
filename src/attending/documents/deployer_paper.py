"""Papers of who deploys as stand-alone documents, and the pack that a unit prints for downtime."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.documents.pages import document
from attending.documents.picture import Table
from attending.documents.times import lasting, when

if TYPE_CHECKING:
    from datetime import timedelta

    from attending.records.deployer import DeployerPaper, PaperSection
    from attending.types import Instant


@dataclass(frozen=True)
class LastList:
    """The newest scores of one unit: patient by number, time, score in words, flagged or not."""

    model: str
    version: str
    unit: str
    made_at: Instant
    printed_at: Instant
    counts_for: timedelta
    rows: tuple[tuple[str, ...], ...]

    @property
    def age(self) -> timedelta:
        """Return how old the list is."""
        return self.printed_at - self.made_at

    @property
    def old(self) -> bool:
        """Return whether it counts no more."""
        return self.age > self.counts_for


def paper_title(name: str) -> str:
    """Return the title of a paper.

    >>> paper_title("hazard_log"), paper_title("raci")
    ('Hazard log', 'RACI')
    """
    words = {
        "raci": "RACI",
        "downtime": "Downtime procedure",
        "hours": "Hours per model",
        "role_guide": "Role guides",
    }
    return words.get(name, name.replace("_", " ").capitalize())


def paper_document(paper: DeployerPaper) -> bytes:
    """Return a paper as stand-alone HTML: no script, nothing from elsewhere."""
    return document(
        "deployer_paper.html.j2",
        synthetic=paper.synthetic,
        paper=paper,
        title=paper_title(paper.paper),
        tables=[_table(one) for one in paper.sections],
    )


def downtime_pack(paper: DeployerPaper, held: LastList) -> bytes:
    """Return the pack of one unit: the procedure, and the last list with its age."""
    header = ("Patient", "Predicted at", "Score", "Flagged")
    return document(
        "downtime_pack.html.j2",
        synthetic=paper.synthetic,
        model=held.model,
        version=held.version,
        unit=held.unit,
        made_at=when(held.made_at),
        printed_at=when(held.printed_at),
        age=lasting(held.age),
        counts_for=lasting(held.counts_for),
        old=held.old,
        procedure=_table(paper.sections[0]),
        patients=Table("Newest first", header, held.rows, numeric=False),
    )


def _table(section: PaperSection) -> Table:
    return Table(section.title, section.header, section.rows, numeric=False)
