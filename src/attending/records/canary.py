"""What canary patients leave: the scores that a release gave them, and each day's comparison."""

from __future__ import annotations

from typing import ClassVar

from attending.records.base import Part, Record, When
from attending.records.prediction import Outcome  # noqa: TC001 - pydantic reads it


class CanaryAnswer(Part):
    """What one canary patient got.

    Attributes:
        reasons: why there was no live score, and what was marked.
        inputs: digest of the model's inputs, to the bit.
    """

    number: int
    outcome: Outcome
    score: float | None
    flagged: bool | None
    reasons: tuple[str, ...]
    inputs: str


class CanarySet(Record):
    """The canary patients of one release, and what they got when it was made.

    Attributes:
        run, release_spec, stage: of which release; with another of these there is another set.
        events: digest of the artifact with their events.
        prediction_time: at which all of them are scored, every day.
        renewed_because: why the former set of the same release no longer counts; empty for the
            first.
    """

    kind: ClassVar[str] = "canary_set"

    model: str
    version: str
    stage: str
    run: str
    release_spec: str
    events: str
    prediction_time: When
    answers: tuple[CanaryAnswer, ...]
    made_at: When
    renewed_because: str = ""


class CanaryCheck(Record):
    """One day's scores of the canary patients, beside those of the release.

    Attributes:
        changed: the numbers of those whose score, outcome or inputs are others now.
        error: the code of what kept them from being scored; empty when they were.
        incident: the incident that was opened, or was open for it.
    """

    kind: ClassVar[str] = "canary_check"

    model: str
    version: str
    canaries: str
    at: When
    n: int
    changed: tuple[int, ...] = ()
    largest_change: float | None = None
    error: str = ""
    incident: str | None = None

    @property
    def quiet(self) -> bool:
        """Return whether all of them got what they got when the release was made."""
        return not self.changed and not self.error
