"""Whether what a version was let through on still holds: signatures, their bytes, their age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import IntegrityBroken, Refused
from attending.lifecycle import policies
from attending.lifecycle.standing import CHANGED, faults_of
from attending.records.governance import Approval, GateDecision
from attending.release.drift import differences
from attending.times import DAY, to_micros

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.release import Deployment
    from attending.specs.release import ReleaseSpec


@dataclass(frozen=True)
class Held:
    """One signature that let a version through a gate, and how it stands now.

    Attributes:
        fault: why it does not hold any more; empty when it does.
    """

    gate: str
    approval: Approval
    fault: str

    @property
    def says(self) -> str:
        """Return one line for people."""
        one = self.approval
        return (
            f"{self.gate}: {one.document_kind} by {one.printed_name} ({one.role}): "
            f"{self.fault or 'stands'}"
        )


def signatures_of(desk: Desk, stands: Deployment) -> tuple[Held, ...]:
    """Return every signature that a version has come through its gates on, oldest gate first."""
    keeps = policies.in_use(desk).spec.serves_days
    found = []
    for decision in _decisions(desk, stands):
        approvals = [
            desk.home.catalog.get(item.evidence, Approval)
            for item in decision.conditions
            if item.name.startswith("signed.") and item.status == "met" and item.evidence
        ]
        faults = faults_of(desk, approvals)
        for one in approvals:
            old = to_micros(desk.at) - to_micros(one.signed_at) > keeps * DAY
            late = f"expired: older than {keeps} days" if old else ""
            found.append(Held(decision.gate, one, faults.get(one.digest, late)))
    return tuple(found)


def _decisions(desk: Desk, stands: Deployment) -> list[GateDecision]:
    names = [
        item.decision
        for item in desk.home.deployments.history(stands.model)
        if item.run == stands.run and item.decision is not None
    ]
    return [
        desk.home.catalog.get(name, GateDecision)
        for name in dict.fromkeys(names)
        if desk.home.catalog.list(GateDecision.kind, run=stands.run)
    ]


def require_held(desk: Desk, stands: Deployment) -> None:
    """Refuse a version of which a signature does not hold any more.

    Raises:
        IntegrityBroken: bytes that were signed are not there any more.
        Refused: a signature was withdrawn, made void or is too old.
    """
    broken = [item for item in signatures_of(desk, stands) if item.fault]
    if not broken:
        return
    first = next((item for item in broken if CHANGED in item.fault), broken[0])
    if CHANGED in first.fault:
        raise IntegrityBroken(
            f"{stands.version} rests on a document that is not what was signed: {first.says}",
            code="document.changed",
            hint="Stop the version; restore the document from a backup, or sign it anew.",
        )
    raise Refused(
        f"{stands.version} rests on a signature that does not hold: {first.says}",
        code="signature.expired" if first.fault.startswith("expired") else "signature.void",
        hint="See `attending release status`; sign the documents as they are now.",
    )


def require_as_signed(signed: ReleaseSpec, asked: ReleaseSpec) -> None:
    """Refuse a release plan that is not the one that was signed, naming what was changed.

    Raises:
        Refused: with a code for threshold, sites, share, or the rest of the plan.
    """
    found = differences(signed, asked)
    if found:
        raise Refused(
            "release.yaml is not the plan that was signed: " + "; ".join(one.says for one in found),
            code=found[0].code,
            hint="Put the signed plan back, or propose this one and have it signed.",
            where="release.yaml",
        )
