"""What governance leaves: persons, signatures, agreements, exceptions and gate decisions."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field

from attending.records.base import GrownPart, Part, Record, When
from attending.records.ledger import Hash  # noqa: TC001 - pydantic reads it at run time
from attending.specs.release import Stage  # noqa: TC001 - pydantic reads it at run time

Role: TypeAlias = Literal[
    "data_scientist",
    "data_engineer",
    "clinical_lead",
    "compliance_officer",
    "privacy_officer",
    "operator",
    "nurse_leader",
    "auditor",
    "administrator",
]
#: What a signature means, as 21 CFR 11.50 asks it to say.
Meaning: TypeAlias = Literal["authorship", "review", "approval", "responsibility"]
#: The answer of one condition; `not_shown` is for evidence that is too small to tell.
Status: TypeAlias = Literal["met", "failed", "missing", "not_shown"]
PersonId: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=4000)]


class Person(Part):
    """One human being, however many logins there are; or a service, which never signs."""

    person_id: PersonId
    printed_name: Text
    roles: tuple[Role, ...] = ()
    active: bool = True
    service: bool = False


class Approval(GrownPart, Record):
    """One person's signature over exactly one document.

    Attributes:
        document: the digest of the document that was shown.
        authors: who made the document, sorted; none of them may review or approve it.
        home: the installation that it was signed in, so that it cannot be carried to another.
        authenticated_at: when the signer last gave the passphrase.
        rendered: the digest of exactly the bytes that stood for the document when it was signed.
        nonce: a number that was given for this one signature and is never taken again.
        purpose: what the signature is for: the model and the kind of document.
        opened_at: when the signer was shown these bytes; None when not here.
        delegated_by: who let the signer sign in this role; None when the role is the signer's own.
    """

    kind: ClassVar[str] = "approval"
    document_kind: Text
    document: Hash
    home: str
    signer: PersonId
    printed_name: Text
    role: Role
    meaning: Meaning
    statement: Text
    authors: tuple[PersonId, ...]
    authenticated_at: When
    signed_at: When
    rendered: Hash | None = None
    nonce: Hash | None = None
    purpose: str = ""
    opened_at: When | None = None
    delegated_by: PersonId | None = None


class Withdrawal(Record):
    """A signer takes an approval back."""

    kind: ClassVar[str] = "withdrawal"
    approval: Hash
    signer: PersonId
    reason: Text
    signed_at: When


class Agreement(GrownPart, Record):
    """A validation plan that is agreed before anything is fitted.

    Attributes:
        signers: the person ids who must all sign it.
        inputs_weighed: which inputs must weigh more than chance gives. An agreement from before
            every input was asked says nothing, and means those that readers are shown.
    """

    kind: ClassVar[str] = "agreement"
    model: Text
    validation_spec: Hash
    cohort_spec: Hash
    model_spec: Hash
    authors: tuple[PersonId, ...]
    signers: Annotated[tuple[PersonId, ...], Field(min_length=1)]
    inputs_weighed: Literal["shown", "all"] = "shown"


class GateException(Record):
    """A named condition is let pass, for one run or model spec, visibly, until a date."""

    kind: ClassVar[str] = "exception"
    run: Hash
    condition: Text
    reason: Text
    compensation: Text
    authors: Annotated[tuple[PersonId, ...], Field(min_length=1)]
    expires_at: When


class Condition(Part):
    """One condition of a gate: what was asked, how it stands, whose it is to mend."""

    name: str
    status: Status
    whose: str
    evidence: str | None = None
    note: str = ""
    excepted_by: Hash | None = None

    @property
    def passes(self) -> bool:
        """Return whether the condition is met, or excepted by a signed record."""
        return self.status == "met" or self.excepted_by is not None


class GateDecision(GrownPart, Record):
    """A gate's answer: every condition, and whether the stage may be entered.

    Attributes:
        policy: the name of the policy that was asked, and the start of its digest.
        risk_level: as the release plan declares it.
        compensation: what is done afterwards because few persons signed; empty when nothing is.
    """

    kind: ClassVar[str] = "gate_decision"
    gate: str
    model: Text
    run: Hash
    from_stage: Stage
    to_stage: Stage
    as_of: When
    documents: dict[str, Hash]
    conditions: tuple[Condition, ...]
    allowed: bool
    policy: str = ""
    risk_level: str = ""
    compensation: str = ""

    def open_conditions(self) -> tuple[Condition, ...]:
        """Return the conditions that stand in the way."""
        return tuple(item for item in self.conditions if not item.passes)


class AdoptedPolicy(Record):
    """The policy of gates that a home goes by from now on.

    Attributes:
        production: whether patients are cared for here: persons must be vouched for and real,
            who acts shows a token, and who signs was shown the document.
        says: the policy in plain JSON; no file is read once it is adopted.
    """

    kind: ClassVar[str] = "adopted_policy"
    name: Text
    production: bool
    policy_digest: Hash
    says: dict[str, Any]  # a JSON object
    adopted_by: PersonId
    role: Role
    adopted_at: When
