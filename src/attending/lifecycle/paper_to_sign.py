"""One document as it is put before a person to be signed: its bytes, who may, and who did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import Denied, NotFound, Refused
from attending.govern.roles import DOCUMENTS, MEANINGS, may_sign
from attending.lifecycle.awaiting import awaiting
from attending.lifecycle.delegating import lent_roles
from attending.lifecycle.opening import open_document, purpose_of
from attending.lifecycle.papers import rendered
from attending.lifecycle.signing import approvals_on, authors_of, kind_of, sign, withdraw
from attending.lifecycle.standing import faults_of
from attending.lifecycle.wording import blank_fields

if TYPE_CHECKING:
    from attending.lifecycle.awaiting import Awaited
    from attending.lifecycle.desk import Desk
    from attending.records.governance import Approval, Meaning, Role, Withdrawal


@dataclass(frozen=True)
class Given:
    """One signature on a document, and why it does not stand; empty when it does."""

    approval: Approval
    fault: str
    mine: bool


@dataclass(frozen=True)
class PaperToSign:
    """A document before a person.

    Attributes:
        document: the digest of the record; `page` is that of exactly the bytes that are shown.
        what: what it is, in words; `about` says of which model.
        roles: in which the person may sign it.
        author: whether the person made it; an author signs authorship only.
        blank: what people must still write in it before anybody signs.
        nonce: the number of this opening; empty where the person may not sign.
        asked: what a gate asks of this person, None where none does.
        next: what else of the model waits for the person by a gate.
    """

    document: str
    page: str
    kind: str
    what: str
    about: str
    roles: tuple[Role, ...]
    author: bool
    authors: tuple[str, ...]
    blank: tuple[str, ...]
    given: tuple[Given, ...]
    nonce: str
    asked: Awaited | None
    next: tuple[Awaited, ...]

    @property
    def open_roles(self) -> tuple[Role, ...]:
        """Return the roles in which the person has not signed it."""
        done = {one.approval.role for one in self.given if one.mine and one.fault != "withdrawn"}
        return tuple(role for role in self.roles if role not in done)

    @property
    def meanings(self) -> tuple[Meaning, ...]:
        """Return what the person's signature may mean."""
        return tuple(one for one in MEANINGS if (one == "authorship") is self.author)


def put_before(desk: Desk, digest: str) -> PaperToSign:
    """Return a document as it is put before the person who acts; the opening is kept.

    Raises:
        NotFound: no such record.
        BadInput: a record of that kind is not signed.
    """
    document = desk.home.catalog.find(digest)
    kind = kind_of(desk, document)
    person = desk.home.users.get(desk.actor)
    held = (*person.roles, *lent_roles(desk, person))
    roles = tuple(role for role in held if may_sign(role, kind))
    authors = authors_of(desk, document)
    about = purpose_of(desk, document).rpartition(" of ")[2]
    waiting = awaiting(desk, person.person_id, roles, model=about)
    opening = open_document(desk, document, person=person.person_id)[0] if roles else None
    mine = {person.person_id}
    found = approvals_on(desk, document)
    faults = faults_of(desk, found)
    return PaperToSign(
        document=document,
        page=opening.rendered if opening else rendered(desk, document),
        kind=kind,
        what=DOCUMENTS[kind],
        about=about,
        roles=roles,
        author=person.person_id in authors,
        authors=tuple(sorted(authors)),
        blank=blank_fields(desk, document),
        given=tuple(
            Given(one, faults.get(one.digest, ""), bool(mine & {one.signer, one.delegated_by}))
            for one in found
        ),
        nonce=opening.nonce if opening else "",
        asked=next((one for one in waiting if one.document == document and one.gate), None),
        next=tuple(one for one in waiting if one.document != document and one.gate),
    )


def paper_bytes(desk: Desk, digest: str, *, page: str) -> bytes:
    """Return exactly the bytes that stand for a document, as they were put before a person.

    Raises:
        Refused: other bytes stand for it now.
    """
    document = desk.home.catalog.find(digest)
    kind_of(desk, document)
    if rendered(desk, document) != page:
        raise Refused(
            "the document is not the one that was shown",
            code="sign.changed",
            hint="Read it again and sign what you read.",
        )
    return desk.home.artifacts.read(page)


def sign_here(  # noqa: PLR0913 - a signature has these parts, each said by the signer
    desk: Desk,
    digest: str,
    *,
    login: str,
    passphrase: str,
    role: str,
    meaning: str,
    statement: str,
    nonce: str,
) -> Approval:
    """Return the approval that the person who is signed in gives by signing a document.

    Args:
        desk: its actor is who is signed in.
        digest: of the document that was put before the person.
        login: given again, with the passphrase; it must be that person's.
        passphrase: or a code from the provider.
        role: in which the person signs.
        meaning: what the signature means.
        statement: what is said by signing.
        nonce: the number that came with the document.

    Raises:
        Denied: somebody else's login, a wrong passphrase, or a person who may not.
        Refused: the document changed since it was opened, or the number has signed.
    """
    _require_self(desk, login)
    return sign(
        desk,
        digest,
        person=login,
        passphrase=passphrase,
        role=role,
        statement=statement,
        meaning=meaning,
        nonce=nonce,
    )


def withdraw_here(
    desk: Desk, approval: str, *, login: str, passphrase: str, reason: str
) -> Withdrawal:
    """Return the withdrawal of a signature by who gave it and is signed in.

    Raises:
        Denied: somebody else's login or signature, or a wrong passphrase.
    """
    _require_self(desk, login)
    return withdraw(desk, approval, person=login, passphrase=passphrase, reason=reason)


def _require_self(desk: Desk, login: str) -> None:
    """Refuse the name of another person than the one who is signed in.

    Raises:
        Denied: it is another's, or nobody's; the answer does not say which.
    """
    try:
        found = desk.home.users.by_login(login).person_id
    except NotFound:
        found = ""
    if found != desk.actor:
        raise Denied(
            "the login or the passphrase is wrong",
            code="sign.other_person",
            hint="Sign as the person who is signed in, or sign out first.",
        )
