"""What an audit bundle says of itself: the signed list of its files, and the answer about it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from attending.digests import short
from attending.errors import IntegrityBroken
from attending.records.base import Part, Record, When
from attending.records.ledger import Finding, Hash  # noqa: TC001 - pydantic reads them


class AuditBundle(Record):
    """The signed list of a bundle: what is in it, by digest, and over which ledger.

    Attributes:
        entries: the size of the ledger that the checkpoint speaks of.
        root: its Merkle root.
        files: path in the bundle -> SHA-256, but for the list itself and its signature.
    """

    kind: ClassVar[str] = "audit_bundle"

    home_id: str
    synthetic: bool
    model: str
    made_at: When
    entries: Annotated[int, Field(ge=0)]
    root: Hash
    files: dict[str, Hash]


class BundleReport(Part):
    """The answer about a bundle.

    Attributes:
        shown: how many entries of the ledger it shows, each with a proof.
        approvals, sealed: how many approvals it holds, and how many have a good seal.
        key: the key that signed the list.
        key_held: whether the reader holds that key from elsewhere.
    """

    model: str
    entries: int
    shown: int
    records: int
    documents: int
    approvals: int
    sealed: int
    key: str
    key_held: bool
    findings: tuple[Finding, ...] = ()

    @property
    def statement(self) -> str:
        """Return in a sentence or two what was shown, and what was not."""
        if self.findings:
            return f"broken: {self.findings[0].message} ({len(self.findings)} found)"
        whose = (
            "a key that you hold"
            if self.key_held
            else "a key that you have not compared with one that you hold (--keys)"
        )
        return (
            f"{self.model}: {self.shown} of {self.entries} entries, {self.records} records, "
            f"{self.documents} documents and {self.sealed} of {self.approvals} approvals sealed "
            f"are whole; signed by {short(self.key)}, {whose}"
        )

    def require(self) -> None:
        """Refuse a bundle in which something was found.

        Raises:
            IntegrityBroken: the first finding.
        """
        if self.findings:
            raise IntegrityBroken(
                self.statement,
                code=self.findings[0].code,
                hint="Do not rely on it; ask for another copy.",
            )
