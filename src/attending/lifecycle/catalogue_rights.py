"""Who may read or change a feature of the catalogue; an attempt that is denied is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import Denied, NotFound
from attending.govern.roles import ROLES, acting_role
from attending.lifecycle.desk import note
from attending.records.catalogue import CatalogueFeature
from attending.records.ledger import Subject

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.governance import Role


def require_changer(desk: Desk) -> None:
    """Refuse who may not publish or end features: a service, nobody's login, or another role.

    Raises:
        Denied: the attempt is in the ledger.
    """
    try:
        acting_role(_roles(desk), "feature")
    except Denied:
        _note(desk, Subject(kind="catalogue", digest="features"), "change")
        raise


def require_reader(desk: Desk, feature: CatalogueFeature, *, act: str) -> None:
    """Refuse who has none of the roles that may read a feature.

    Args:
        desk: whose actor it is.
        feature: any version; the readers of the newest count for all.
        act: what was attempted, for the ledger.

    Raises:
        Denied: the attempt is in the ledger.
    """
    newest = max(
        desk.home.catalog.all(CatalogueFeature, feature=feature.name),
        key=lambda one: one.version,
    )
    if newest.readers and not set(newest.readers) & set(_roles(desk)):
        _note(desk, Subject.of(feature), act)
        refusal = _denied(desk, feature, newest.readers)
        raise refusal


def _denied(desk: Desk, feature: CatalogueFeature, readers: tuple[Role, ...]) -> Denied:
    titles = " or ".join(ROLES[role].title.lower() for role in readers)
    return Denied(
        f"feature '{feature.reference}' may not be read by '{desk.actor}'",
        code="features.denied",
        hint=f"It is for a {titles}. Say who acts with --by; see `attending user ls`.",
    )


def _note(desk: Desk, subject: Subject, act: str) -> None:
    with desk.home.database.transaction() as unit:
        note(desk, unit, action="features.denied", subject=subject, details={"act": act})


def _roles(desk: Desk) -> tuple[Role, ...]:
    """Return the roles of the active person who acts; none for anybody else."""
    try:
        person = desk.home.users.get(desk.actor)
    except NotFound:
        return ()
    return person.roles if person.active and not person.service else ()
