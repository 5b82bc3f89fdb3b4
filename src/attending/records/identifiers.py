"""What a scan for identifiers leaves: where forms of identifiers were seen, never what they say."""

from __future__ import annotations

from typing import ClassVar

from attending.records.base import Part, Record


class IdentifierFinding(Part):
    """One kind of identifier in one column.

    Attributes:
        item: of 45 CFR 164.514(b)(2)(i), by its letter.
        vocabulary: of the rows' codes; empty where a code names none.
        rows: in which it was seen.
    """

    column: str
    kind: str
    item: str
    vocabulary: str
    rows: int


class IdentifierScan(Record):
    """The de-identification review of a snapshot's free columns.

    Attributes:
        forms: the digest of the forms that were looked for.
        looked_at: rows with a text, by column.
    """

    kind: ClassVar[str] = "identifier_scan"

    snapshot: str
    forms: str
    looked_at: dict[str, int]
    findings: tuple[IdentifierFinding, ...]

    @property
    def told(self) -> str:
        """Return the findings in words, the most frequent first; empty when there are none."""
        most = sorted(self.findings, key=lambda one: -one.rows)
        return "; ".join(f"{one.rows} rows of {one.column} hold a {one.kind}" for one in most[:5])
