"""What became of quarantined rows: let in for a stated reason, or closed for good."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from attending.records.base import Record


class QuarantineRelease(Record):
    """Quarantined rows that a person let in, and the declaration that had been missing.

    Attributes:
        before: the snapshot that was grown.
        after: what came of it: the same, and a layer of nothing but released rows.
        delivery: the snapshot in which the rows were set aside first.
        rows: the artifact that names the released rows; never a value.
        lags: declared availability lags by table or code prefix, such as `36h`.
        mapping: the artifact of the mapping that was used, for a mapped source.
        released: rows that were let in, by the reason they had waited for.
        duplicate: released rows that said what the snapshot held already.
        ended: rows of the snapshot that a released row corrects or withdraws.
        waiting: rows that still wait, by the reason that holds now.
    """

    kind: ClassVar[str] = "quarantine_release"

    before: str
    after: str
    delivery: str
    rows: str
    person: str
    role: str
    because: str
    lags: dict[str, str] = Field(default_factory=dict)
    mapping: str | None = None
    released: dict[str, int]
    duplicate: int = 0
    ended: int = 0
    waiting: dict[str, int] = Field(default_factory=dict)


class QuarantineDismissal(Record):
    """Quarantined rows that a person closed: they will never come in, and stay in the account.

    Attributes:
        snapshot: where they were looked at.
        deliveries: the snapshots in which they were set aside.
        rows: the artifact that names them; never a value.
        dismissed: how many, by reason.
    """

    kind: ClassVar[str] = "quarantine_dismissal"

    snapshot: str
    deliveries: tuple[str, ...]
    rows: str
    person: str
    role: str
    because: str
    dismissed: dict[str, int]
