"""Accounts at the hospital's provider: each leads to one person, who was invited first.

What the provider says of groups or roles is not read: a person's roles stand in the store.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from attending import keys
from attending.errors import Denied, NotFound
from attending.lifecycle.confirming import give_code
from attending.lifecycle.credentials import end_all, session_of
from attending.lifecycle.desk import keep_in, note
from attending.lifecycle.inviting import administering, take_up
from attending.records.ledger import Subject
from attending.records.people import ProviderLink, ProviderLinkEnd

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.governance import Person
    from attending.records.people import Invitation
    from attending.stores.unit import Unit


def accept_with(desk: Desk, token: str, *, issuer: str, subject: str) -> str:
    """Return the session of a person who takes up an invitation with an account at the provider.

    The person has no passphrase from then on, and signs with codes from there.

    Raises:
        Denied: no open invitation has that token, or the account leads to another person.
    """

    def link(unit: Unit, invitation: Invitation) -> None:
        _link(desk, unit, invitation, issuer=issuer, subject=subject)

    nobody_has_it = keys.hash_passphrase(secrets.token_urlsafe(32))
    person = take_up(desk, token, passphrase_hash=nobody_has_it, also=link)
    return session_of(desk, person, way="provider")


def _link(desk: Desk, unit: Unit, invitation: Invitation, *, issuer: str, subject: str) -> None:
    hashed = _hashed(issuer, subject)
    taken = _linked(desk, subject=hashed)
    if any(one.person_id != invitation.person_id for one in taken):
        raise Denied(
            "this account leads to another person",
            code="provider.taken",
            hint="Two persons never share an account; tell an administrator.",
        )
    for one in _linked(desk, person=invitation.person_id):
        _end(desk, unit, one, by=invitation.person_id, reason="another account")
    record = ProviderLink(
        person_id=invitation.person_id,
        issuer=issuer,
        subject=hashed,
        invitation=invitation.digest,
        linked_at=desk.at,
    )
    at = {"person": invitation.person_id, "subject": hashed}
    keep_in(desk, unit, record, action="provider.link", keys=at)


def sign_in_with(desk: Desk, *, issuer: str, subject: str) -> str:
    """Return a session of the person to whom an account leads.

    Raises:
        Denied: it leads to nobody, or to somebody who is not active; the ledger says so.
    """
    return session_of(desk, _person(desk, issuer=issuer, subject=subject), way="provider")


def confirm_with(desk: Desk, person_id: str, *, issuer: str, subject: str) -> str:
    """Return a code with which a person, who just signed in anew at the provider, does one act.

    Raises:
        Denied: the account leads to nobody active, or to another person than is signed in here.
    """
    person = _person(desk, issuer=issuer, subject=subject)
    if person.person_id != person_id:
        raise Denied(
            "somebody else signed in at the provider",
            code="provider.other_person",
            hint="Sign in there with the account that you use here.",
        )
    return give_code(desk, person)


def refused(desk: Desk, why: str) -> None:
    """Append to the ledger that a sign-in at the provider was not believed, and why."""
    with desk.home.database.transaction() as unit:
        note(desk, unit, action="auth.refused", subject=Subject(kind="provider", digest=why))


def unlink(desk: Desk, person_id: str, *, login: str, passphrase: str, reason: str) -> Person:
    """Return a person who signs in with the provider no more; their sessions and tokens end.

    Raises:
        Denied: not an administrator, or of oneself.
        NotFound: the person has no account there.
    """
    by = administering(desk, login, passphrase, of=person_id)
    person, held = desk.home.users.get(person_id), _linked(desk, person=person_id)
    if not held:
        raise NotFound("this person has no account at the provider", code="provider.not_linked")
    with desk.home.database.transaction() as unit:
        for one in held:
            _end(desk, unit, one, by=by.person_id, reason=reason)
        end_all(desk, unit, person_id, reason="user.unlink")
    return person


def _person(desk: Desk, *, issuer: str, subject: str) -> Person:
    held = _linked(desk, subject=_hashed(issuer, subject))
    person = desk.home.users.get(held[-1].person_id) if held else None
    if person is None or not person.active or person.service:
        refused(desk, "unknown")
        raise Denied(
            "this account leads to no person here",
            code="auth.refused",
            hint="Take up an invitation with it first, at /invitation; an administrator invites.",
        )
    return person


def _linked(desk: Desk, **at: str) -> tuple[ProviderLink, ...]:
    """Return the links that hold, by `person` or `subject`, oldest first."""
    return tuple(
        one
        for one in desk.home.catalog.all(ProviderLink, **at)
        if not desk.home.catalog.list(ProviderLinkEnd.kind, link=one.digest)
    )


def _end(desk: Desk, unit: Unit, link: ProviderLink, *, by: str, reason: str) -> None:
    record = ProviderLinkEnd(
        link=link.digest, ended_by=by, reason=reason.strip() or "none", ended_at=desk.at
    )
    keep_in(desk, unit, record, action="provider.unlink", keys={"link": link.digest})


def _hashed(issuer: str, subject: str) -> str:
    return hashlib.sha256(f"{issuer}\0{subject}".encode()).hexdigest()
