"""What people decide or try out around a release: specs to sign, thresholds, drills, reviews."""

from __future__ import annotations

from typing import Any, ClassVar

from attending.records.base import GrownPart, Record


class SpecDocument(Record):
    """A spec as it stands, kept so that it can be shown and signed.

    Attributes:
        spec: `release`, `data_access` for the contract's permission, `retraining` for the
            policy of monitoring and change, or `training_material`.
        spec_digest: of the spec; another spec makes another document.
        says: the spec in plain JSON.
    """

    kind: ClassVar[str] = "spec_document"

    spec: str
    model: str
    spec_digest: str
    says: dict[str, Any]  # a JSON object


class ThresholdDecision(GrownPart, Record):
    """The threshold, the action that changes at it, who responds, and what if nobody does.

    Attributes:
        place: one unit or site, or `all`.
        report: digest of the validation report on which it was decided.
        release: digest of the release plan, as proposed, that says who responds.
        bound_by: `capacity` or `harm` where the threshold comes from a place's own.
        sensitivity, ppv, alerts_per_day: what the report expects of it there.
    """

    kind: ClassVar[str] = "threshold"

    model: str
    run: str
    threshold: float | None
    action: str
    responder: str
    within: str
    escalation: str
    place: str = "all"
    instead_of: str = ""
    escalate_to: str = ""
    escalate_after: str = ""
    report: str = ""
    release: str = ""
    bound_by: str = ""
    sensitivity: float | None = None
    ppv: float | None = None
    alerts_per_day: float | None = None


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
