"""What there is to read of a model: its papers with who signed them, and its files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.lifecycle.papers import pages
from attending.lifecycle.standing import faults_of
from attending.records.governance import Approval
from attending.records.run import Run

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.release import Deployment
    from attending.types import Instant


#: The papers that a model comes to have, and how each is made.
MADE_BY = {
    "Validation report": "attending validate model",
    "Model card": "attending card build",
    "Stability of explanations": "attending explain stability",
    "Patient notice": "attending card notice",
    "Silent report": "attending validate silent",
    "Compliance dossier": "attending card dossier",
}


@dataclass(frozen=True)
class Signature:
    """One signature on a paper, and why it does not stand; empty when it does."""

    says: str
    at: Instant
    fault: str = ""


@dataclass(frozen=True)
class ModelPaper:
    """One readable paper.

    Attributes:
        page: the digest of its bytes; `record` is what it was made of.
        older: how many papers of that title there were before.
    """

    title: str
    page: str
    record: str
    made_at: Instant
    made_by: str
    signatures: tuple[Signature, ...] = ()
    older: int = 0


@dataclass(frozen=True)
class ModelFile:
    """One file of a version, named by the digest of its bytes."""

    name: str
    digest: str
    here: bool


def model_papers(desk: Desk, model: str) -> tuple[ModelPaper, ...]:
    """Return the newest paper of each title about a model, with who signed its record."""
    lines = {line.digest: line for line in desk.home.catalog.list(model=model)}
    newest: dict[str, tuple[str, str]] = {}
    counts: dict[str, int] = {}
    for page, (title, record) in pages(desk).items():
        if record in lines:
            newest[title] = (page, record)
            counts[title] = counts.get(title, 0) + 1
    given = {record: _signatures(desk, record) for _, record in newest.values()}
    faults = faults_of(desk, (one for some in given.values() for one in some))
    return tuple(
        ModelPaper(
            title=title,
            page=page,
            record=record,
            made_at=lines[record].made_at,
            made_by=lines[record].made_by,
            signatures=tuple(
                Signature(
                    says=f"{one.printed_name} ({one.role.replace('_', ' ')}): {one.meaning}",
                    at=one.signed_at,
                    fault=faults.get(one.digest, ""),
                )
                for one in given[record]
            ),
            older=counts[title] - 1,
        )
        for title, (page, record) in newest.items()
    )


def _signatures(desk: Desk, record: str) -> tuple[Approval, ...]:
    return desk.home.catalog.all(Approval, document=record)


def model_files(desk: Desk, stands: Deployment) -> tuple[ModelFile, ...]:
    """Return the files of a version as its record names them; `here` when the store has them."""
    named = dict(stands.artifacts)
    runs = {line.digest for line in desk.home.catalog.list(Run.kind, model=stands.model)}
    if not named and stands.run in runs:
        run = desk.home.catalog.get(stands.run, Run)
        named = {item.name: item.digest for item in run.artifacts}
    return tuple(
        ModelFile(name, digest, digest in desk.home.artifacts)
        for name, digest in sorted(named.items())
    )
