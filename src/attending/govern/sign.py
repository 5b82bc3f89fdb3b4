"""A signature: one person, one document, one meaning, freshly authenticated.

Identity is the person and not the login, so a second account is no second pair of eyes.

References:
    21 CFR 11.50, 11.70, 11.100, 11.200.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.errors import BadInput, Denied, Refused, did_you_mean
from attending.govern.roles import DOCUMENTS, MEANINGS, may_sign, one_of
from attending.keys import same
from attending.records.governance import Approval
from attending.times import MINUTE, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterable

    from attending.records.governance import Meaning, Person, Role
    from attending.types import Instant

#: How long a passphrase that was just given stands for the person at the keyboard.
FRESH = 5 * MINUTE


@dataclass(frozen=True)
class Document:
    """What is to be signed.

    Attributes:
        kind: one of `roles.DOCUMENTS`.
        digest: of exactly what was made.
        authors: person ids of those who made it.
        home: the installation in which it is signed.
        rendered: the digest of exactly the bytes that stand for it now.
        purpose: what a signature on it is for: model and kind.
    """

    kind: str
    digest: str
    authors: frozenset[str] = field(default_factory=frozenset)
    home: str = ""
    rendered: str | None = None
    purpose: str = ""


@dataclass(frozen=True)
class Intent:
    """What the signer says by signing.

    Attributes:
        meaning: authorship, review, approval or responsibility.
        statement: the sentence that stands above the signature.
        shown: the digest of the document that the signer was shown.
        printed_name: the name that stands under the signature; the signer's own when empty.
        seen: the digest of the bytes that were opened; None when they were not opened here.
        nonce: a number given for this one signature.
        opened_at: when the bytes were opened.
        for_purpose: what the number was given for; None when it was not given with an opening.
        delegated_by: who let the signer sign in this role; None when it is the signer's own.
    """

    role: Role
    meaning: str
    statement: str
    shown: str
    printed_name: str = ""
    seen: str | None = None
    nonce: str | None = None
    opened_at: Instant | None = None
    for_purpose: str | None = None
    delegated_by: str | None = None


def sign(
    document: Document,
    signer: Person,
    *,
    intent: Intent,
    at: Instant,
    authenticated_at: Instant | None,
    prior: Iterable[Approval] = (),
) -> Approval:
    """Return the approval that a person gives by signing a document.

    Args:
        document: what is signed, with its authors.
        signer: the person as the store knows them now.
        intent: role, meaning and statement, and what the signer was shown.
        at: when.
        authenticated_at: when the signer last gave the passphrase; None when not at all.
        prior: approvals that are there already.

    Raises:
        BadInput: no meaning, no statement, or a kind of document that we do not know.
        Denied: not this person: inactive, a service, not in that role, a role that may not sign
            this, an author, or not freshly authenticated.
        Refused: the document changed since it was shown, or the signature is there already.

    >>> from attending.records.governance import Person
    >>> from attending.times import parse_instant
    >>> noon = parse_instant("2026-03-02T12:00:00Z")
    >>> lead = Person(person_id="ann", printed_name="Ann Lee", roles=("clinical_lead",))
    >>> card = Document("card", "ab" * 32, authors=frozenset({"bob"}))
    >>> yes = Intent("clinical_lead", "approval", "Fit for use.", shown="ab" * 32)
    >>> sign(card, lead, intent=yes, at=noon, authenticated_at=noon).printed_name
    'Ann Lee'
    >>> own = Document("card", "ab" * 32, authors=frozenset({"ann"}))
    >>> sign(own, lead, intent=yes, at=noon, authenticated_at=noon)
    Traceback (most recent call last):
    ...
    attending.errors.Denied: an author may not sign with the meaning 'approval'
    Ask someone who did not make it.
    """
    meaning = _check_words(document, intent)
    _check_person(signer, intent, document.kind)
    if authenticated_at is None or not 0 <= to_micros(at) - to_micros(authenticated_at) <= FRESH:
        raise Denied(
            "a signature needs the passphrase, given just now",
            code="sign.reauthenticate",
            hint="Give the passphrase again and sign within 5 minutes.",
        )
    _check_separation(document, signer, meaning)
    if intent.delegated_by in document.authors:
        raise Denied(
            "an author may not have their own work signed for them",
            code="sod.violation",
            hint="Ask someone who did not make it.",
        )
    _check_document(document, signer, intent=intent, prior=prior)
    return Approval(
        document_kind=document.kind,
        document=document.digest,
        home=document.home,
        signer=signer.person_id,
        printed_name=signer.printed_name,
        role=intent.role,
        meaning=meaning,
        statement=intent.statement.strip(),
        authors=tuple(sorted(document.authors)),
        authenticated_at=authenticated_at,
        signed_at=at,
        rendered=document.rendered,
        nonce=intent.nonce,
        purpose=document.purpose,
        opened_at=intent.opened_at,
        delegated_by=intent.delegated_by,
    )


def _check_words(document: Document, intent: Intent) -> Meaning:
    meaning = next((item for item in MEANINGS if item == intent.meaning), None)
    if meaning is None:
        raise BadInput(
            "a signature needs a meaning",
            code="sign.meaning",
            hint=f"One of {', '.join(MEANINGS)}.",
        )
    if not intent.statement.strip():
        raise BadInput("a signature needs a statement", code="sign.statement")
    if document.kind not in DOCUMENTS:
        raise BadInput(
            f"got a document of kind '{document.kind}', which nobody signs",
            code="sign.kind",
            hint=did_you_mean(document.kind, DOCUMENTS),
        )
    return meaning


def _check_person(signer: Person, intent: Intent, kind: str) -> None:
    if not signer.active or signer.service:
        what = "is a service" if signer.service else "is not active"
        raise Denied(f"the signer {what}", code="sign.person", hint="Ask an active person.")
    if intent.role not in signer.roles and intent.delegated_by is None:
        raise Denied(
            f"the signer is not {one_of(intent.role)}",
            code="sign.role",
            hint="Sign in a role that you have; see `attending user ls`.",
        )
    if not may_sign(intent.role, kind):
        raise Denied(
            f"{one_of(intent.role)} may not sign documents of kind '{kind}'",
            code="sign.role",
            hint="Ask someone in a role that may; see docs/people.md.",
        )


def _check_separation(document: Document, signer: Person, meaning: Meaning) -> None:
    is_author = signer.person_id in document.authors
    if is_author and meaning != "authorship":
        raise Denied(
            f"an author may not sign with the meaning '{meaning}'",
            code="sod.violation",
            hint="Ask someone who did not make it.",
        )
    if not is_author and meaning == "authorship":
        raise Denied("only an author signs authorship", code="sign.author")


def _check_document(
    document: Document, signer: Person, *, intent: Intent, prior: Iterable[Approval]
) -> None:
    if intent.shown != document.digest or intent.seen not in {None, document.rendered}:
        raise Refused(
            "the document is not the one that was shown",
            code="sign.changed",
            hint="Read it again and sign what you read.",
        )
    if intent.printed_name and intent.printed_name != signer.printed_name:
        raise Refused("the printed name is not the signer's", code="sign.name")
    if intent.for_purpose not in {None, document.purpose}:
        raise Refused(
            "the number was given for signing something else",
            code="approval.purpose",
            hint="Open the document again and sign what you read.",
        )
    if intent.nonce and any(same(item.nonce or "", intent.nonce) for item in prior):
        raise Refused(
            "this number has signed already",
            code="approval.replayed",
            hint="Open the document again; each opening signs once.",
        )
    key = (document.digest, intent.role, signer.person_id)
    if any((item.document, item.role, item.signer) == key for item in prior):
        raise Refused(
            "this person has signed this document in this role already",
            code="approval.replayed",
            hint="One signature is enough; withdraw it first to sign anew.",
        )
