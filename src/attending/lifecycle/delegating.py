"""Delegation: a person lets another sign in one of their roles, for a while and no further."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import Denied
from attending.govern.delegation import check_delegation
from attending.govern.roles import check_role
from attending.lifecycle.desk import keep
from attending.lifecycle.people import acting_person
from attending.records.people import Delegation, DelegationEnd

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.governance import Person, Role
    from attending.types import Instant


def delegate(  # noqa: PLR0913 - who, to whom, what, how long and why
    desk: Desk, login: str, passphrase: str, *, to: str, role: str, until: Instant, reason: str
) -> Delegation:
    """Return the right of another person to sign in a role of the person who gives it.

    Raises:
        Denied: wrong passphrase, a role that is not the giver's own, to oneself, or in a circle.
        BadInput: no reason, or a period that is over or longer than 31 days.
    """
    person = acting_person(desk, login, passphrase)
    asked = Delegation(
        delegator=person.person_id,
        delegate=to,
        role=check_role(role),
        reason=reason.strip() or "none",
        begins_at=desk.at,
        ends_at=until,
    )
    check_delegation(asked, person, desk.home.users.get(to), standing=delegations(desk))
    keep(
        desk,
        asked,
        action="role.delegate",
        keys={"delegator": person.person_id, "delegate": to},
        details={"to": to, "role": asked.role},
    )
    return asked


def end_delegation(desk: Desk, name: str, *, login: str, passphrase: str) -> DelegationEnd:
    """Return the end of a delegation before its time, by either of the two.

    Raises:
        Denied: wrong passphrase, or neither of the two.
    """
    person = acting_person(desk, login, passphrase)
    found = desk.home.catalog.get(name, Delegation)
    if person.person_id not in {found.delegator, found.delegate}:
        raise Denied("a delegation is ended by one of the two", code="delegation.other")
    record = DelegationEnd(delegation=found.digest, ended_by=person.person_id, ended_at=desk.at)
    keep(desk, record, action="role.delegation_end", keys={"delegation": found.digest})
    return record


def delegations(desk: Desk) -> tuple[Delegation, ...]:
    """Return the delegations that hold now."""
    ended = {one.delegation for one in desk.home.catalog.all(DelegationEnd)}
    return tuple(
        one
        for one in desk.home.catalog.all(Delegation)
        if one.digest not in ended and one.begins_at <= desk.at < one.ends_at
    )


def lent_roles(desk: Desk, person: Person) -> dict[Role, Person]:
    """Return the roles in which others let a person sign, each with who lets them.

    A right counts while its giver is active and has the role; a role of one's own is not lent.
    """
    lent = [one for one in delegations(desk) if one.delegate == person.person_id]
    if not lent:
        return {}
    persons = {one.person_id: one for one in desk.home.users.list()}
    found: dict[Role, Person] = {}
    for one in lent:
        giver = persons[one.delegator]
        if giver.active and one.role in giver.roles and one.role not in person.roles:
            found.setdefault(one.role, giver)
    return found


def delegator_of(desk: Desk, signer: Person, role: Role) -> str | None:
    """Return who lets a person sign in a role; None when it is their own, or nobody does."""
    giver = lent_roles(desk, signer).get(role)
    return giver.person_id if giver else None
