"""How persons begin: an invitation that is used once. Nobody ever has a passphrase by default."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from attending import keys
from attending.errors import Denied, Refused
from attending.govern.roles import acting_role
from attending.lifecycle.credentials import end_all
from attending.lifecycle.desk import keep, keep_in
from attending.lifecycle.people import (
    acting_person,
    administered,
    check_passphrase_form,
    checked,
    enter_person,
    mark,
)
from attending.records.governance import Person
from attending.records.people import Invitation, InvitationSpent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attending.lifecycle.desk import Desk
    from attending.stores.unit import Unit

#: How long an invitation waits.
KEEPS = timedelta(hours=72)
_TOKEN_BYTES = 32


def begin(desk: Desk, person_id: str, *, printed_name: str) -> str:
    """Return the one-time token of the first administrator of a home.

    Raises:
        Refused: the home has an administrator, or an invitation of one is open.
    """
    waiting = any("administrator" in item.roles for item in open_invitations(desk))
    if administered(desk) or waiting:
        raise Refused(
            "this home has an administrator, or has invited one",
            code="user.administrator",
            hint="Ask the administrator; an invitation ends after 72 hours.",
        )
    person = checked(person_id, printed_name, ["administrator"])
    return _invite(desk, person, by="system")


def invite(
    desk: Desk,
    person_id: str,
    *,
    printed_name: str,
    roles: Sequence[str],
    administrator: str,
    passphrase: str,
) -> str:
    """Return the one-time token with which a new person sets a passphrase, or a known one anew.

    Args:
        desk: where and when.
        person_id: of a new person; of a known one to give a new passphrase.
        printed_name: of a new person; a known one keeps theirs.
        roles: of a new person; a known one keeps theirs.
        administrator: who invites, by login.
        passphrase: of the administrator, given again.

    Raises:
        Denied: not an administrator, or of oneself.
        BadInput: the id, the name or a role is not one.
    """
    by = administering(desk, administrator, passphrase, of=person_id)
    known = {item.person_id: item for item in desk.home.users.list()}.get(person_id)
    return _invite(desk, known or checked(person_id, printed_name, roles), by=by.person_id)


def _invite(desk: Desk, person: Person, *, by: str) -> str:
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    invitation = Invitation(
        person_id=person.person_id,
        printed_name=person.printed_name,
        roles=person.roles,
        secret=hashed(token),
        invited_by=by,
        expires_at=desk.at + KEEPS,
    )
    keep(
        desk,
        invitation,
        action="user.invite",
        keys={"person": person.person_id, "secret": invitation.secret},
        details={"roles": ",".join(person.roles), "by": by},
    )
    return token


def accept(desk: Desk, token: str, passphrase: str) -> Person:
    """Return the person who was invited, with their own passphrase from now on.

    The token is spent. Of a known person, every session and token ends.

    Raises:
        Denied: no open invitation has that token: unknown, spent, late or of somebody disabled.
        BadInput: the passphrase is too short.
    """
    check_passphrase_form(passphrase)
    return take_up(desk, token, passphrase_hash=keys.hash_passphrase(passphrase))


def take_up(
    desk: Desk,
    token: str,
    *,
    passphrase_hash: str,
    also: Callable[[Unit, Invitation], None] = lambda _unit, _invitation: None,
) -> Person:
    """Return the person who was invited; the invitation is spent.

    Args:
        desk: where and when.
        token: of the invitation.
        passphrase_hash: of the passphrase that the person has from now on.
        also: what else is written in the same unit.

    Raises:
        Denied: no open invitation has that token.
    """
    with desk.home.database.transaction() as unit:
        unit.chain  # noqa: B018 - takes the lock, so that a token is spent by one alone
        invitation = _open_of(desk, token)
        person = _enter(desk, unit, invitation, passphrase_hash=passphrase_hash)
        also(unit, invitation)
        spent = InvitationSpent(invitation=invitation.digest, spent_at=desk.at)
        keep_in(desk, unit, spent, action="user.accept", keys={"invitation": invitation.digest})
    return person


def _enter(desk: Desk, unit: Unit, invitation: Invitation, *, passphrase_hash: str) -> Person:
    who = invitation.person_id
    known = {item.person_id: item for item in desk.home.users.list()}.get(who)
    if known is None:
        person = Person(person_id=who, printed_name=invitation.printed_name, roles=invitation.roles)
        enter_person(desk, unit, person, passphrase_hash=passphrase_hash)
        return person
    if not known.active:
        refusal = _not_open()
        raise refusal
    desk.home.users.save(unit, known, passphrase_hash=passphrase_hash)
    end_all(desk, unit, who, reason="a new passphrase")
    mark(desk, unit, who, what="vouched")
    return known


def _open_of(desk: Desk, token: str) -> Invitation:
    found = [item for item in open_invitations(desk) if keys.same(item.secret, hashed(token))]
    if not found:
        refusal = _not_open()
        raise refusal
    return found[0]


def _not_open() -> Denied:
    return Denied(
        "this token opens no invitation",
        code="user.invitation",
        hint="It is used once and ends after 72 hours; ask the administrator for another.",
    )


def open_invitations(desk: Desk) -> tuple[Invitation, ...]:
    """Return the invitations that still wait."""
    spent = {item.invitation for item in desk.home.catalog.all(InvitationSpent)}
    return tuple(
        item
        for item in desk.home.catalog.all(Invitation)
        if item.digest not in spent and desk.at < item.expires_at
    )


def administering(desk: Desk, login: str, passphrase: str, *, of: str) -> Person:
    """Return the administrator who changes a person, freshly authenticated.

    Raises:
        Denied: not an administrator, or a change of oneself.
    """
    person = acting_person(desk, login, passphrase)
    acting_role(person.roles, "people")
    if person.person_id == of:
        raise Denied(
            "nobody changes their own roles or account",
            code="user.own",
            hint="Ask another administrator.",
        )
    return person


def hashed(token: str) -> str:
    """Return what is kept of a token: its SHA-256, as it is long and random.

    >>> len(hashed("token"))
    64
    """
    return hashlib.sha256(token.encode()).hexdigest()
