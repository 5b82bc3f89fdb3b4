"""What a team asks of a release: intended use, scope, stages, rollback, fallback and owners."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from attending.errors import BadInput, did_you_mean
from attending.specs.base import Length, Scalar, Spec
from attending.times import DAY

#: The stages of a model, in their order; one step at a time.
Stage: TypeAlias = Literal[
    "prototype", "trained", "validated", "silent", "limited", "live", "retired"
]
STAGES: tuple[Stage, ...] = (
    "prototype",
    "trained",
    "validated",
    "silent",
    "limited",
    "live",
    "retired",
)


Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=4000)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]


def check_stage(name: str) -> Stage:
    """Return the stage of that name.

    Raises:
        BadInput: no such stage; the hint has the nearest.

    >>> check_stage("silent")
    'silent'
    """
    for stage in STAGES:
        if stage == name:
            return stage
    raise BadInput(
        f"got stage '{name}', which is not known",
        code="stage.unknown",
        hint=did_you_mean(name, STAGES),
    )


class IntendedUse(Spec):
    """For whom the score is, when it is made, what it foretells and who reads it."""

    population: Text
    decision_point: Text
    outcome: Text
    user_roles: tuple[Text, ...] = Field(min_length=1)


class Scope(Spec):
    """Whom the service may score; everyone else is refused.

    Attributes:
        min_age: whole years, inclusive.
        max_age: whole years, inclusive; none when absent.
        classes: encounter classes such as INPATIENT; all when empty.
        sites: facilities; all when empty.
        units: wards or units; all when empty.
        decision_points: moments at which a score may be asked for; all when empty.
        closed_for: how long after the end of a stay it may still be scored; for ever when absent.
    """

    min_age: Annotated[int, Field(ge=0, le=130)] = 18
    max_age: Annotated[int, Field(ge=0, le=130)] | None = None
    classes: tuple[Text, ...] = ()
    sites: tuple[Text, ...] = ()
    units: tuple[Text, ...] = ()
    decision_points: tuple[Text, ...] = ()
    closed_for: Length | None = None

    @model_validator(mode="after")
    def _ages_in_order(self) -> Self:
        if self.max_age is not None and self.max_age < self.min_age:
            raise ValueError(f"got max_age {self.max_age}, expected min_age {self.min_age} or more")
        return self


class Widening(Spec):
    """What one stage covers, and how long it must run before the next is asked for.

    Attributes:
        share: of the patients who are in scope, always the same ones; the rest get no score.
    """

    stage: Literal["silent", "limited", "live"]
    sites: tuple[Text, ...] = ()
    units: tuple[Text, ...] = ()
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    at_least: Length


class Delivery(Spec):
    """How a score reaches its reader."""

    channel: Literal["ehr", "task_queue", "messaging", "dashboard"]
    pattern: Literal["batch", "on_demand"]
    wording: Text
    clicks_to_action: Annotated[int, Field(ge=0, le=50)]


class Threshold(Spec):
    """The score at or above which the team acts: a value, or what validation chose."""

    value: Share | None = None
    from_validation: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.value is None) != self.from_validation:
            raise ValueError("expected either 'value' or 'from_validation: true', and not both")
        return self


class RollbackCriterion(Spec):
    """A measured condition under which the version is taken back."""

    measure: Text
    above: float | None = None
    below: float | None = None
    over: Length

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("expected one of 'above' and 'below', and not both")
        return self


class Fallback(Spec):
    """What is shown when the model may not answer: another score, or none.

    Attributes:
        parameters: of the score, such as `variant: 2013` or the site's own codes.
    """

    kind: Literal["none", "score"]
    score: Text | None = None
    parameters: dict[str, Scalar] = Field(default_factory=dict)
    threshold: float | None = None
    card: Text | None = None
    downtime_pathway: Text

    @model_validator(mode="after")
    def _a_score_is_named(self) -> Self:
        if (self.kind == "score") != (self.score is not None):
            raise ValueError("expected 'score' to be named when, and only when, kind is 'score'")
        if self.kind == "none" and self.parameters:
            raise ValueError("'parameters' are for a score, and kind is 'none'")
        if self.parameters.get("availability", "knowable") != "knowable":
            raise ValueError("a fallback is made from what is knowable when it is asked for")
        if self.kind == "score" and self.threshold is None:
            raise ValueError("expected a threshold of its own for the fallback score")
        return self


class Owners(Spec):
    """The persons who answer for the release, by their person ids."""

    technical: Text
    clinical: Text
    operational: Text
    incident: Text


class Playbook(Spec):
    """Who is notified, who contains, and how the impact is assessed."""

    notify: tuple[Text, ...] = Field(min_length=1)
    contain: Text
    assess: Text
    communicate: Text


class Training(Spec):
    """The material that users read first, and where its completion is kept."""

    material: Text
    version: Text
    required_roles: tuple[Text, ...] = Field(min_length=1)


class Response(Spec):
    """What follows an alert at one place, as those who answer it agreed.

    Attributes:
        place: one of `places` in validation.yaml, or `all`.
        action: what is done for a flagged patient.
        instead_of: what is done today.
        responder: who answers, as a role.
        within: in what time.
        escalate_to: who is told when nobody has answered.
        escalate_after: counted from the alert; not before `within` is over.
        if_nobody: what follows when that person does not answer either.
    """

    place: Text = "all"
    action: Text
    instead_of: Text
    responder: Text
    within: Length
    escalate_to: Text
    escalate_after: Length
    if_nobody: Text

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 < self.within <= self.escalate_after:
            raise ValueError("expected within above 0 and escalate_after of as long or longer")
        return self


class SnoozeRules(Spec):
    """How an alert may be put off: by whom, for how long, how often and why.

    Attributes:
        longest: for which an alert may be put off at once, a day at most.
        times: how often one alert may be put off.
        roles: of those who may do it, such as `nurse_leader`.
        reasons: one of them is given each time.

    >>> SnoozeRules(longest="4h", roles=["nurse_leader"], reasons=["waits for a result"]).times
    1
    """

    longest: Length
    times: Annotated[int, Field(ge=1, le=24)] = 1
    roles: tuple[Text, ...] = Field(min_length=1)
    reasons: tuple[Text, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _a_day_at_most(self) -> Self:
        if not 0 < self.longest <= DAY:
            raise ValueError("expected longest above 0 and a day at most")
        return self


class PatientWords(Spec):
    """What patients are told, in words that they would use.

    Attributes:
        foretold: ends the sentence `you may be more likely to`.
        looks_at: ends the sentence `it looks at`.
        staff_may: a whole sentence: what the staff may do for those it points out.
        ask: a whole sentence: whom to ask, and how.
    """

    foretold: Text
    looks_at: Text
    staff_may: Text
    ask: Text


class ReleaseSpec(Spec):
    """`release.yaml`: what a release is for, how it widens, and how it is taken back.

    Attributes:
        responses: what follows an alert, place by place; each is decided and signed with its
            threshold.
        patient_notice: what patients are told; without it no notice is written.
        snooze: how an alert may be put off; a day at most, by any reader, when absent.

    >>> Threshold(value=0.3).value
    0.3
    """

    model: Text
    intended_use: IntendedUse
    non_intended: tuple[Text, ...] = Field(min_length=1)
    risk_level: Literal["low", "medium", "high"]
    oversight: Text
    scope: Scope
    stages: tuple[Widening, ...]
    delivery: tuple[Delivery, ...] = Field(min_length=1)
    action_window: Length
    threshold: Threshold
    rollback_criteria: tuple[RollbackCriterion, ...] = Field(min_length=1)
    fallback: Fallback
    owners: Owners
    playbook: Playbook
    training_material: Training
    responses: tuple[Response, ...] = ()
    patient_notice: PatientWords | None = None
    snooze: SnoozeRules | None = None

    @model_validator(mode="after")
    def _places_once(self) -> Self:
        places = [response.place for response in self.responses]
        if len(set(places)) < len(places):
            raise ValueError("a place has two responses")
        return self

    @model_validator(mode="after")
    def _stages_in_order(self) -> Self:
        names = tuple(step.stage for step in self.stages)
        if names != ("silent", "limited", "live"):
            raise ValueError(
                f"got stages {', '.join(names) or 'none'}, expected silent, limited, live"
            )
        return self
