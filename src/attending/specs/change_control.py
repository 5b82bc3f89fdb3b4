"""What a team fixes in advance about change: who looks when, and what may be done about drift."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from attending.specs.base import Length, Spec

Words: TypeAlias = Annotated[str, Field(min_length=1)]
#: What may be done about drift, from the lightest to the end of the model.
RemedyName: TypeAlias = Literal[
    "monitor",
    "threshold",
    "recalibrate",
    "feature_fix",
    "feature_review",
    "retrain",
    "new_target",
    "redesign",
    "rollback",
    "retire",
]
#: What fits each drift and severity where a rung of the ladder names nothing, the lightest first.
REMEDIES: dict[tuple[str, str], tuple[RemedyName, ...]] = {
    ("data", "watch"): ("monitor", "feature_review"),
    ("data", "act"): ("feature_fix", "feature_review"),
    ("data", "stop"): ("feature_fix", "rollback"),
    ("concept", "act"): ("threshold", "recalibrate", "feature_review"),
    ("concept", "stop"): ("recalibrate", "retrain", "new_target", "rollback"),
    ("workflow", "act"): ("threshold", "redesign"),
    ("workflow", "stop"): ("redesign", "rollback", "retire"),
    ("unknown", "act"): ("feature_review", "rollback"),
    ("unknown", "stop"): ("rollback", "retire"),
}
#: Remedies that fit a model to its outcomes again.
FITTED_AGAIN: frozenset[str] = frozenset({"recalibrate", "retrain"})
Topic: TypeAlias = Literal[
    "operation",
    "drift",
    "feedback",
    "calibration",
    "intended_use",
    "outcomes",
    "formal_review",
]

_DAY = 24 * 3600 * 1_000_000
#: What is looked at after go-live, and the longest time between two looks.
CHECKLIST: dict[Topic, int] = {
    "operation": _DAY,
    "drift": 7 * _DAY,
    "feedback": 7 * _DAY,
    "calibration": 92 * _DAY,
    "intended_use": 92 * _DAY,
    "outcomes": 92 * _DAY,
    "formal_review": 92 * _DAY,
}


class Review(Spec):
    """One entry of the review calendar; an overdue one shows in the verdict.

    Attributes:
        every: the longest time between two reviews.
        owner: `technical owner`, `clinical owner`, `operational owner` or `incident owner` of the
            signed release plan, or a role such as `nurse leader`.
        covers: what is looked at; see `CHECKLIST`.
        begins: the stage whose entry starts the clock.
        minutes: what one review takes, held against the owner's capacity.
    """

    name: Words
    every: Length
    owner: Words
    covers: tuple[str, ...] = ()
    begins: Literal["silent", "limited", "live"] = "limited"
    minutes: Annotated[int, Field(ge=0, le=2400)] = 0

    @model_validator(mode="after")
    def _comes_again(self) -> Review:
        if self.every < _DAY:
            raise ValueError("a review comes again after a day or more")
        return self


class Retraining(Spec):
    """The policy of change as it was agreed: in words that people hold each other to, and figures.

    Attributes:
        look_every: how often the question is asked; never sooner than outcomes can be known.
        latency: how late an outcome is known, counted from the prediction.
        minimum_events: matured events before an update is weighed.
        oe_outside: observed over expected outside these bounds asks for an update.
        volatility: how fast the place changes; a `high` one is looked at once a quarter or more.
        changes_at_once: how many candidates may be under review at a time.
    """

    cadence: Words = "reviewed every quarter"
    thresholds: Words = "as the ladder says"
    label_latency: Words = "outcomes count once mature"
    capacity: Words = "one change under review at a time"
    approval: Words = "the clinical owner signs; nothing retrains by itself"
    look_every: Length | None = None
    latency: Length | None = None
    minimum_events: Annotated[int, Field(ge=20)] = 100
    oe_outside: tuple[float, float] = (0.8, 1.25)
    volatility: Literal["low", "medium", "high"] = "medium"
    changes_at_once: Annotated[int, Field(ge=1, le=20)] = 1

    @model_validator(mode="after")
    def _bounds_hold_one(self) -> Retraining:
        low, high = self.oe_outside
        if not 0 < low < 1 < high:
            raise ValueError("oe_outside has one bound under 1 and one above it")
        return self

    @property
    def gaps(self) -> tuple[str, ...]:
        """Return what the policy of change still leaves open; empty when nothing.

        >>> Retraining().gaps
        ('look_every is not written', 'latency is not written')
        """
        asked = {"look_every": self.look_every, "latency": self.latency}
        absent = tuple(f"{name} is not written" for name, said in asked.items() if said is None)
        if self.look_every is None or self.latency is None:
            return absent
        longest = {"low": 366, "medium": 183, "high": 92}[self.volatility] * _DAY
        found = []
        if self.look_every < self.latency:
            found.append("look_every is shorter than latency, so no new outcome could be known")
        if self.look_every > longest:
            found.append(f"look_every is too rare for a place of {self.volatility} volatility")
        return tuple(found)


def calendar_gaps(reviews: tuple[Review, ...]) -> tuple[str, ...]:
    """Return the topics of the checklist that no review covers often enough.

    >>> calendar_gaps((Review(name="a", every="1d", owner="x", covers=("operation",)),))[0]
    'drift every 7d'
    """
    return tuple(
        f"{topic} every {longest // _DAY}d"
        for topic, longest in CHECKLIST.items()
        if not any(topic in one.covers and one.every <= longest for one in reviews)
    )
