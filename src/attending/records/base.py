"""The base of every record: frozen content, named by the SHA-256 of its canonical JSON.

Ids stand as decimal strings, instants as RFC 3339 text, missing as null; NaN is refused.
Time of making, host, latency and signature belong to the envelope, which the ledger holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from attending.digests import canonical, digest_bytes
from attending.specs.first_fields import as_first_said
from attending.times import format_instant, parse_instant
from attending.types import Instant

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Where a record keeps its name once it was asked for; no field, so no part of what it says.
_NAMED = "_digest"


class Part(BaseModel):
    """A frozen part of a record."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class GrownPart(Part):
    """A part whose fields may grow from release to release, while old ones keep their bytes."""

    @model_serializer(mode="wrap")
    def _as_first_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return as_first_said(self, handler(self))


class Record(Part):
    """What a step leaves. `kind` names it in the catalog and the ledger."""

    kind: ClassVar[str] = "record"

    def content(self) -> dict[str, Any]:
        """Return the record as plain JSON values, with its kind."""
        return {"kind": self.kind, **self.model_dump(mode="json")}

    def as_bytes(self) -> bytes:
        """Return the canonical JSON that is stored and digested."""
        return canonical(self.content())

    @property
    def digest(self) -> str:
        """Return the name of the record: the digest of `as_bytes()`, made once."""
        known: str | None = self.__dict__.get(_NAMED)
        if known is None:
            known = self.__dict__[_NAMED] = digest_bytes(self.as_bytes())
        return known

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy, another record where something is changed in it; it has its own name."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop(_NAMED, None)
        return copied


def _instant(value: object) -> object:
    return parse_instant(value) if isinstance(value, str) else value


#: A UTC-aware instant, RFC 3339 text in JSON.
When: TypeAlias = Annotated[
    Instant,
    BeforeValidator(_instant),
    PlainSerializer(format_instant, return_type=str, when_used="json"),
]


def from_content(kind: type[Record], content: dict[str, Any]) -> Any:  # noqa: ANN401 - the record of that kind
    """Return the record that `content` says.

    Raises:
        ValueError: the content is of another kind.

    >>> class Greeting(Record):
    ...     kind: ClassVar[str] = "greeting"
    ...     word: str
    >>> from_content(Greeting, Greeting(word="hello").content())
    Greeting(word='hello')
    """
    found = content.get("kind")
    if found != kind.kind:
        raise ValueError(f"expected a record of kind '{kind.kind}', got '{found}'")
    return kind.model_validate({key: item for key, item in content.items() if key != "kind"})
