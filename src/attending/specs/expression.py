"""What derived features may say: a typed tree of operations, bounded in depth, never code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from attending.conversions import conversion
from attending.errors import BadInput
from attending.specs.base import Spec, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

Operation: TypeAlias = Literal[
    "sum",
    "difference",
    "product",
    "ratio",
    "min",
    "max",
    "clip",
    "log",
    "coalesce",
    "above",
    "at_least",
    "below",
    "at_most",
    "equal",
    "convert",
]
MAX_DEPTH = 8
_MOST_OPERANDS = 64
_SLUG_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
#: How many operands an operation takes, where it is not two or more.
_TAKES: dict[str, int] = {
    "difference": 2,
    "ratio": 2,
    "clip": 3,
    "log": 1,
    "above": 2,
    "at_least": 2,
    "below": 2,
    "at_most": 2,
    "equal": 2,
    "convert": 1,
}


def slug(text: str) -> str:
    """Return a name of lower-case letters, digits and underscores that starts with a letter.

    Raises:
        ValueError: any other.

    >>> slug("creatinine_last_24h")
    'creatinine_last_24h'
    """
    if not text or not text[0].isalpha() or not set(text) <= _SLUG_LETTERS or len(text) > 64:
        raise ValueError(
            f"got name '{text[:80]}', expected up to 64 of a-z, 0-9 and _, a letter first"
        )
    return text


Slug: TypeAlias = Annotated[str, AfterValidator(slug)]
#: A feature that stands earlier in the list, a number, or an operation.
Operand: TypeAlias = "Slug | float | Expression"


class Expression(Spec):
    """An operation over features that stand earlier in the list, numbers and operations.

    It is missing if any operand is, but `coalesce` gives the first that is not. `ratio` over zero
    and `log` (natural) of zero or less are missing. A comparison gives 1 or 0. `clip` takes a
    value, the lowest and the highest. `convert` takes a value in `unit` to the unit `into`.

    >>> Expression(op="clip", of=(Expression(op="ratio", of=("a", "b")), 0, 10)).depth
    2
    """

    op: Operation
    of: tuple[Annotated[Slug | float | Expression, Field(union_mode="left_to_right")], ...]
    unit: Unit | None = None
    into: Unit | None = None
    molar_mass: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Expression:
        takes = _TAKES.get(self.op)
        if len(self.of) != takes if takes else not 2 <= len(self.of) <= _MOST_OPERANDS:
            expected = takes or f"2 to {_MOST_OPERANDS}"
            raise ValueError(f"got {len(self.of)} operands of '{self.op}', expected {expected}")
        if self.depth > MAX_DEPTH:
            raise ValueError(f"got operations {self.depth} deep, expected at most {MAX_DEPTH}")
        self._check_clip()
        self._check_units()
        return self

    def _check_clip(self) -> None:
        if self.op != "clip":
            return
        low, high = self.of[1:]
        if isinstance(low, float) and isinstance(high, float) and low > high:
            raise ValueError(f"got low {low:g} above high {high:g}")

    def _check_units(self) -> None:
        if self.op != "convert":
            if self.unit or self.into or self.molar_mass:
                raise ValueError("'unit', 'into' and 'molar_mass' are for 'convert'")
            return
        if self.unit is None or self.into is None:
            raise ValueError("'convert' needs the fields 'unit' and 'into'")
        try:
            conversion(self.unit, self.into, molar_mass=self.molar_mass)
        except BadInput as error:
            raise ValueError(f"{error.message}. {error.hint}") from None

    @property
    def depth(self) -> int:
        """Return how many operations lie within one another."""
        return 1 + max((part.depth for part in self.inner), default=0)

    @property
    def inner(self) -> tuple[Expression, ...]:
        """Return the operands that are operations."""
        return tuple(part for part in self.of if isinstance(part, Expression))

    @property
    def names(self) -> tuple[str, ...]:
        """Return the features that it reads, at any depth, each once."""
        return tuple(dict.fromkeys(self._names()))

    def _names(self) -> Iterator[str]:
        for part in self.of:
            if isinstance(part, str):
                yield part
            elif isinstance(part, Expression):
                yield from part.names

    def conversions(self) -> Iterator[tuple[str, str]]:
        """Iterate over the features that are converted, with the unit each is said to be in."""
        if self.op == "convert" and isinstance(self.of[0], str):
            yield self.of[0], str(self.unit)
        for part in self.inner:
            yield from part.conversions()
