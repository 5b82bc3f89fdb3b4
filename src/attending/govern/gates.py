"""The five gates: evidence in, a decision out, condition by condition."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.errors import BadInput, Refused, did_you_mean
from attending.govern import signatures
from attending.govern.policy import default_gates
from attending.govern.signatures import Signed
from attending.records.governance import Condition, GateDecision
from attending.specs.release import STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.govern.policy import FactRule, GateRule
    from attending.records.governance import Approval, GateException, Status
    from attending.specs.release import Stage
    from attending.types import Instant


@dataclass(frozen=True)
class Fact:
    """How one condition stands, and the record that shows it.

    >>> Fact("met", evidence="ab" * 32).status
    'met'
    """

    status: Status
    evidence: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Evidence:
    """All that a gate looks at.

    Attributes:
        run: the digest of the run.
        stage: where the run stands now.
        as_of: the instant for which the gate is asked.
        home: the installation.
        model_spec: the digest of what was asked of the model; an exception may name it instead
            of the run, as it must be signed before the fit.
        facts: by name, as the policy's gates list them; one that is absent is missing.
        documents: the present digest of each kind of document.
        approvals: all signatures on those documents, the void ones too.
        withdrawn: digests of approvals that were taken back.
        exceptions: signed, visible, expiring.
        void: by digest of approval, why it does not stand.
        must_open: whether a signature counts only when the signer was shown the document.
    """

    model: str
    run: str
    stage: Stage
    as_of: Instant
    home: str = ""
    model_spec: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)
    approvals: tuple[Approval, ...] = ()
    withdrawn: frozenset[str] = frozenset()
    exceptions: tuple[GateException, ...] = ()
    void: Mapping[str, str] = field(default_factory=dict)
    must_open: bool = False


def decide(
    to_stage: Stage, evidence: Evidence, *, policy: Mapping[Stage, GateRule] | None = None
) -> GateDecision:
    """Return the answer of the gate before a stage.

    Args:
        to_stage: the stage that is asked for.
        evidence: facts, documents and signatures.
        policy: the gates; a home may ask for more. The default ones when None.

    Raises:
        BadInput: a fact that no gate knows.
        Refused: there is no gate before that stage, or the run does not stand just before it.

    >>> from attending.times import parse_instant
    >>> noon = parse_instant("2026-01-01T12:00:00Z")
    >>> nothing = Evidence("readmission", "ab" * 32, "prototype", noon)
    >>> decision = decide("trained", nothing)
    >>> decision.allowed, decision.conditions[0].name, decision.conditions[0].status
    (False, 'run.complete', 'missing')
    """
    policy = default_gates() if policy is None else policy
    unknown = sorted(set(evidence.facts) - _known(policy))
    if unknown:
        raise BadInput(
            f"got a fact '{unknown[0]}', which no gate knows",
            code="gate.unknown_fact",
            hint=did_you_mean(unknown[0], _known(policy)),
        )
    rule = _rule(to_stage, evidence.stage, policy)
    facts = tuple(_fact(item, evidence, rule) for item in rule.facts)
    asked = signatures.conditions(
        rule.signatures, dict(evidence.documents), _signed(evidence, rule.keeps_days)
    )
    conditions = (*facts, *asked)
    return GateDecision(
        gate=rule.gate,
        model=evidence.model,
        run=evidence.run,
        from_stage=rule.from_stage,
        to_stage=rule.to_stage,
        as_of=evidence.as_of,
        documents=dict(sorted(evidence.documents.items())),
        conditions=conditions,
        allowed=all(item.passes for item in conditions),
    )


def _known(policy: Mapping[Stage, GateRule]) -> set[str]:
    return {rule.name for gate in policy.values() for rule in gate.facts}


def _rule(to_stage: Stage, stands: Stage, policy: Mapping[Stage, GateRule]) -> GateRule:
    if to_stage not in policy:
        raise Refused(
            f"there is no gate before '{to_stage}'",
            code="gate.none",
            hint=f"Gates stand before {', '.join(policy)}.",
        )
    rule = policy[to_stage]
    if rule.from_stage != stands:
        raise Refused(
            f"the run stands at '{stands}', the gate before '{to_stage}' follows "
            f"'{rule.from_stage}'",
            code="gate.order",
            hint="Stages are entered one at a time.",
        )
    return rule


def _fact(item: FactRule, evidence: Evidence, rule: GateRule) -> Condition:
    fact = evidence.facts.get(item.name, Fact("missing", note=f"not shown that {item.asks}"))
    passed_by = None
    if fact.status != "met":
        passed_by = next(
            (
                exception.digest
                for exception in evidence.exceptions
                if exception.condition == item.name and _covers(exception, evidence, rule)
            ),
            None,
        )
    return Condition(
        name=item.name,
        status=fact.status,
        whose=item.whose,
        evidence=fact.evidence,
        note=fact.note,
        excepted_by=passed_by,
    )


def _covers(exception: GateException, evidence: Evidence, rule: GateRule) -> bool:
    """Return whether an exception holds here: for this run and gate, in date, signed by both."""
    last = dict(rule.exceptions).get(exception.condition)
    if last is None or STAGES.index(rule.to_stage) > STAGES.index(last):
        return False
    if (
        exception.run not in {evidence.run, evidence.model_spec}
        or exception.expires_at <= evidence.as_of
    ):
        return False
    signed = _signed(evidence, rule.keeps_days)
    signers = {
        item.role: item.signer
        for item in evidence.approvals
        if (item.document_kind, item.document) == ("exception", exception.digest)
        and item.meaning == "approval"
        and not signed.fault(item)
    }
    persons = {signers[role] for role in rule.exception_signers if role in signers}
    return len(persons) == len(rule.exception_signers)


def _signed(evidence: Evidence, keeps_days: int) -> Signed:
    return Signed(
        approvals=evidence.approvals,
        withdrawn=evidence.withdrawn,
        home=evidence.home,
        as_of=evidence.as_of,
        keeps_days=keeps_days,
        void=evidence.void,
        must_open=evidence.must_open,
    )
