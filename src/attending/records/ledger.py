"""What the ledger leaves: its entries, its signed checkpoints, and the answer of an audit."""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias

from pydantic import Field, StrictBool

from attending.digests import short
from attending.errors import IntegrityBroken
from attending.records.base import Part, Record, When

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._:/@+ -]*$"
Name: TypeAlias = Annotated[str, Field(pattern=_NAME, max_length=200)]
Verb: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z_]*(\.[a-z][a-z_]*)+$", max_length=80)]
Hash: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
WholeNumber: TypeAlias = Annotated[int, Field(gt=-(2**53), lt=2**53)]
#: A truth is a truth: a strict one, for 1.0 is the number 1.
Plain: TypeAlias = StrictBool | WholeNumber | Annotated[str, Field(max_length=1000)] | None
Detail: TypeAlias = Plain | tuple[Plain, ...]
Key: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]

#: What stands before the first entry.
GENESIS = "0" * 64


class Subject(Part):
    """What an action was done to: the kind of thing and its digest, or its name."""

    kind: Name
    digest: Name

    @classmethod
    def of(cls, record: Record) -> Subject:
        """Return the subject that names a record."""
        return cls(kind=record.kind, digest=record.digest)


class LedgerEntry(Record):
    """One line of the ledger. It holds no patient's id and no patient's value.

    Attributes:
        seq: 0 for the first entry, then one more each time.
        previous: the leaf hash of the entry before, GENESIS for the first.
        actor: a person's id, or `system`.
        action: a dotted verb such as `run.fit`.
        details: a few plain values; `rows` and `rows_digest` bind the rows of the same transaction.
    """

    kind: ClassVar[str] = "ledger_entry"
    seq: Annotated[int, Field(ge=0)]
    ledger_id: Name
    previous: Hash
    at: When
    actor: Name
    action: Verb
    subject_kind: Name
    subject: Name
    details: Annotated[dict[Key, Detail], Field(max_length=40)]


class Checkpoint(Record):
    """A signed statement that the ledger had this size and this Merkle root."""

    kind: ClassVar[str] = "checkpoint"
    origin: Name
    size: Annotated[int, Field(ge=0)]
    root: Hash
    at: When
    public_key: Hash
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class HeadCompared(Record):
    """That a person held a printed head against the ledger, and both agreed.

    Attributes:
        head: as it stands on the paper.
        size: how many entries it speaks for.
    """

    kind: ClassVar[str] = "head_compared"
    head: Annotated[str, Field(max_length=80)]
    size: Annotated[int, Field(ge=0)]
    compared_by: str
    role: str
    compared_at: When


class Finding(Part):
    """One thing that an audit found wrong: where, which rule, and what was seen."""

    code: str
    message: str
    seq: int | None = None


class WitnessSeen(Part):
    """What an audit saw of one witness.

    Attributes:
        kind: `own folder`, `folder`, `file`, `absent`, or `printed head`.
        checkpoints: how many of it agree with the entries.
        witnessed: the size that the newest of these speaks for.
        newest_at: when that one was signed; None for a printed head, which says no instant.
        self_witnessed: why the store's own user could change it; empty when it is independent.
    """

    name: str
    kind: str
    checkpoints: int
    witnessed: int
    newest_at: When | None = None
    self_witnessed: str = ""

    @property
    def independent(self) -> bool:
        """Return whether it vouches for entries and the store's own user could not change it."""
        return bool(self.checkpoints) and not self.self_witnessed


class AuditReport(Record):
    """The answer of an audit of the ledger.

    Attributes:
        entries: how many were read.
        root: the Merkle root of what was read.
        head: the leaf hash of the last entry.
        checkpoints: how many witnessed checkpoints agree.
        witnessed: the size that the newest agreeing checkpoint speaks for.
        findings: what is wrong, in the order in which it was met; empty when all is well.
        witnesses: what each witness says, and whether it is independent of the store.
    """

    kind: ClassVar[str] = "audit_report"
    ledger_id: str
    entries: int
    root: Hash
    head: Hash
    checkpoints: int
    witnessed: int
    findings: tuple[Finding, ...] = ()
    witnesses: tuple[WitnessSeen, ...] = ()

    @property
    def self_witnessed(self) -> bool:
        """Return whether the store's own user could change every witness that there is."""
        return not any(one.independent for one in self.witnesses)

    @property
    def ok(self) -> bool:
        """Return whether nothing was found."""
        return not self.findings

    @property
    def statement(self) -> str:
        """Return one sentence that says what was shown, and what was not."""
        if self.findings:
            first = self.findings[0]
            return f"broken: {first.message} ({len(self.findings)} found)"
        if not any(one.checkpoints for one in self.witnesses):
            return (
                f"{self.entries} entries are internally consistent only: no checkpoint outside the "
                "database says that they are the entries that were written"
            )
        return (
            f"{self.entries} entries agree with {self.checkpoints} signed checkpoints, the newest "
            f"over {self.witnessed} entries; root {short(self.root)}{self._after}; {self._by_whom}"
        )

    @property
    def _after(self) -> str:
        """Return what no witness has seen yet."""
        left = self.entries - self.witnessed
        said = f"; the last {left} entries are internally consistent only: no witness has seen them"
        return said if left else ""

    @property
    def _by_whom(self) -> str:
        apart = sorted(one.name for one in self.witnesses if one.independent)
        if apart:
            return f"independent of the store: {', '.join(apart)}"
        return "self-witnessed: the store's own user could change every witness"

    def require(self) -> None:
        """Refuse to go on when something was found.

        Raises:
            IntegrityBroken: the audit has findings; the message is the first one.
        """
        if self.findings:
            raise IntegrityBroken(
                self.statement,
                code=self.findings[0].code,
                hint="Stop, keep the files as they are, and compare with a witnessed checkpoint.",
                where="ledger"
                if self.findings[0].seq is None
                else f"ledger:{self.findings[0].seq}",
            )
