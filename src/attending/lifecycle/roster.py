"""Who is here: persons with their roles and marks, what each role may sign, what is on its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.govern.roles import DOCUMENTS, ROLES
from attending.lifecycle.delegating import delegations
from attending.lifecycle.emergencies import roles_now
from attending.lifecycle.inviting import open_invitations
from attending.lifecycle.people import administered, people
from attending.records.people import PersonMark

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.governance import Person, Role
    from attending.records.people import Delegation, Invitation
    from attending.types import Instant


@dataclass(frozen=True)
class Member:
    """One person: what is true of them, and when they last did something.

    Attributes:
        in_emergency: roles that are held for hours only.
    """

    person: Person
    marks: tuple[str, ...]
    in_emergency: tuple[Role, ...]
    last_act: Instant | None


@dataclass(frozen=True)
class RoleSays:
    """One role: its title, what it answers for, what it may sign, and who holds it."""

    role: Role
    title: str
    answers_for: str
    signs: tuple[str, ...]
    held_by: tuple[str, ...]


@dataclass(frozen=True)
class Roster:
    """Everyone who is here, every role, and what is on its way."""

    members: tuple[Member, ...]
    roles: tuple[RoleSays, ...]
    invitations: tuple[Invitation, ...]
    delegations: tuple[Delegation, ...]
    administered: bool


def roster(desk: Desk) -> Roster:
    """Return who is here now, in which roles."""
    found = people(desk)
    marks: dict[str, list[str]] = {}
    for one in desk.home.catalog.all(PersonMark):
        marks.setdefault(one.person_id, []).append(one.mark)
    return Roster(
        members=tuple(_member(desk, one, marks.get(one.person_id, [])) for one in found),
        roles=tuple(
            RoleSays(
                role,
                rule.title,
                rule.answers_for,
                tuple(DOCUMENTS[one] for one in DOCUMENTS if one in rule.may_sign),
                tuple(one.printed_name for one in found if role in one.roles and one.active),
            )
            for role, rule in ROLES.items()
        ),
        invitations=open_invitations(desk),
        delegations=delegations(desk),
        administered=administered(desk),
    )


def _member(desk: Desk, person: Person, marks: list[str]) -> Member:
    last = desk.home.ledger.search(actor=person.person_id, limit=1)
    extra = [one for one in roles_now(desk, person) if one not in person.roles]
    return Member(person, tuple(marks), tuple(extra), last[0].at if last else None)
