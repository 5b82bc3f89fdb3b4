"""Changes of persons: roles given and taken, persons disabled, passphrases changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending import keys
from attending.errors import Refused
from attending.govern.roles import check_role, check_roles
from attending.lifecycle.credentials import end_all
from attending.lifecycle.desk import note
from attending.lifecycle.inviting import administering
from attending.lifecycle.people import acting_person, check_passphrase_form, mark
from attending.records.ledger import Subject

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.governance import Person


def grant(desk: Desk, person_id: str, name: str, *, login: str, passphrase: str) -> Person:
    """Return a person who has one role more, given by an administrator.

    Raises:
        Denied: not an administrator, or of oneself.
        Refused: the person has it, or it is not held with the others.
    """
    administering(desk, login, passphrase, of=person_id)
    person, role = desk.home.users.get(person_id), check_role(name)
    if role in person.roles:
        raise Refused("the person has that role", code="role.held")
    changed = person.model_copy(update={"roles": check_roles([*person.roles, role])})
    return _save(desk, changed, action="role.grant", details={"role": role})


def revoke(desk: Desk, person_id: str, name: str, *, login: str, passphrase: str) -> Person:
    """Return a person who has one role less; it counts from the next request on.

    Raises:
        Denied: not an administrator, or of oneself.
        Refused: the person does not have it.
    """
    administering(desk, login, passphrase, of=person_id)
    person, role = desk.home.users.get(person_id), check_role(name)
    if role not in person.roles:
        raise Refused("the person does not have that role", code="role.not_held")
    left = tuple(item for item in person.roles if item != role)
    changed = person.model_copy(update={"roles": left})
    return _save(desk, changed, action="role.revoke", details={"role": role})


def set_active(desk: Desk, person_id: str, *, active: bool, login: str, passphrase: str) -> Person:
    """Return a person who may act from now on, or no more; what they signed stays.

    Disabling ends every session and token of the person.

    Raises:
        Denied: not an administrator, or of oneself.
    """
    administering(desk, login, passphrase, of=person_id)
    person = desk.home.users.get(person_id).model_copy(update={"active": active})
    return _save(desk, person, action="user.enable" if active else "user.disable")


def vouch(desk: Desk, person_id: str, *, login: str, passphrase: str) -> Person:
    """Return a person whom an administrator answers for, who was added before there was one.

    Raises:
        Denied: not an administrator, or of oneself.
    """
    administering(desk, login, passphrase, of=person_id)
    person = desk.home.users.get(person_id)
    with desk.home.database.transaction() as unit:
        mark(desk, unit, person_id, what="vouched")
    return person


def change_passphrase(desk: Desk, login: str, passphrase: str, *, new: str) -> Person:
    """Return a person who has a new passphrase; every session and token ends.

    Raises:
        Denied: unknown login or wrong passphrase.
        BadInput: the new one is too short.
    """
    person = acting_person(desk, login, passphrase)
    check_passphrase_form(new)
    hashed = keys.hash_passphrase(new)
    return _save(desk, person, action="user.passphrase", passphrase_hash=hashed)


def _save(
    desk: Desk,
    person: Person,
    *,
    action: str,
    details: dict[str, str] | None = None,
    passphrase_hash: str = "",
) -> Person:
    with desk.home.database.transaction() as unit:
        desk.home.users.save(unit, person, passphrase_hash=passphrase_hash)
        if action in {"user.disable", "user.passphrase"}:
            end_all(desk, unit, person.person_id, reason=action)
        subject = Subject(kind="person", digest=person.person_id)
        note(desk, unit, action=action, subject=subject, details=details)
    return person
