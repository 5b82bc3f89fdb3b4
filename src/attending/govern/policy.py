"""What each gate asks, as data: the policies that come along, and how one is read.

A policy is a file (`govern/policies/`); a hospital adopts one of ours or writes its own, which may
ask for more, never for less than the smallest of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from attending.errors import BadInput, NotFound, Refused, did_you_mean
from attending.govern.roles import check_role, may_sign, one_of
from attending.specs.policy import PolicySpec
from attending.specs.read_yaml import parse_spec
from attending.specs.release import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.records.governance import Meaning, Role
    from attending.specs.policy import GateAsked, Risk, SignatureAsked
    from attending.specs.release import Stage

DEFAULT, SMALLEST = "five-roles", "two-persons"
SHIPPED = (DEFAULT, SMALLEST)


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
        exceptions: conditions that a signed exception may let pass, and the last such stage.
        exception_signers: roles that must all sign an exception, each by another person.
    """

    gate: str
    from_stage: Stage
    to_stage: Stage
    facts: tuple[FactRule, ...]
    signatures: tuple[SignatureRule, ...]
    keeps_days: int
    exceptions: tuple[tuple[str, Stage], ...]
    exception_signers: tuple[Role, ...]


@cache
def shipped(name: str) -> PolicySpec:
    """Return a policy that comes along.

    Raises:
        NotFound: there is none of that name.

    >>> shipped("five-roles").gates[0].gate
    'lineage review'
    """
    if name not in SHIPPED:
        raise NotFound(
            f"no policy '{name}' comes along",
            code="policy.unknown",
            hint=did_you_mean(name, SHIPPED),
        )
    text = resources.files("attending.govern").joinpath("policies", f"{name}.yaml").read_bytes()
    return checked(parse_spec(text, PolicySpec, name=f"{name}.yaml"))


def checked(spec: PolicySpec) -> PolicySpec:
    """Return a policy whose every signature can be given.

    Raises:
        BadInput: a role is not known, or may not sign the document.
    """
    more = (item for risk in spec.risk.values() for item in risk.more)
    for item in (*(one for gate in spec.gates for one in gate.signatures), *more):
        if not may_sign(check_role(item.role), item.document):
            raise BadInput(
                f"{one_of(item.role)} may not sign documents of kind '{item.document}'",
                code="policy.signature",
                hint="See docs/people.md.",
            )
    for name in (*spec.exception_signers, *(f.whose for gate in spec.gates for f in gate.facts)):
        check_role(name)
    return spec


def require_enough(spec: PolicySpec) -> None:
    """Refuse a policy that asks for less than the smallest that comes along.

    Raises:
        Refused: naming what it leaves out.
    """
    left_out = tuple(_left_out(spec, shipped(SMALLEST)))
    if left_out:
        raise Refused(
            f"the policy leaves out {', '.join(left_out)}",
            code="policy.weaker",
            hint="A policy may ask for more than the one for two persons, never for less.",
        )


def _left_out(spec: PolicySpec, least: PolicySpec) -> Iterator[str]:
    for ours, theirs in zip(least.gates, spec.gates, strict=True):
        facts = {item.name for item in ours.facts} - {item.name for item in theirs.facts}
        yield from (f"{theirs.before}: {name}" for name in sorted(facts))
        signed = {one.document for one in ours.signatures} - {
            one.document for one in theirs.signatures
        }
        yield from (f"{theirs.before}: a signature on the {name}" for name in sorted(signed))
    several = all(len({one.role for one in gate.signatures}) > 1 for gate in spec.gates[1:])
    if spec.after_review is None and not several:
        yield "a review afterwards, where one person signs"
    for name in sorted(set(spec.exceptions) - set(shipped(DEFAULT).exceptions)):
        yield f"{name}, which has no exception"
    for name in sorted(
        set(spec.exceptions_before_training) - set(shipped(DEFAULT).exceptions_before_training)
    ):
        yield f"{name}, which has no exception"
    longest = shipped(DEFAULT).risk
    for name, risk in spec.risk.items():
        if risk.silent_at_least < longest[name].silent_at_least:
            yield f"part of the silent period at {name} risk"


def rules_of(spec: PolicySpec, risk: Risk | None = None) -> dict[Stage, GateRule]:
    """Return the gates of a policy for a declared risk; without its extra signatures when None.

    Raises:
        Refused: the policy lets nothing of that risk beyond *validated*.

    >>> len(rules_of(shipped("five-roles"), "high")["silent"].signatures)
    5
    """
    return {gate.before: _rule(spec, gate, risk) for gate in spec.gates}


def _rule(spec: PolicySpec, gate: GateAsked, risk: Risk | None) -> GateRule:
    more = spec.risk[risk].more if risk in spec.risk else ()
    return GateRule(
        gate=gate.gate,
        from_stage=STAGES[STAGES.index(gate.before) - 1],
        to_stage=gate.before,
        facts=tuple(FactRule(one.name, one.asks, check_role(one.whose)) for one in gate.facts),
        signatures=(
            *(_signature(one) for one in gate.signatures),
            *(_signature(one) for one in more if one.before == gate.before),
        ),
        keeps_days=gate.keeps_days,
        exceptions=tuple(sorted(spec.exceptions.items())),
        exception_signers=tuple(check_role(name) for name in spec.exception_signers),
    )


def _signature(one: SignatureAsked) -> SignatureRule:
    after = None if one.after is None else check_role(one.after)
    return SignatureRule(one.document, check_role(one.role), one.meaning, after)


@cache
def default_gates() -> dict[Stage, GateRule]:
    """Return the gate before each stage, as the shipped default asks; a declared risk may ask more.

    >>> list(default_gates())[0]
    'trained'
    """
    return rules_of(shipped(DEFAULT))


@cache
def default_exception_signers() -> tuple[Role, ...]:
    """Return the roles that must all sign an exception by default.

    >>> default_exception_signers()
    ('clinical_lead', 'compliance_officer')
    """
    return tuple(check_role(name) for name in shipped(DEFAULT).exception_signers)
