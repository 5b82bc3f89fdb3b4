"""The sections of a card on how a model is run: failures, fallback, owners and watching."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.in_print import printed_measure, printed_score
from attending.documents.persons import by_name
from attending.documents.times import stated
from attending.records.card import CardFact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.specs.features import FeaturesSpec
    from attending.specs.monitoring import MonitoringSpec, TrustCondition
    from attending.specs.release import ReleaseSpec, RollbackCriterion


def failure_modes(
    release: ReleaseSpec | None, features: FeaturesSpec | None
) -> tuple[CardFact, ...]:
    """Return how the model can fail and what is done then, as the plan names it."""
    said: list[CardFact] = []
    if release is not None:
        said.append(CardFact(label="No score is made", says=release.fallback.downtime_pathway))
        said += [
            CardFact(label=_first_large(printed_measure(held.measure)), says=_criterion(held))
            for held in release.rollback_criteria
        ]
    if features is not None and (limited := [f for f in features.features if f.freshness]):
        limits = "; ".join(f"{f.label}: {stated(f.freshness or 0)}" for f in limited)
        said.append(
            CardFact(
                label="An input is too old",
                says=f"It then counts as missing, and the score says so. Limits: {limits}.",
            )
        )
    return tuple(said)


def _criterion(held: RollbackCriterion) -> str:
    bound = f"above {held.above:g}" if held.above is not None else f"below {held.below:g}"
    return f"{bound} over {stated(held.over)}: the version is taken back"


def _owner(login: str, names: Mapping[str, str]) -> str:
    """Return an owner by printed name; a login that no person of the home has says so."""
    known = not names or login in names
    return by_name(login, names) if known else f"{login}, who is no person here"


def escalation(release: ReleaseSpec, names: Mapping[str, str]) -> tuple[CardFact, ...]:
    """Return who answers for the model, by printed name, and what happens in an incident."""
    owners, play = release.owners, release.playbook
    said = (
        ("Clinical owner", _owner(owners.clinical, names)),
        ("Technical owner", _owner(owners.technical, names)),
        ("Operational owner", _owner(owners.operational, names)),
        ("Incidents", _owner(owners.incident, names)),
        ("Notify", ", ".join(play.notify)),
        ("Contain", play.contain),
        ("Assess the impact", play.assess),
        ("Tell users", play.communicate),
    )
    return tuple(CardFact(label=label, says=says) for label, says in said)


def fallback(release: ReleaseSpec) -> tuple[CardFact, ...]:
    """Return what is shown when the model may not answer."""
    held = release.fallback
    score = (
        f"{printed_score(held.score or '')}, acting from {held.threshold:g}"
        if held.kind == "score" and held.threshold is not None
        else "no score is shown"
    )
    return (
        CardFact(label="In its place", says=score),
        CardFact(label="When all is down", says=held.downtime_pathway),
        CardFact(label="Time to act", says=stated(release.action_window)),
    )


def monitoring(spec: MonitoringSpec) -> tuple[CardFact, ...]:
    """Return what is watched, how often people look, and when the model is made again."""
    said = [
        CardFact(
            label="Daily verdict",
            says=f"continue, watch, freeze, restrict, fallback or stop; it holds "
            f"{stated(spec.expires)} and none is not a “continue”",
        ),
        CardFact(
            label="Windows",
            says=f"data {stated(spec.data.window)}, outcomes {stated(spec.concept.window)}",
        ),
    ]
    said += [CardFact(label=f"Trust: {held.name}", says=_bounds(held)) for held in spec.trust]
    said += [
        CardFact(label=f"Review: {held.name}", says=f"{_every(held.every)}, by the {held.owner}")
        for held in spec.reviews
    ]  # fmt: skip
    plan = spec.retraining
    said.append(
        CardFact(
            label="Retraining",
            says=f"{plan.cadence}; {plan.thresholds}; {plan.approval}",
        )
    )
    return tuple(said)


def _every(micros: int) -> str:
    """Return how often something is done.

    >>> _every(24 * 3600 * 1_000_000), _every(7 * 24 * 3600 * 1_000_000)
    ('every day', 'every 7 days')
    """
    return f"every {stated(micros).removeprefix('1 ')}"


def _first_large(words: str) -> str:
    return words[:1].upper() + words[1:]


def _bounds(held: TrustCondition) -> str:
    least = f"at least {held.at_least:g}" if held.at_least is not None else ""
    most = f"at most {held.at_most:g}" if held.at_most is not None else ""
    bounds = " and ".join(part for part in (least, most) if part)
    return f"{printed_measure(held.measure)} {bounds}"
