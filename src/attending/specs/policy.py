"""What a hospital asks of its gates: facts, signatures, and what more as the risk rises."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from attending.specs.base import Length, Spec
from attending.specs.release import STAGES, Stage

Word: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,59}$")]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=4000)]
Days: TypeAlias = Annotated[int, Field(ge=1, le=366)]
Risk: TypeAlias = Literal["low", "medium", "high"]


class FactAsked(Spec):
    """One fact that must be shown, and whose it is to show."""

    name: Word
    asks: Text
    whose: Word


class SignatureAsked(Spec):
    """One signature that must stand on the present document.

    Attributes:
        after: a role whose signature on the same document must come first.
    """

    document: Word
    role: Word
    meaning: Literal["review", "approval", "responsibility"]
    after: Word | None = None


class MoreAsked(SignatureAsked):
    """A signature that a higher risk asks for, and at which gate."""

    before: Stage


class GateAsked(Spec):
    """One gate: what it asks before a stage, and for how many days a signature counts."""

    gate: Text
    before: Stage
    keeps_days: Days
    facts: tuple[FactAsked, ...] = Field(min_length=1)
    signatures: tuple[SignatureAsked, ...] = Field(min_length=1)


class RiskAsked(Spec):
    """What a declared risk asks for beyond the gates themselves."""

    silent_at_least: Length
    more: tuple[MoreAsked, ...] = ()


class PolicySpec(Spec):
    """A policy of gates.

    Attributes:
        serves_days: after how many days a signature no longer lets a version answer.
        exceptions: conditions that a signed exception may let pass, and the last such stage.
        after_review: within which time a third person reviews each opened gate; not at all if None.
        risk: by declared risk; a risk that is absent passes no gate beyond *validated*.
    """

    name: Word
    title: Text
    says: Text
    serves_days: Days
    gates: tuple[GateAsked, ...]
    risk: dict[Risk, RiskAsked]
    exceptions: dict[Word, Stage] = Field(default_factory=dict)
    exceptions_before_training: tuple[Word, ...] = ()
    exception_signers: tuple[Word, ...] = Field(min_length=1)
    after_review: Length | None = None

    @model_validator(mode="after")
    def _five_gates(self) -> Self:
        asked = tuple(gate.before for gate in self.gates)
        if asked != STAGES[1:6]:
            expected = ", ".join(STAGES[1:6])
            raise ValueError(f"got gates before {', '.join(asked)}, expected {expected}")
        return self
