"""What people decide or try out around a release: specs to sign, thresholds, drills, reviews."""

from __future__ import annotations

from typing import Any, ClassVar

from attending.records.base import Record


class SpecDocument(Record):
    """A spec as it stands, kept so that it can be shown and signed.

    Attributes:
        spec: `release`, or `data_access` for the contract's permission.
        spec_digest: of the spec; another spec makes another document.
        says: the spec in plain JSON.
    """

    kind: ClassVar[str] = "spec_document"

    spec: str
    model: str
    spec_digest: str
    says: dict[str, Any]  # a JSON object


class ThresholdDecision(Record):
    """The threshold, the action that changes at it, who responds, and what if nobody does."""

    kind: ClassVar[str] = "threshold"

    model: str
    run: str
    threshold: float | None
    action: str
    responder: str
    within: str
    escalation: str


class RollbackDrill(Record):
    """The way back, walked: what readers would get, and the fallback computed for real."""

    kind: ClassVar[str] = "rollback_drill"

    model: str
    run: str
    serves_after: str
    fallback: str | None
    rows_scored: int
    steps: tuple[str, ...]


class AccessReview(Record):
    """Access controls and audit log, looked at: keys, persons, and the whole ledger."""

    kind: ClassVar[str] = "access_review"

    ledger_entries: int
    ledger_root: str
    persons: int
    without_role: int
    ok: bool
