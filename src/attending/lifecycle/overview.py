"""What one glance shows: every model, where it stands, what holds today, and its papers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import NotFound
from attending.lifecycle.papers import pages
from attending.records.card import ModelCard
from attending.records.dossier import Dossier
from attending.records.governance import Approval, GateDecision
from attending.records.monitoring import Verdict, standing
from attending.records.notice import PatientNotice
from attending.records.validation import ValidationReport

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.ledger import LedgerEntry
    from attending.records.prediction import Answer
    from attending.records.release import Deployment
    from attending.types import Instant


@dataclass(frozen=True)
class Standing:
    """Where a model stands and what holds for it now."""

    model: str
    deployment: Deployment
    verdict: Verdict | None
    answer: Answer
    purpose: str


@dataclass(frozen=True)
class Paper:
    """One readable document."""

    title: str
    kind: str
    page: str
    record: str
    signed_by: tuple[str, ...]


def standings(desk: Desk) -> tuple[Standing, ...]:
    """Return one line for every model of the home, by name."""
    return tuple(standing_of(desk, name) for name in desk.home.deployments.models())


def standing_of(desk: Desk, model: str) -> Standing:
    """Return where one model stands.

    Raises:
        NotFound: no such model here.
    """
    deployment = desk.home.deployments.current(model)
    if deployment is None:
        raise NotFound("there is no such model here", code="model.missing")
    catalog = desk.home.catalog
    verdict = catalog.latest(Verdict, model=model, version=deployment.version)
    card = catalog.latest(ModelCard, model=model)
    risk = verdict.risk_level if verdict else "high"
    return Standing(
        model=model,
        deployment=deployment,
        verdict=verdict,
        answer=standing(verdict, desk.at, risk_level=risk),
        purpose=card.outcome if card else "",
    )


def papers(desk: Desk, model: str) -> tuple[Paper, ...]:
    """Return the newest papers of a model, with who signed their records."""
    catalog = desk.home.catalog
    by_record = {of: page for page, (_, of) in pages(desk).items()}
    found = []
    for title, record in (
        ("Validation report", catalog.latest(ValidationReport, **_of(desk, model))),
        ("Model card", catalog.latest(ModelCard, model=model)),
        ("Compliance dossier", catalog.latest(Dossier, model=model)),
        ("Patient notice", catalog.latest(PatientNotice, model=model)),
    ):
        if record is not None and record.digest in by_record:
            signed = catalog.all(Approval, document=record.digest)
            found.append(
                Paper(
                    title=title,
                    kind=record.kind,
                    page=by_record[record.digest],
                    record=record.digest,
                    signed_by=tuple(f"{item.printed_name} ({item.role})" for item in signed),
                )
            )
    return tuple(found)


def _of(desk: Desk, model: str) -> dict[str, str]:
    current = desk.home.deployments.current(model)
    return {"model": model, "run": current.run} if current else {"model": model}


def decisions(desk: Desk, model: str) -> tuple[GateDecision, ...]:
    """Return the newest decision of every gate that was asked, in the order of the stages."""
    newest = {item.to_stage: item for item in desk.home.catalog.all(GateDecision, model=model)}
    return tuple(newest.values())


def timeline(desk: Desk, model: str, *, limit: int = 200) -> tuple[LedgerEntry, ...]:
    """Return the newest ledger entries about a model's records, oldest of them first."""
    about = {line.digest for line in desk.home.catalog.list(model=model)} | {model}
    entries = desk.home.ledger.search(limit=5000)
    return tuple(entry for entry in entries if entry.subject in about)[-limit:]


def page_bytes(desk: Desk, digest: str) -> bytes:
    """Return a readable document by the digest of its bytes.

    Raises:
        NotFound: it is not a document; other artifacts are not shown.
    """
    if digest not in pages(desk):
        raise NotFound("there is no such document", code="document.missing")
    return desk.home.artifacts.read(digest)


def last_entry(desk: Desk) -> Instant | None:
    """Return when the last ledger entry was made."""
    size = desk.home.ledger.size
    return next(iter(desk.home.ledger.entries(size - 1, size))).at if size else None
