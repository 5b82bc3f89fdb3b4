"""Role guides: for each role that reads a score, one table of what it means and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.times import spelt, stated
from attending.records.deployer import PaperSection
from attending.units import printed_risk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.records.decisions import ThresholdDecision
    from attending.specs.deployer import DeployerSpec, Duty
    from attending.specs.release import ReleaseSpec

_PARTS = ("responsible", "accountable", "consulted", "informed")
_HEADER = ("Question", "Answer")


def roles(release: ReleaseSpec) -> tuple[str, ...]:
    """Return the roles that get a guide: who reads the score, and who must be trained first."""
    return tuple(
        dict.fromkeys((*release.intended_use.user_roles, *release.training_material.required_roles))
    )


def guides(
    asked: DeployerSpec, release: ReleaseSpec, thresholds: Sequence[ThresholdDecision]
) -> tuple[PaperSection, ...]:
    """Return the guide of each role.

    Args:
        asked: deployer.yaml.
        release: the release plan.
        thresholds: of each place, as it was decided.
    """
    decided = tuple(row for one in thresholds for row in _threshold(one))
    return tuple(
        PaperSection(
            title=f"For the {role}",
            header=_HEADER,
            rows=(*_meaning(asked, release), *decided, *_acting(role, asked, release)),
        )
        for role in roles(release)
    )


def without_duty(asked: DeployerSpec, release: ReleaseSpec) -> tuple[str, ...]:
    """Return what is missing: a role that reads the score and stands nowhere among the duties."""
    return tuple(
        f"the duties (raci) do not name the {role}"
        for role in roles(release)
        if not _duties(role, asked.raci)
    )


def _meaning(asked: DeployerSpec, release: ReleaseSpec) -> tuple[tuple[str, str], ...]:
    """Return what the score is, for whom, and for what not."""
    use = release.intended_use
    return (
        ("What the score foretells", use.outcome),
        ("For whom it is", use.population),
        *(("For whom and what it is not", one) for one in release.non_intended),
        *(("What it must not be used for", one) for one in asked.misuse),
        ("When it is made", use.decision_point),
        *(("What it says", one.wording) for one in release.delivery),
    )


def _acting(role: str, asked: DeployerSpec, release: ReleaseSpec) -> tuple[tuple[str, str], ...]:
    """Return what a role does with it, and without it."""
    work, down, owners = asked.workflow, asked.downtime, release.owners
    material = release.training_material
    return (
        ("The task", work.task),
        *(("Then" if at else "What to do", one.does) for at, one in enumerate(work.steps)),
        *(("Your part", one) for one in _duties(role, asked.raci)),
        ("Who decides", release.oversight),
        ("When another score answers in its place", release.fallback.card or "none does"),
        ("When there is no score", down.decide),
        ("How long the last printed list counts", stated(down.after)),
        ("Whom to ask", f"{owners.clinical} (care), {owners.operational} (service)"),
        ("What to learn first", f"{material.material}, version {material.version}"),
    )


def _threshold(decided: ThresholdDecision) -> tuple[tuple[str, str], ...]:
    """Return from when on it asks for an act, and what is to be expected of it."""
    if decided.threshold is None:
        return ()
    where = "" if decided.place == "all" else f" ({decided.place})"
    rows = [
        (f"When it asks for an act{where}", f"From a risk of {printed_risk(decided.threshold)} on"),
        (
            f"What is done then, and by whom{where}",
            f"{decided.action} ({decided.responder}, within {spelt(decided.within)})",
        ),
    ]
    if decided.escalate_to:
        rows.append((f"If nobody answers{where}", decided.escalation))
    if decided.ppv is not None and decided.sensitivity is not None:
        expected = _expected(decided.ppv, decided.sensitivity)
        rows.append((f"How often it is right{where}", expected))
    return tuple(rows)


def _expected(ppv: float, sensitivity: float) -> str:
    """Return what a threshold does in words that count patients.

    >>> _expected(0.31, 0.624)
    'About 31 of 100 flagged patients have it; about 62 of 100 who have it are flagged'
    """
    return (
        f"About {ppv * 100:.0f} of 100 flagged patients have it; "
        f"about {sensitivity * 100:.0f} of 100 who have it are flagged"
    )


def _duties(role: str, duties: tuple[Duty, ...]) -> tuple[str, ...]:
    """Return what a role does for the model, each activity with its part."""
    return tuple(
        f"{part} for {one.activity.replace('_', ' ')}"
        if part in _PARTS[:2]
        else f"{part} about {one.activity.replace('_', ' ')}"
        for one in duties
        for part in _PARTS
        if role.casefold() in {who.strip().casefold() for who in getattr(one, part).split(",")}
    )
