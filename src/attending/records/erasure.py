"""What an erasure leaves: that it was done, by whom, why, and how much went; never whose it was."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from attending.records.base import Part, Record, When
from attending.records.governance import PersonId, Role, Text  # noqa: TC001 - pydantic reads them
from attending.records.ledger import Hash  # noqa: TC001 - pydantic reads it at run time


class Replaced(Part):
    """A snapshot that held erased rows and is gone.

    Attributes:
        rows: how many of its rows were erased.
        by: the snapshot of the same source without them; None where none was needed.
    """

    snapshot: Hash
    rows: int
    by: Hash | None = None


class Erasure(Record):
    """Rows of patients that were erased, on request or because they were kept long enough.

    Attributes:
        why: `request` of a patient or by law, or `retention`.
        whose: a keyed hash of each pseudonym, by which a later delivery of the same patient is
            found, and nobody is named; empty for retention.
        before: of retention; everything predicted earlier went.
        tables: how many rows of each table went.
        rows: an artifact with the entry and the hash of each row that went, so that the rows that
            stay can still be held against the ledger.
        snapshots: those that held such rows.
        artifacts: tables made from them, by digest, which are gone.
    """

    kind: ClassVar[str] = "erasure"
    why: Literal["request", "retention"]
    whose: tuple[Hash, ...] = ()
    before: When | None = None
    reason: Text
    by: PersonId
    role: Role
    erased_at: When
    tables: dict[str, Annotated[int, Field(ge=0)]]
    rows: Hash
    snapshots: tuple[Replaced, ...] = ()
    artifacts: tuple[Hash, ...] = ()
