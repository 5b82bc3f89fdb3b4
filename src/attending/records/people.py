"""What managing persons leaves: invitations, credentials, emergency rights and their reviews."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from attending.records.base import Record, When
from attending.records.governance import (  # noqa: TC001 - pydantic reads them at run time
    PersonId,
    Role,
    Text,
)
from attending.records.ledger import Hash  # noqa: TC001 - pydantic reads it at run time


class PersonMark(Record):
    """Something that stays true of a person.

    Attributes:
        mark: `fictional` when a simulated home made the person up, `unvouched` when no
            administrator answered for the person, `vouched` when one did later.
    """

    kind: ClassVar[str] = "person_mark"
    person_id: PersonId
    mark: Literal["fictional", "unvouched", "vouched"]


class Invitation(Record):
    """A right to set a passphrase, once: of a new person, or of one who is known.

    Attributes:
        secret: SHA-256 of the token; the token itself is kept nowhere.
    """

    kind: ClassVar[str] = "invitation"
    person_id: PersonId
    printed_name: Text
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    secret: Hash
    invited_by: Text
    expires_at: When


class InvitationSpent(Record):
    """An invitation was used."""

    kind: ClassVar[str] = "invitation_spent"
    invitation: Hash
    spent_at: When


class Credential(Record):
    """A token or a session: whose it is, what for, and until when.

    Attributes:
        secret: SHA-256 of the text that the holder shows; the text itself is kept nowhere.
        use: a `confirmation` answers once for a passphrase, right after a new sign-in at the
            provider.
        scopes: what a token may be used for; empty for a session, which may do what its person may.
    """

    kind: ClassVar[str] = "credential"
    use: Literal["session", "token", "confirmation"]
    person_id: PersonId
    label: Text
    secret: Hash
    scopes: tuple[Text, ...] = ()
    given_by: Text
    given_at: When
    expires_at: When


class ProviderLink(Record):
    """A person signs in with an account at the hospital's provider.

    Attributes:
        subject: SHA-256 of issuer and subject; the subject itself is kept nowhere.
        invitation: by which the person took it up.
    """

    kind: ClassVar[str] = "provider_link"
    person_id: PersonId
    issuer: Text
    subject: Hash
    invitation: Hash
    linked_at: When


class ProviderLinkEnd(Record):
    """An account at the provider leads to a person no more."""

    kind: ClassVar[str] = "provider_link_end"
    link: Hash
    ended_by: Text
    reason: Text
    ended_at: When


class CredentialEnd(Record):
    """A credential was taken back before its time."""

    kind: ClassVar[str] = "credential_end"
    credential: Hash
    ended_by: Text
    reason: Text
    ended_at: When


class BreakGlass(Record):
    """A person took a role for a short while, in an emergency. It signs no document.

    Attributes:
        review_due: until when another person must have reviewed it.
    """

    kind: ClassVar[str] = "break_glass"
    person_id: PersonId
    role: Role
    reason: Text
    begins_at: When
    ends_at: When
    review_due: When


class AfterReview(Record):
    """Another person looked afterwards at what was done at once, or by few.

    Attributes:
        of: the digest of the act that was reviewed.
    """

    kind: ClassVar[str] = "after_review"
    of: Hash
    person_id: PersonId
    role: Role
    finding: Text
    in_order: bool
    reviewed_at: When


class Delegation(Record):
    """A person lets another sign in one of their roles, for a period."""

    kind: ClassVar[str] = "delegation"
    delegator: PersonId
    delegate: PersonId
    role: Role
    reason: Text
    begins_at: When
    ends_at: When


class DelegationEnd(Record):
    """A delegation was taken back before its time."""

    kind: ClassVar[str] = "delegation_end"
    delegation: Hash
    ended_by: PersonId
    ended_at: When


class Opening(Record):
    """A person was shown a document: which bytes, when, and the number that answers for it once.

    Attributes:
        rendered: the digest of exactly the bytes that were shown.
        purpose: what the document is, as it was said beside it.
    """

    kind: ClassVar[str] = "opening"
    document: Hash
    rendered: Hash
    person_id: PersonId
    nonce: Hash
    purpose: Text
    opened_at: When


class Seal(Record):
    """The home's own signature under an approval, by the key that was in use."""

    kind: ClassVar[str] = "seal"
    approval: Hash
    public_key: Hash
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class KeyChange(Record):
    """The home's signing key was changed; what the former one sealed before stays good.

    Attributes:
        compromised_since: what the former key sealed from then on is not believed either.
    """

    kind: ClassVar[str] = "key_change"
    former: Hash
    present: Hash
    compromised_since: When | None = None
    reason: Text
    changed_at: When
