"""A file of bedside signals: which event codes hold each, and how their units become one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from attending.errors import BadInput, did_you_mean
from attending.specs.base import Spec, Unit
from attending.specs.code_list import Name, Text, Word  # noqa: TC001 - pydantic reads it at run time
from attending.specs.features import Plausible  # noqa: TC001 - pydantic reads it at run time

if TYPE_CHECKING:
    from collections.abc import Sequence


class Becomes(Spec):
    """How a number in another unit becomes one in the signal's own: times a factor, plus more."""

    unit: Unit
    factor: float
    offset: float = 0.0


class SignalSpec(Spec):
    """One thing that is measured or told at the bedside.

    Attributes:
        codes: event codes that hold it.
        unit: its own; a number without a unit counts only where this is `{score}` or `1`.
        also: other units that are known; any other leaves the value out.
        plausible: what a living patient can have, both ends included; other values are left out.
        words: for what is told in words, what each word counts as.
    """

    name: Name
    label: Text
    codes: tuple[Word, ...] = ()
    unit: Unit
    also: tuple[Becomes, ...] = ()
    plausible: Plausible
    words: dict[Word, float] = Field(default_factory=dict)

    @property
    def unitless(self) -> bool:
        """Return whether a number without a unit can be taken."""
        return self.unit in {"{score}", "1"}


class SignalsSpec(Spec):
    """All signals that bedside scores read."""

    name: Name
    version: Word
    signals: Annotated[tuple[SignalSpec, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> SignalsSpec:
        names = [found.name for found in self.signals]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"signal '{twice[0]}' stands twice")
        return self

    def signal(self, name: str, *, codes: Sequence[str] = ()) -> SignalSpec:
        """Return the signal of that name, read from other codes where some are given.

        Raises:
            BadInput: no such signal; the hint has the nearest.
        """
        for found in self.signals:
            if found.name == name:
                return found.model_copy(update={"codes": tuple(codes)}) if codes else found
        raise BadInput(
            f"got signal '{name}', which is not known",
            code="score.signal",
            hint=did_you_mean(name, [found.name for found in self.signals]),
        )
