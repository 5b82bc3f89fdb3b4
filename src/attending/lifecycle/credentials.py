"""Tokens and sessions: kept as hashes, for one person, until a moment, and taken back at once."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.errors import BadInput, Denied, NotFound, did_you_mean
from attending.lifecycle.desk import keep, keep_in, note
from attending.lifecycle.people import acting_person, authenticated
from attending.records.ledger import Subject
from attending.records.people import Credential, CredentialEnd

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.governance import Person
    from attending.stores.home import Home
    from attending.stores.unit import Unit

#: What a token may be used for.
SCOPES: dict[str, str] = {
    "read": "look at records and documents",
    "patients": "look at rows of patients, where the person may",
    "work": "build, fit, validate, score and monitor, where the person may",
    "intake": "push events, where the person may",
    "release": "advance, where the person may",
}
SESSION = timedelta(hours=8)
LONGEST_TOKEN = timedelta(days=366)
_BYTES = 32
_TOKEN = "att_"  # noqa: S105 - the start of every token, so that scanners of leaks can see one


@dataclass(frozen=True)
class Holder:
    """Who holds a credential, as the store knows them now, and what it is for."""

    person: Person
    credential: Credential


def open_session(desk: Desk, login: str, passphrase: str) -> str:
    """Return the text of a new session.

    Raises:
        Denied: unknown login or wrong passphrase.
    """
    return session_of(desk, authenticated(desk, login, passphrase), way="passphrase")


def session_of(desk: Desk, person: Person, *, way: str) -> str:
    """Return the text of a new session of a person who was authenticated in some way."""
    text = secrets.token_urlsafe(_BYTES)
    credential = Credential(
        use="session",
        person_id=person.person_id,
        label=way,
        secret=_hashed(text),
        given_by=person.person_id,
        given_at=desk.at,
        expires_at=desk.at + SESSION,
    )
    _keep(desk, credential, action="session.open")
    return text


def give_token(
    desk: Desk,
    login: str,
    passphrase: str,
    *,
    label: str,
    scopes: tuple[str, ...],
    keeps: timedelta,
) -> str:
    """Return the text of a new token of the person who asks; it is shown this once.

    Raises:
        Denied: unknown login or wrong passphrase.
        BadInput: no label, no scope or an unknown one, or a life that is too long.
    """
    person = acting_person(desk, login, passphrase)
    unknown = next((scope for scope in scopes if scope not in SCOPES), None)
    if unknown is not None or not scopes:
        raise BadInput(
            f"got scope '{unknown or ''}', which is not known",
            code="token.scope",
            hint=did_you_mean(unknown or "", SCOPES),
            where="--scope",
        )
    if not label.strip() or not timedelta(0) < keeps <= LONGEST_TOKEN:
        raise BadInput(
            "a token has a label and lives for a year at most", code="token.life", where="--keeps"
        )
    text = _TOKEN + secrets.token_urlsafe(_BYTES)
    credential = Credential(
        use="token",
        person_id=person.person_id,
        label=label,
        secret=_hashed(text),
        scopes=tuple(sorted(set(scopes))),
        given_by=person.person_id,
        given_at=desk.at,
        expires_at=desk.at + keeps,
    )
    _keep(desk, credential, action="token.give")
    return text


def session_holder(desk: Desk, text: str) -> Person:
    """Return who holds a session now; a page that is asked for with an old one is no attempt.

    Raises:
        NotFound: no such session, or it ended.
    """
    found = _held(desk, text)
    if found is None or found.credential.use != "session":
        raise NotFound("this session does not hold", code="credential.invalid")
    return found.person


def holder(desk: Desk, text: str) -> Holder:
    """Return who holds a credential now; roles are read from the store, never from the text.

    Raises:
        Denied: no such credential, one that ended, or of a person who is not active.
    """
    found = _held(desk, text)
    if found is None:
        raise Denied(
            "this token or session does not hold",
            code="credential.invalid",
            hint="Sign in again, or ask for another token.",
        )
    return found


def credential_of(home: Home, text: str) -> Credential | None:
    """Return the token or session that a text is the secret of, whether it holds or not."""
    found = home.catalog.latest(Credential, secret=_hashed(text))
    return None if found is None or found.use == "confirmation" else found


def _held(desk: Desk, text: str) -> Holder | None:
    found = credential_of(desk.home, text)
    if found is None or desk.at >= found.expires_at:
        return None
    ended = desk.home.catalog.list(CredentialEnd.kind, credential=found.digest)
    person = desk.home.users.get(found.person_id)
    return Holder(person, found) if person.active and not ended else None


def credentials(desk: Desk, person_id: str = "") -> tuple[Credential, ...]:
    """Return the credentials that hold now, of a person or of everybody."""
    ended = {item.credential for item in desk.home.catalog.all(CredentialEnd)}
    keys = {"person": person_id} if person_id else {}
    return tuple(
        item
        for item in desk.home.catalog.all(Credential, **keys)
        if item.digest not in ended and desk.at < item.expires_at
    )


def end(desk: Desk, name: str, *, login: str, passphrase: str, reason: str) -> Credential:
    """Return a credential that was taken back, by its holder or by an administrator.

    Args:
        desk: where and when.
        name: the start of its digest, as `user token ls` prints it.
        login: who takes it back.
        passphrase: given again.
        reason: one sentence.

    Raises:
        Denied: neither the holder nor an administrator.
    """
    person = acting_person(desk, login, passphrase)
    found = desk.home.catalog.get(name, Credential)
    if found.person_id != person.person_id and "administrator" not in person.roles:
        raise Denied(
            "a token is taken back by its holder or an administrator",
            code="token.other",
            hint="Ask an administrator.",
        )
    with desk.home.database.transaction() as unit:
        _end(desk, unit, found, by=person.person_id, reason=reason)
    return found


def end_text(desk: Desk, text: str) -> None:
    """End the session or token of a text; one that is not known is not an error."""
    found = desk.home.catalog.latest(Credential, secret=_hashed(text))
    if found is not None and not desk.home.catalog.list(
        CredentialEnd.kind, credential=found.digest
    ):
        with desk.home.database.transaction() as unit:
            _end(desk, unit, found, by=found.person_id, reason="signed out")


def end_all(desk: Desk, unit: Unit, person_id: str, *, reason: str) -> int:
    """Return how many credentials of a person ended now."""
    found = credentials(desk, person_id)
    for item in found:
        _end(desk, unit, item, by=desk.actor, reason=reason)
    return len(found)


def _end(desk: Desk, unit: Unit, found: Credential, *, by: str, reason: str) -> None:
    record = CredentialEnd(
        credential=found.digest, ended_by=by, reason=reason.strip() or "none", ended_at=desk.at
    )
    keep_in(
        desk,
        unit,
        record,
        action=f"{found.use}.end",
        keys={"credential": found.digest, "person": found.person_id},
    )


def _keep(desk: Desk, credential: Credential, *, action: str) -> None:
    keep(
        desk,
        credential,
        action=action,
        keys={"person": credential.person_id, "secret": credential.secret},
        details={"person": credential.person_id, "scopes": ",".join(credential.scopes)},
    )


def note_read(desk: Desk, what: str) -> None:
    """Append to the ledger that somebody looked at rows of patients."""
    with desk.home.database.transaction() as unit:
        note(desk, unit, action="patients.read", subject=Subject(kind="verb", digest=what))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
