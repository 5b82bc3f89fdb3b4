"""Retirement: a version ends for good, its owners are told, and its records stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import Denied, NotFound
from attending.lifecycle.desk import keep_in, note
from attending.lifecycle.people import authenticated
from attending.records.ledger import Subject
from attending.records.release import Retirement
from attending.release import advance as steps

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.release import Deployment
    from attending.stores.unit import Unit


def retire(
    desk: Desk, project: Project, *, person: str, passphrase: str, reason: str, version: str = ""
) -> tuple[Deployment, ...]:
    """Return what stands after a version was retired for good, signed; the newest unless named.

    Raises:
        Denied: the signer is no clinical lead.
        BadInput: no reason.
        NotFound: no version of this model is here.
        Refused: it is retired already.
    """
    signer = authenticated(desk, person, passphrase)
    if "clinical_lead" not in signer.roles:
        raise Denied(
            "a version is retired by a clinical lead",
            code="release.role",
            hint="Ask the clinical owner.",
        )
    now = desk.home.deployments.current(project.name, version=version)
    if now is None:
        raise NotFound("no version of this model is here", code="model.missing")
    stands = steps.retire(now, at=desk.at, by=signer.person_id, reason=reason)
    owners = project.release.owners.model_dump()
    told = tuple(sorted(set(owners.values())))
    with desk.home.database.transaction() as unit:
        digest = desk.home.deployments.enter(unit, stands)
        note(
            desk,
            unit,
            action="release.retire",
            subject=Subject(kind="deployment", digest=digest),
            details={"version": stands.version, "by": stands.by, "told": told},
        )
        _record(desk, unit, stands, owners=owners)
    return (stands,)


def _record(desk: Desk, unit: Unit, stands: Deployment, *, owners: dict[str, str]) -> None:
    record = Retirement(
        model=stands.model,
        version=stands.version,
        deployment=stands.digest,
        retired_at=stands.effective_at,
        by=stands.by,
        reason=stands.reason,
        owners=owners,
    )
    keys = {"model": stands.model, "version": stands.version}
    keep_in(desk, unit, record, action="release.retirement", keys=keys)
