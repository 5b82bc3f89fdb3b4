"""Persons: who may act and sign. Passphrases are hashed here and never kept or printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attending import keys
from attending.errors import BadInput, Denied, NotFound, Refused, did_you_mean
from attending.govern.roles import acting_role, check_role, check_roles
from attending.lifecycle.confirming import confirmed, is_code
from attending.lifecycle.desk import keep_in, note
from attending.records.governance import Person
from attending.records.ledger import Subject
from attending.records.people import PersonMark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.lifecycle.desk import Desk
    from attending.records.governance import Role
    from attending.stores.unit import Unit

MIN_PASSPHRASE = 12
#: What the machine does by itself has no person.
MACHINE = "system"
_PERSON_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


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

    In a home that nobody administers this is how persons begin; they are marked for it.
    A simulated home marks them as fictional.

    Args:
        desk: where.
        person_id: small letters, digits, dots and hyphens.
        printed_name: as it stands beside every signature.
        roles: what they may sign is decided by these.
        passphrase: 12 characters or more.
        salt: only a simulated home passes one.

    Raises:
        BadInput: the id is not one, or the passphrase is too short.
        Refused: the roles are not held together, or an administrator must invite instead.
    """
    if "administrator" in roles or administered(desk):
        raise Refused(
            "an administrator invites persons here, and nobody is added otherwise",
            code="user.invite",
            hint="Use `attending user add PERSON --as ADMINISTRATOR --token-file FILE`.",
        )
    check_passphrase_form(passphrase)
    person = checked(person_id, printed_name, roles)
    hashed = keys.hash_passphrase(passphrase, salt=salt)
    with desk.home.database.transaction() as unit:
        enter_person(desk, unit, person, passphrase_hash=hashed)
        mark(desk, unit, person_id, what="fictional" if desk.home.synthetic else "unvouched")
    return person


def checked(person_id: str, printed_name: str, roles: Sequence[str]) -> Person:
    """Return a person of that id, name and roles, not kept yet.

    Raises:
        BadInput: the id or the name is not one, or a role is not known.
        Refused: the roles are not held together.
    """
    if not _PERSON_ID.fullmatch(person_id):
        raise BadInput(
            "a person's id has small letters, digits, dots and hyphens",
            code="user.id",
            where="person",
        )
    if not printed_name.strip() or not printed_name.isprintable():
        raise BadInput("a printed name is one line of letters", code="user.name", where="--name")
    return Person(person_id=person_id, printed_name=printed_name, roles=check_roles(roles))


def check_passphrase_form(passphrase: str) -> None:
    """Refuse a passphrase that is too short.

    Raises:
        BadInput: it is.
    """
    if len(passphrase) < MIN_PASSPHRASE:
        raise BadInput(
            f"the passphrase has {len(passphrase)} characters, expected {MIN_PASSPHRASE} or more",
            code="user.passphrase",
            hint="Use a sentence that you can remember.",
        )


def enter_person(desk: Desk, unit: Unit, person: Person, *, passphrase_hash: str) -> None:
    """Keep a new person with a login of the same name, and the entry that says so."""
    desk.home.users.save(unit, person, passphrase_hash=passphrase_hash)
    desk.home.users.give_login(unit, person.person_id, person.person_id)
    note(
        desk,
        unit,
        action="user.add",
        subject=Subject(kind="person", digest=person.person_id),
        details={"roles": ",".join(person.roles)},
    )


def mark(desk: Desk, unit: Unit, person_id: str, *, what: str) -> None:
    """Keep something that stays true of a person."""
    record = PersonMark.model_validate({"person_id": person_id, "mark": what})
    keep_in(desk, unit, record, action="user.mark", keys={"person": person_id})


def marks(desk: Desk, what: str) -> frozenset[str]:
    """Return who carries a mark; somebody whom an administrator vouched for is not unvouched."""
    found: dict[str, set[str]] = {}
    for item in desk.home.catalog.all(PersonMark):
        found.setdefault(item.mark, set()).add(item.person_id)
    late = found.get("vouched", set()) if what == "unvouched" else set()
    return frozenset(found.get(what, set()) - late)


def administered(desk: Desk) -> bool:
    """Return whether the home has had an administrator, active or not."""
    return any("administrator" in person.roles for person in desk.home.users.list())


def authenticated(desk: Desk, login: str, passphrase: str) -> Person:
    """Return the person of a login and passphrase; a failed attempt leaves a ledger entry.

    Who signs in at the provider gives a code from there in the passphrase's place.

    Raises:
        Denied: unknown login or wrong passphrase; the answer does not say which.
    """
    if is_code(passphrase):
        person = confirmed(desk, login, passphrase)
    else:
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
    return acting_role(acting_person(desk, login, passphrase).roles, act)


def acting_person(desk: Desk, login: str, passphrase: str) -> Person:
    """Return a freshly authenticated human being.

    Raises:
        Denied: unknown login or wrong passphrase, or a service.
    """
    person = authenticated(desk, login, passphrase)
    if person.service:
        raise Denied("a service does not act here", code="act.person", hint="Ask a person.")
    return person


def people(desk: Desk) -> tuple[Person, ...]:
    """Return all persons of the home."""
    return desk.home.users.list()


def printed_names(desk: Desk) -> dict[str, str]:
    """Return by login the name that stands beside a person's signatures."""
    return {one.person_id: one.printed_name for one in people(desk)}


def role(name: str) -> Role:
    """Return the role of that name; an unknown one is refused with the nearest."""
    return check_role(name)


def require_somebody(desk: Desk) -> None:
    """Refuse an act that is said to be of a person whom this home does not know.

    A home without persons has nobody to be mistaken for; `system` is the machine's own.

    Raises:
        BadInput: nobody here has that name, or who had it may not act any more.
    """
    active = [one.person_id for one in desk.home.users.list() if one.active]
    if desk.actor == MACHINE or not active or is_person(desk, desk.actor):
        return
    raise BadInput(
        f"no person '{desk.actor}' here",
        code="actor.unknown",
        hint=did_you_mean(desk.actor, active),
        where="--by",
    )


def is_person(desk: Desk, name: str) -> bool:
    """Return whether a name is the id or a login of somebody who is active here."""
    if name in {one.person_id for one in desk.home.users.list() if one.active}:
        return True
    try:
        return desk.home.users.by_login(name).active
    except NotFound:
        return False
