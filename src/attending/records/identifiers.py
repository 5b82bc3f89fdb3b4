"""What a scan for identifiers leaves: how many, of which kind and where; never one of them."""

from __future__ import annotations

from typing import ClassVar

from attending.records.base import Part, Record


class IdentifierCount(Part):
    """What was found of one kind in one column, for one code of one source.

    `code` and `source` read `withheld` where they hold an identifier themselves. `source_rows`
    counts the rows of the source that the events come from, `rows` the events.
    """

    column: str
    kind_of_identifier: str
    code: str
    source: str
    rows: int
    source_rows: int


class IdentifierScan(Record):
    """A snapshot's columns of text, looked through for identifiers that can be seen by form.

    Attributes:
        forms: digest of the forms that were looked for.
        columns: what was looked through.
        texts: distinct texts that were looked at; those of two pieces of the data count twice.
        rows: events that were looked through.
        found: empty when nothing was; it proves no absence.
    """

    kind: ClassVar[str] = "identifier_scan"

    snapshot: str
    forms: str
    columns: tuple[str, ...]
    texts: int
    rows: int
    found: tuple[IdentifierCount, ...]

    @property
    def clean(self) -> bool:
        """Return whether nothing was found."""
        return not self.found

    @property
    def told(self) -> str:
        """Return the findings in one line, by kind and column."""
        sums: dict[tuple[str, str], int] = {}
        for item in self.found:
            key = (item.kind_of_identifier, item.column)
            sums[key] = sums.get(key, 0) + item.rows
        return ", ".join(f"{rows} rows of {kind} in {col}" for (kind, col), rows in sums.items())
