"""What each gate asks, as data: facts to be shown, whose they are, and who must sign what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attending.records.governance import Meaning, Role
    from attending.specs.release import Stage


@dataclass(frozen=True)
class FactRule:
    """One fact that must be shown before a gate opens."""

    name: str
    asks: str
    whose: Role


@dataclass(frozen=True)
class SignatureRule:
    """One signature that must stand on one document.

    Attributes:
        document: the kind of document; its present digest comes with the evidence.
        after: a role whose signature on the same document must come first.
    """

    document: str
    role: Role
    meaning: Meaning
    after: Role | None = None

    @property
    def name(self) -> str:
        """Return how conditions call it."""
        return f"signed.{self.document}.{self.role}"


@dataclass(frozen=True)
class GateRule:
    """One gate: the stages on both sides, its facts and its signatures.

    Attributes:
        keeps_days: how old a signature may be when the gate is asked.
    """

    gate: str
    from_stage: Stage
    to_stage: Stage
    facts: tuple[FactRule, ...]
    signatures: tuple[SignatureRule, ...]
    keeps_days: int = 90


_SCIENTIST: Role = "data_scientist"
_ENGINEER: Role = "data_engineer"
_CLINICIAN: Role = "clinical_lead"
_COMPLIANCE: Role = "compliance_officer"
_OPERATOR: Role = "operator"
_NURSE: Role = "nurse_leader"

_AVAILABILITY = FactRule(
    "time.availability_recorded", "when data were known is recorded", _ENGINEER
)
_CARD_SIGNED = SignatureRule("card", _CLINICIAN, "approval")

LINEAGE = GateRule(
    "lineage review",
    "prototype",
    "trained",
    facts=(
        FactRule("run.complete", "the run record names everything it was made from", _SCIENTIST),
        FactRule("run.not_exploratory", "the run comes from a clean commit", _SCIENTIST),
        FactRule("run.replayed", "a replay gave the same digests", _ENGINEER),
        FactRule("data.access_reviewed", "the data may be used for this", _COMPLIANCE),
        FactRule("contract.passed", "the data kept its contract", _ENGINEER),
        FactRule("leaks.none", "no feature crosses the time of prediction", _SCIENTIST),
        FactRule("features.parity", "one patient alone gives the table's bits", _ENGINEER),
        FactRule("agreement.before_fit", "the plan was signed before fitting", _CLINICIAN),
        FactRule("split.temporal", "development and test are parted in time", _SCIENTIST),
    ),
    signatures=(SignatureRule("run", _ENGINEER, "review"),),
)
CLINICAL = GateRule(
    "clinical sign-off",
    "trained",
    "validated",
    facts=(
        FactRule("validation.gates", "every gate of the validation plan is met", _SCIENTIST),
        FactRule(
            "validation.side_by_side", "the version before stands on the same rows", _SCIENTIST
        ),
        FactRule("split.temporal", "development and test are parted in time", _SCIENTIST),
        FactRule("time.zones_real", "no source has floating or relative time", _ENGINEER),
        FactRule("card.complete", "the model card has no gap", _SCIENTIST),
        FactRule("explanation.reviewed", "the explanation layer was reviewed", _CLINICIAN),
        FactRule("threshold.agreed", "threshold and action are agreed", _CLINICIAN),
    ),
    signatures=(
        SignatureRule("validation_report", _CLINICIAN, "approval"),
        SignatureRule("validation_report", _COMPLIANCE, "review", after=_CLINICIAN),
        _CARD_SIGNED,
    ),
)
READINESS = GateRule(
    "readiness review",
    "validated",
    "silent",
    facts=(
        FactRule("release.complete", "the release plan has no gap", _OPERATOR),
        FactRule("rollback.path_named", "a version or fallback to return to", _OPERATOR),
        FactRule("rollback.tested", "the way back was walked", _OPERATOR),
        FactRule("incidents.owners_named", "every owner is a person here", _OPERATOR),
        FactRule("monitors.configured", "monitors and trust conditions are set", _OPERATOR),
        FactRule("access.checked", "access controls and audit log were checked", _COMPLIANCE),
        FactRule("vendors.checked", "data flows have agreements in date", _COMPLIANCE),
        _AVAILABILITY,
    ),
    signatures=(
        _CARD_SIGNED,
        SignatureRule("release", _OPERATOR, "responsibility"),
        SignatureRule("release", _COMPLIANCE, "approval"),
    ),
)
PROSPECTIVE = GateRule(
    "prospective review",
    "silent",
    "limited",
    facts=(
        FactRule("silent.complete", "the silent period was long enough", _OPERATOR),
        FactRule("silent.gates", "prospective validation met its gates", _SCIENTIST),
        FactRule("verdicts.no_block", "no verdict forbids widening", _OPERATOR),
        FactRule("rollback.tested", "the way back was walked", _OPERATOR),
        FactRule("workflow.confirmed", "the score fits the work on the ward", _NURSE),
        FactRule("training.ready", "users have read the material", _NURSE),
        _AVAILABILITY,
    ),
    signatures=(
        _CARD_SIGNED,
        SignatureRule("silent_report", _OPERATOR, "review"),
        SignatureRule("silent_report", _CLINICIAN, "approval"),
        SignatureRule("release", _CLINICIAN, "approval"),
        SignatureRule("release", _COMPLIANCE, "approval"),
    ),
)
MONITORING = GateRule(
    "monitoring and audit",
    "limited",
    "live",
    facts=(
        FactRule("limited.complete", "the limited period was long enough", _OPERATOR),
        FactRule("verdicts.no_block", "no verdict forbids widening", _OPERATOR),
        FactRule("monitors.running", "every monitor answered on time", _OPERATOR),
        FactRule("incidents.closed", "no incident is open", _OPERATOR),
        FactRule("audit.verified", "the ledger was verified", _COMPLIANCE),
        FactRule("training.ready", "users have read the material", _NURSE),
        _AVAILABILITY,
    ),
    signatures=(
        _CARD_SIGNED,
        SignatureRule("monitoring_report", _CLINICIAN, "approval"),
        SignatureRule("monitoring_report", _OPERATOR, "responsibility"),
        SignatureRule("monitoring_report", _COMPLIANCE, "approval", after=_CLINICIAN),
    ),
)

#: The gate before each stage.
POLICY: dict[Stage, GateRule] = {
    gate.to_stage: gate for gate in (LINEAGE, CLINICAL, READINESS, PROSPECTIVE, MONITORING)
}

#: Conditions that a signed exception may let pass, and the last stage it may do so for.
EXCEPTABLE: dict[str, Stage] = {
    "split.temporal": "validated",
    "time.availability_recorded": "live",
}
#: Gates before training that a signed exception may let pass, for a whole gate or, written
#: `gate:feature`, for one feature. What cannot be true, such as a date of 1800, is not among them.
EXCEPTABLE_BEFORE_TRAINING: frozenset[str] = frozenset(
    {
        "split.temporal",
        "leak.clinician_action",
        "leak.too_good",
        "leak.late_note",
        "leak.backfill",
        "leak.lag_absent",
        "leak.billing_time",
        "exclusions.stated",
    }
)
#: Roles that must both sign an exception.
EXCEPTION_SIGNERS: tuple[Role, ...] = (_CLINICIAN, _COMPLIANCE)
