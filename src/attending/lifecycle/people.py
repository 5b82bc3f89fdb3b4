"""Persons: who may act and sign. Passphrases are hashed here and never kept or printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attending import keys
from attending.errors import BadInput, Denied
from attending.govern.roles import acting_role, check_role
from attending.lifecycle.desk import note
from attending.records.governance import Person
from attending.records.ledger import Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.lifecycle.desk import Desk
    from attending.records.governance import Role

MIN_PASSPHRASE = 12
_PERSON_ID = re.compile(r"^[a-z0-9][a-z0-9._-]{0,63}$")


def add_person(
    desk: Desk,
    person_id: str,
    *,
    printed_name: str,
    roles: Sequence[Role],
    passphrase: str,
    salt: bytes | None = None,
) -> Person:
    """Return a new person, with a login of the same name.

    Args:
        desk: where.
        person_id: small letters, digits, dots and hyphens.
        printed_name: as it stands beside every signature.
        roles: what they may sign is decided by these.
        passphrase: 12 characters or more.
        salt: only a simulated home passes one.

    Raises:
        BadInput: the id is not one, or the passphrase is too short.
    """
    if not _PERSON_ID.match(person_id):
        raise BadInput(
            "a person's id has small letters, digits, dots and hyphens",
            code="user.id",
            where="person",
        )
    if len(passphrase) < MIN_PASSPHRASE:
        raise BadInput(
            f"the passphrase has {len(passphrase)} characters, expected {MIN_PASSPHRASE} or more",
            code="user.passphrase",
            hint="Use a sentence that you can remember.",
        )
    person = Person(person_id=person_id, printed_name=printed_name, roles=tuple(roles))
    hashed = keys.hash_passphrase(passphrase, salt=salt)
    with desk.home.database.transaction() as unit:
        desk.home.users.save(unit, person, passphrase_hash=hashed)
        desk.home.users.give_login(unit, person_id, person_id)
        note(
            desk,
            unit,
            action="user.add",
            subject=Subject(kind="person", digest=person_id),
            details={"roles": ",".join(sorted(roles))},
        )
    return person


def authenticated(desk: Desk, login: str, passphrase: str) -> Person:
    """Return the person of a login and passphrase; a failed attempt leaves a ledger entry.

    Raises:
        Denied: unknown login or wrong passphrase; the answer does not say which.
    """
    person = desk.home.users.authenticate(login, passphrase)
    if person is None:
        with desk.home.database.transaction() as unit:
            subject = Subject(kind="login", digest="refused")
            note(desk, unit, action="auth.refused", subject=subject)
        raise Denied(
            "the login or the passphrase is wrong",
            code="auth.refused",
            hint="Try again, or ask an administrator for a new passphrase.",
        )
    return person


def acting(desk: Desk, login: str, passphrase: str, *, act: str) -> Role:
    """Return the role in which a person, freshly authenticated, does an act.

    Raises:
        Denied: unknown login or wrong passphrase, a service, or a person whose roles may not.
    """
    person = authenticated(desk, login, passphrase)
    if person.service:
        raise Denied("a service does not act here", code="act.person", hint="Ask a person.")
    return acting_role(person.roles, act)


def people(desk: Desk) -> tuple[Person, ...]:
    """Return all persons of the home."""
    return desk.home.users.list()


def role(name: str) -> Role:
    """Return the role of that name; an unknown one is refused with the nearest."""
    return check_role(name)
