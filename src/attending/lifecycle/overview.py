"""What one glance shows: every model, where it stands, what holds today, and its papers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import NotFound
from attending.lifecycle.desk import in_view
from attending.lifecycle.papers import pages
from attending.records.card import ModelCard
from attending.records.governance import GateDecision
from attending.records.monitoring import Verdict, standing

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
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


def standings(desk: Desk) -> tuple[Standing, ...]:
    """Return one line for every model of the home, by name."""
    desk = in_view(desk)
    verdicts = desk.home.catalog.newest(Verdict, "model", "version")
    cards = desk.home.catalog.newest(ModelCard, "model")
    return tuple(
        _standing(
            desk,
            one,
            verdict=verdicts.get((one.model, one.version)),
            card=cards.get((one.model,)),
        )
        for one in (_deployment(desk, name) for name in desk.home.deployments.models())
    )


def standing_of(desk: Desk, model: str) -> Standing:
    """Return where one model stands.

    Raises:
        NotFound: no such model here.
    """
    deployment, catalog = _deployment(desk, model), desk.home.catalog
    verdict = catalog.latest(Verdict, model=model, version=deployment.version)
    card = catalog.latest(ModelCard, model=model)
    return _standing(desk, deployment, verdict=verdict, card=card)


def _deployment(desk: Desk, model: str) -> Deployment:
    deployment = desk.home.deployments.current(model)
    if deployment is None:
        raise NotFound("there is no such model here", code="model.missing")
    return deployment


def _standing(
    desk: Desk, deployment: Deployment, *, verdict: Verdict | None, card: ModelCard | None
) -> Standing:
    risk = verdict.risk_level if verdict else "high"
    return Standing(
        model=deployment.model,
        deployment=deployment,
        verdict=verdict,
        answer=standing(verdict, desk.at, risk_level=risk),
        purpose=card.outcome if card else "",
    )


def decisions(desk: Desk, model: str) -> tuple[GateDecision, ...]:
    """Return the newest decision of every gate that was asked, in the order of the stages."""
    newest = {item.to_stage: item for item in desk.home.catalog.all(GateDecision, model=model)}
    return tuple(newest.values())


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
