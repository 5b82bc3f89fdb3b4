"""What a hospital writes about its own use of a model (`deployer.yaml`): hazards, downtime, work.

Words may be left open, so that a draft can be printed; a paper with an open field cannot be signed.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from attending.specs.base import Length, Spec

Text: TypeAlias = Annotated[str, Field(max_length=4000)]
Severity: TypeAlias = Literal["minor", "significant", "considerable", "major", "catastrophic"]
Likelihood: TypeAlias = Literal["very_low", "low", "medium", "high", "very_high"]
#: Records that show that a control works; the newest of the version is named in the paper.
EvidenceName: TypeAlias = Literal[
    "validation",
    "parity",
    "stability",
    "rollback_drill",
    "access_review",
    "monitor_reference",
    "monitor_simulation",
    "silent_report",
    "threshold",
]
#: What somebody must be responsible and accountable for while a model is used.
Activity: TypeAlias = Literal[
    "data_feeds",
    "daily_verdict",
    "alerts",
    "incidents",
    "downtime",
    "changes",
    "training",
    "retirement",
]


class Hazard(Spec):
    """One way in which the use of the model could harm a patient.

    Attributes:
        controls: what stands against it now.
        evidence: the records that show the controls.
        severity, likelihood: without the controls.
        left_severity, left_likelihood: with them.
        incidents: the types of incident that are this hazard come true.
    """

    name: Annotated[str, Field(min_length=1, max_length=200)]
    cause: Text
    impact: Text
    controls: Text
    evidence: tuple[EvidenceName, ...] = ()
    severity: Severity
    likelihood: Likelihood
    left_severity: Severity
    left_likelihood: Likelihood
    owner: Text
    state: Literal["open", "transferred", "closed"] = "open"
    incidents: tuple[str, ...] = ()


class Downtime(Spec):
    """What the wards do while there is no score.

    Attributes:
        noticed: how people see that there is none.
        told_by: who tells the wards, and how.
        decide: how is decided without the score, and on what paper.
        after: when the paper form takes over from the last printed list.
        caught_up: what is done for patients who were missed, once it is back.
    """

    noticed: Text
    told_by: Text
    decide: Text
    after: Length
    caught_up: Text


class Duty(Spec):
    """One row of the RACI: who does it, who answers for it, who is asked and who is told."""

    activity: Activity
    responsible: Text
    accountable: Text
    consulted: Text
    informed: Text


class Hours(Spec):
    """What the model takes of people, in hours a month."""

    role: Annotated[str, Field(min_length=1, max_length=200)]
    does: Text
    hours_a_month: Annotated[float, Field(ge=0, le=2000)]


class Step(Spec):
    """One step between the alert and the action, and how many clicks it takes."""

    does: Text
    clicks: Annotated[int, Field(ge=0, le=50)]


class Workflow(Spec):
    """The clinical task that the score serves, and the way from alert to action.

    Attributes:
        task: the task as the ward calls it.
        instead_of: how the task was done before.
        steps: in their order, counted on the ward.
    """

    task: Text
    instead_of: Text
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    @property
    def clicks(self) -> int:
        """Return the clicks from alert to action.

        >>> Workflow(task="t", instead_of="i", steps=[{"does": "open", "clicks": 2}]).clicks
        2
        """
        return sum(step.clicks for step in self.steps)


class DeployerSpec(Spec):
    """`deployer.yaml`: what who deploys a model owes beside the model itself.

    Attributes:
        safety_officer: the person, by id, who answers for the hazard log.
        benefit: why the benefit outweighs what is left of the hazards.
        misuse: foreseeable uses that it is not for, and what prevents each.
    """

    safety_officer: Text
    benefit: Text
    misuse: tuple[Text, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    downtime: Downtime
    raci: tuple[Duty, ...] = ()
    hours: tuple[Hours, ...] = ()
    workflow: Workflow

    @model_validator(mode="after")
    def _named_once(self) -> DeployerSpec:
        for names in ([one.name for one in self.hazards], [one.activity for one in self.raci]):
            if len(set(names)) < len(names):
                raise ValueError("two hazards or duties have one name")
        return self
