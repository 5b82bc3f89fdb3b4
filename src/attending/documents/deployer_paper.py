"""Papers of who deploys as stand-alone documents, and the pack that a unit prints for downtime."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from attending.documents.pages import document
from attending.documents.persons import by_name
from attending.documents.picture import Table
from attending.documents.times import lasting, when

if TYPE_CHECKING:
    from collections.abc import Mapping
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


def paper_document(paper: DeployerPaper, names: Mapping[str, str]) -> bytes:
    """Return a paper as stand-alone HTML: no script, nothing from elsewhere.

    Args:
        paper: what it says.
        names: the printed name of each person, by login; the record has the login.
    """
    return document(
        "deployer_paper.html.j2",
        synthetic=paper.synthetic,
        paper=paper,
        title=paper_title(paper.paper),
        tables=[_table(one, names) for one in paper.sections],
        guide=paper.paper == "role_guide",
    )


def downtime_pack(paper: DeployerPaper, held: LastList, names: Mapping[str, str]) -> bytes:
    """Return the pack of one unit: the procedure, and the last list with its age.

    Args:
        paper: the procedure.
        held: the last list.
        names: the printed name of each person, by login.
    """
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
        procedure=_table(paper.sections[0], names),
        patients=Table("Newest first", header, held.rows, numeric=False),
    )


def _table(section: PaperSection, names: Mapping[str, str]) -> Table:
    rows = tuple(tuple(by_name(cell, names) for cell in row) for row in section.rows)
    if len(section.header) == len(("question", "answer")):
        rows = _together(rows)
    return Table(section.title, section.header, rows, numeric=False)


def _together(rows: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    r"""Return questions and answers, each question once, its answers below each other.

    >>> _together((("Not for", "children"), ("Not for", "stays"), ("For", "adults")))
    (('Not for', 'children\nstays'), ('For', 'adults'))
    """
    answers = ((asked, "\n".join(one[1] for one in said)) for asked, said in groupby(rows, _asked))
    return tuple(answers)


def _asked(row: tuple[str, ...]) -> str:
    return row[0]
