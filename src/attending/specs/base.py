"""The base of every spec: frozen, and no field beyond those that are named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from attending.digests import digest_of
from attending.specs.first_fields import as_first_said
from attending.times import format_length, parse_length
from attending.units import check_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Where a spec keeps its digest once it was asked for; no field, so no part of what it says.
_NAMED = "_digest"


class Spec(BaseModel):
    """A part of what a team asks for. Frozen; unknown fields are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False, defer_build=True
    )

    @model_serializer(mode="wrap")
    def _as_first_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return as_first_said(self, handler(self))

    @property
    def digest(self) -> str:
        """Return the digest of the spec's canonical JSON; comments and order do not matter."""
        known: str | None = self.__dict__.get(_NAMED)
        if known is None:
            known = self.__dict__[_NAMED] = digest_of(self.model_dump(mode="json"))
        return known

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy, another spec where something is changed in it; it has its own digest."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop(_NAMED, None)
        return copied


def _length(value: object) -> int:
    return value if isinstance(value, int) else parse_length(str(value))


#: A length of time: written `30d` or `24h`, held as microseconds.
Length: TypeAlias = Annotated[
    int, BeforeValidator(_length), PlainSerializer(format_length, return_type=str, when_used="json")
]
#: A UCUM code that we know.
Unit: TypeAlias = Annotated[str, AfterValidator(check_unit)]


def _scalar(value: object) -> object:
    """Return what plain text means where the schema allows any scalar."""
    if not isinstance(value, str):
        return value
    low = value.lower()
    if low in {"true", "false"}:
        return low == "true"
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


#: A number, a truth value or a text, told apart by how it is written.
Scalar: TypeAlias = Annotated[bool | int | float | str, BeforeValidator(_scalar)]


def dump(spec: Spec) -> dict[str, Any]:  # a JSON object
    """Return a spec as plain JSON values, as records hold it."""
    return spec.model_dump(mode="json")
