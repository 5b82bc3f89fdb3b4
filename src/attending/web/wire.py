"""What machines send and get: the request for a prediction, its events, and the answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from attending import __version__
from attending.errors import BadInput
from attending.lifecycle.plain_events import plain_events
from attending.web.strict_json import strict_json

if TYPE_CHECKING:
    import pyarrow as pa
    from pydantic.config import JsonDict

#: A pseudonym as records and HTTP carry it: a decimal string.
Pseudonym: TypeAlias = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,15}$")]
Word: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


#: As the description says it: events come with index_start.
_WITH_START: JsonDict = {
    "anyOf": [
        {"properties": {"events": {"type": "null"}}},
        {"required": ["index_start"], "properties": {"index_start": {"type": "string"}}},
    ]
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class EventIn(_Strict):
    """One row of the patient's history, as the event table has it.

    Attributes:
        subject_id: may be left out; where it is given it must be the request's.
        known_at: when the row could first be seen; rows known after the prediction time do not
            count.
    """

    code: Word
    time: AwareDatetime | None = None
    known_at: AwareDatetime
    superseded_at: AwareDatetime | None = None
    numeric_value: float | None = None
    text_value: Annotated[str, Field(max_length=10_000)] | None = None
    unit: Word | None = None
    subject_id: Pseudonym | None = None
    encounter_id: Pseudonym | None = None
    site: Word | None = None


class PredictionRequest(_Strict):
    """A prediction that is asked for: for whom, when, from what.

    Attributes:
        index_start: when the stay began; may be left out when the events are.
        events: all that is known of the patient; left out, the events that feeds have pushed.
    """

    model_config = ConfigDict(json_schema_extra=_WITH_START)

    subject_id: Pseudonym
    encounter_id: Pseudonym | None = None
    prediction_time: AwareDatetime
    index_start: AwareDatetime | None = None
    decision_point: Word | None = None
    user_role: Word | None = None
    events: Annotated[tuple[EventIn, ...], Field(max_length=20_000)] | None = None
    _rows: Any = PrivateAttr(default=None)  # the same events, where they were read by the column

    @property
    def rows(self) -> pa.Table | None:
        """Return the events that were read by the column; `events` is then empty."""
        return self._rows

    def read_by_column(self, rows: pa.Table) -> Self:
        """Return the request with its events as rows."""
        self._rows = rows
        return self

    @property
    def n_events(self) -> int:
        """Return how many events came, each different one once where they were read so."""
        return len(self.events or ()) if self._rows is None else self._rows.num_rows

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.events is not None and self.index_start is None:
            raise ValueError("events come with index_start")
        return self


class FactorOut(_Strict):
    """One reason, in words and as a push on the score's scale."""

    feature: str
    contribution: float
    words: str


class PredictionAnswer(_Strict):
    """What the caller is told. In silent a score is kept and not told: `delivered` is false.

    Attributes:
        outcome: `live` is the model's score, `fallback` the named simpler score.
        clauses: of the signed intended use, which the patient or the asker is outside of.
        threshold_place: the unit or site whose threshold it is; empty for that of everyone.
        made_before: the same was asked before; this is the answer of then.
    """

    request_id: str
    model: str
    version: str
    stage: str
    delivered: bool
    made_before: bool
    outcome: Literal["live", "fallback", "no_score", "withheld"]
    scored_by: str | None = None
    score: float | None = None
    threshold: float | None = None
    threshold_place: str = ""
    flagged: bool | None = None
    band: str = ""
    factors: tuple[FactorOut, ...] = ()
    rationale: str = ""
    risk_low: float | None = None
    risk_high: float | None = None
    band_words: str = ""
    unlike_training: bool | None = None
    outside: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    prediction_time: str
    made_at: str
    provenance: str


def asked(data: bytes) -> PredictionRequest:
    """Return the request that a body makes.

    Raises:
        BadInput: a field is missing, unknown or malformed; the message names it and no value.
    """
    found = _quickly(strict_json(data))
    if found is not None:
        return found
    try:
        request = PredictionRequest.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise BadInput(
            _said(error),
            code="request.field",
            where="body",
            hint=f"This is attending {__version__}; GET /v1/openapi.json names its fields.",
        ) from None
    if any(row.subject_id not in {None, request.subject_id} for row in request.events or ()):
        raise BadInput(
            "an event is another patient's than the request's",
            code="request.other_patient",
            hint="Send the events of one patient; nothing was scored.",
        )
    return request


def _quickly(said: Any) -> PredictionRequest | None:  # noqa: ANN401 - any JSON value
    """Return the request whose events are all in the plain form, else None: read it row by row."""
    if not isinstance(said, dict) or not isinstance(subject := said.get("subject_id"), str):
        return None
    if said.keys() - PredictionRequest.model_fields.keys():
        return None
    rows = plain_events(said.get("events"), subject_id=subject)
    if rows is None:
        return None
    try:
        head = json.dumps({**said, "events": []})
        request = PredictionRequest.model_validate_json(head, strict=True)
    except ValidationError:  # the slow reading names the field
        return None
    return request.read_by_column(rows)


def _said(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "extra_forbidden":  # an asker's own name for a field may say anything
        where = ".".join(str(part) for part in first["loc"][:-1]) or "body"
        return f"got a field in '{where}' that is not known"
    where = ".".join(str(part) for part in first["loc"]) or "body"
    more = f", and {error.error_count() - 1} more" if error.error_count() > 1 else ""
    says = "is missing" if first["type"] == "missing" else f"is malformed: {first['type']}"
    return f"field '{where}' {says}{more}"
