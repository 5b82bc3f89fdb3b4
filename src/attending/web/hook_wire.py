"""CDS Hooks 2.0 on the wire: what a record system sends at one of its moments, and feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias
from uuid import UUID  # noqa: TC003 - pydantic reads it at run time

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from attending.errors import AttendingError, BadInput
from attending.web.strict_json import strict_json

if TYPE_CHECKING:
    from collections.abc import Collection

Id: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9\-.]{1,64}$")]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=300)]
#: Resources in one call; more is a record system that asks for something else.
MOST_RESOURCES = 20_000


class _Open(BaseModel):
    """The specification lets clients send more than is named."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Context(_Open):
    """Whom the hook is about; other fields of a hook are not read."""

    userId: Text  # noqa: N815 - the specification's name
    patientId: Id  # noqa: N815
    encounterId: Id | None = None  # noqa: N815


class HookCall(_Open):
    """One firing of a hook."""

    hook: Text
    hookInstance: UUID  # noqa: N815
    context: Context
    prefetch: dict[str, dict[str, Any] | None] = Field(default_factory=dict)


class Coding(_Open):
    """A code with its system."""

    code: Text
    system: Text | None = None
    display: Text | None = None


class OverrideReason(_Open):
    """Why a card was set aside."""

    reason: Coding | None = None
    userComment: Annotated[str, Field(max_length=2_000)] | None = None  # noqa: N815


class CardFeedback(_Open):
    """What became of one card."""

    card: UUID
    outcome: Literal["accepted", "overridden"]
    overrideReason: OverrideReason | None = None  # noqa: N815
    outcomeTimestamp: AwareDatetime  # noqa: N815


class Feedback(_Open):
    """What became of some cards."""

    feedback: Annotated[tuple[CardFeedback, ...], Field(min_length=1, max_length=1_000)]


class MissingContext(AttendingError):
    """The call is malformed (HTTP 400)."""


class PrefetchNeeded(AttendingError):
    """What a score needs did not come (HTTP 412)."""

    http_status = 412


def hook_call(data: bytes) -> HookCall:
    """Return the call that a body makes.

    Raises:
        MissingContext: a field is missing or malformed.
        BadInput: not JSON.
    """
    strict_json(data)
    try:
        return HookCall.model_validate_json(data, strict=False)
    except ValidationError as error:
        raise MissingContext(_said(error), code="hook.field", where="body") from None


def feedback(data: bytes) -> Feedback:
    """Return the feedback that a body holds.

    Raises:
        MissingContext: a field is missing or malformed.
        BadInput: not JSON.
    """
    strict_json(data)
    try:
        return Feedback.model_validate_json(data)
    except ValidationError as error:
        raise MissingContext(_said(error), code="feedback.field", where="body") from None


def _said(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    path = first["loc"]
    # Under `prefetch` stand names that the asker chose, and they may say anything.
    where = ".".join(str(part) for part in path[: 1 if "prefetch" in path else 3]) or "body"
    return f"field '{where}' is missing or malformed"


def resources(
    call: HookCall, *, needed: tuple[str, ...], known: Collection[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the resources of a call, and what did not come whole.

    Three things are told apart: not sent, sent empty, and failed; so is a page of more.

    Args:
        call: what came.
        needed: names without which nothing can be said.
        known: names that we asked for; others are not repeated.

    Raises:
        PrefetchNeeded: what a score cannot do without was not sent, or failed.
        BadInput: too many resources.
    """
    found: list[dict[str, Any]] = []
    gaps: list[str] = []
    for name, sent in call.prefetch.items():
        state, items = _items(sent)
        found += items
        said = name if name in known else "other"  # a name of the asker's may say anything
        gaps += [f"prefetch:{said}:{state}"] if state else []
    absent = [name for name in needed if _failed(call, name)]
    if absent:
        raise PrefetchNeeded(
            f"the call brings no {' and no '.join(absent)}",
            code="hook.prefetch",
            hint="Send the prefetch that the discovery asks for; nothing was scored.",
        )
    if len(found) > MOST_RESOURCES:
        raise BadInput(
            f"got {len(found)} resources, expected {MOST_RESOURCES} at most",
            code="hook.resources",
        )
    return found, gaps


def _failed(call: HookCall, name: str) -> bool:
    sent = call.prefetch.get(name)
    return sent is None or _items(sent)[0] == "error"


def _items(sent: dict[str, Any] | None) -> tuple[str, list[dict[str, Any]]]:
    """Return the state of one answer, empty when it came whole, and its resources."""
    if sent is None:
        return "empty", []
    kind = sent.get("resourceType")
    if kind == "OperationOutcome":
        return "error", []
    if kind != "Bundle":
        return "", [sent]
    entries = sent.get("entry") or []
    items = [one.get("resource") for one in entries if isinstance(one, dict)]
    whole = [one for one in items if isinstance(one, dict) and "resourceType" in one]
    errors = [one for one in whole if one["resourceType"] == "OperationOutcome"]
    links = sent.get("link") or []
    more = any(isinstance(one, dict) and one.get("relation") == "next" for one in links)
    kept = [one for one in whole if one["resourceType"] != "OperationOutcome"]
    return ("error" if errors else "truncated" if more else ""), kept
