"""A code in place of a passphrase: given after a new sign-in at the provider, good for one act."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.errors import NotFound
from attending.lifecycle.desk import keep, keep_in
from attending.records.people import Credential, CredentialEnd

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.governance import Person

#: How long a code waits for its act.
KEEPS = timedelta(minutes=5)
_CODE = "once_"
_BYTES = 24


def give_code(desk: Desk, person: Person) -> str:
    """Return the code of a person who signed in at the provider just now; shown this once."""
    text = _CODE + secrets.token_urlsafe(_BYTES)
    record = Credential(
        use="confirmation",
        person_id=person.person_id,
        label="provider",
        secret=_hashed(text),
        given_by=person.person_id,
        given_at=desk.at,
        expires_at=desk.at + KEEPS,
    )
    keys = {"person": person.person_id, "secret": record.secret}
    keep(desk, record, action="confirmation.give", keys=keys)
    return text


def is_code(text: str) -> bool:
    """Return whether a text is meant as a code, and not as a passphrase.

    >>> is_code("once_abc"), is_code("a sentence to remember")
    (True, False)
    """
    return text.startswith(_CODE)


def confirmed(desk: Desk, login: str, text: str) -> Person | None:
    """Return the active person of a login whose code this is, now spent; None otherwise."""
    with desk.home.database.transaction() as unit:
        unit.chain  # noqa: B018 - takes the lock, so that a code is spent by one act alone
        found = desk.home.catalog.latest(Credential, secret=_hashed(text))
        person = _of_login(desk, login)
        if found is None or person is None or not _holds(desk, found, person):
            return None
        spent = CredentialEnd(
            credential=found.digest, ended_by=person.person_id, reason="used", ended_at=desk.at
        )
        keys = {"credential": found.digest, "person": person.person_id}
        keep_in(desk, unit, spent, action="confirmation.end", keys=keys)
    return person


def _holds(desk: Desk, found: Credential, person: Person) -> bool:
    ended = desk.home.catalog.list(CredentialEnd.kind, credential=found.digest)
    theirs = found.use == "confirmation" and found.person_id == person.person_id
    return theirs and person.active and desk.at < found.expires_at and not ended


def _of_login(desk: Desk, login: str) -> Person | None:
    try:
        return desk.home.users.by_login(login)
    except NotFound:
        return None


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
