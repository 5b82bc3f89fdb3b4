"""What is asked of explanations before a model may be validated: that they hold."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from attending.specs.base import Spec

Share: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]
Reason: TypeAlias = Annotated[str, Field(min_length=1, max_length=400)]
#: With what an explanation is compared.
Comparison: TypeAlias = Literal[
    "measurement_error", "day_earlier", "nearest_patients", "bootstrap_refits", "half_refits"
]


class AgreementAsked(Spec):
    """How far two explanations must agree, on average over patients.

    Attributes:
        jaccard: overlap of the top factors, 1 when they are the same.
        sign: share of the weight of the top factors that pushes the same way in both.
        rank: rank correlation of the sizes of all contributions; below 0 counts as 0.
    """

    jaccard: Share
    sign: Share
    rank: Share


class ExplanationsAsked(Spec):
    """The part `explanations` of validation.yaml; each has a default.

    Attributes:
        top: how many factors are compared, as many as a prediction names.
        patients: how many patients of the test are drawn.
        refits: how many samples the model is fitted on again, of each kind.
        error: standard deviation of the measurement error, as a share of each feature's
            interquartile range in training.
        measurement_error: the same patient, every value moved by that error.
        day_earlier: the same patient 24 h before.
        nearest_patients: the most similar other patients at the same risk.
        bootstrap_refits: the model, fitted again on patients drawn with replacement.
        half_refits: two fits on halves of the patients, with each other.
        shown_to: a feature counts as shown when it is a top factor of this share of patients.
        direction: least correlation of a shown feature's contributions between two half fits.
        weighed: which inputs must weigh more than chance gives: `all`, or those that are `shown`.
            Unsaid is `all`; in a plan that was signed before this was asked it is `shown`.
        weighed_reason: why no more than what is shown is asked; `shown` needs it.
        kept: factors that stay among `all` inputs although they do not, each with the reason.
        same_thing: features with a rank correlation from this on may not both be shown.
        removal: share of patients whose score must move more without their three top factors than
            without three at random.
        leave_out: comparisons that cannot be made here, each with the reason.

    >>> ExplanationsAsked().half_refits.sign
    0.7
    """

    top: Annotated[int, Field(ge=1, le=20)] = 5
    patients: Annotated[int, Field(ge=20, le=2000)] = 200
    refits: Annotated[int, Field(ge=4, le=100)] = 10
    error: Annotated[float, Field(gt=0.0, le=1.0)] = 0.05
    measurement_error: AgreementAsked = AgreementAsked(jaccard=0.8, sign=0.95, rank=0.9)
    day_earlier: AgreementAsked = AgreementAsked(jaccard=0.4, sign=0.8, rank=0.6)
    nearest_patients: AgreementAsked = AgreementAsked(jaccard=0.3, sign=0.6, rank=0.5)
    bootstrap_refits: AgreementAsked = AgreementAsked(jaccard=0.5, sign=0.9, rank=0.6)
    half_refits: AgreementAsked = AgreementAsked(jaccard=0.3, sign=0.7, rank=0.4)
    shown_to: Share = 0.2
    direction: Annotated[float, Field(ge=-1.0, le=1.0)] = 0.25
    weighed: Literal["all", "shown"] | None = None
    weighed_reason: Annotated[str, Field(max_length=400)] = ""
    kept: dict[str, Reason] = Field(default_factory=dict)
    same_thing: Share = 0.95
    removal: Share = 0.9
    leave_out: dict[Comparison, Reason] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _says_why_less_is_asked(self) -> ExplanationsAsked:
        if (self.weighed == "shown") != bool(self.weighed_reason):
            raise ValueError("weighed: shown and weighed_reason go together: say why less is asked")
        return self

    def asked_of(self, name: Comparison) -> AgreementAsked:
        """Return what is asked of one comparison."""
        found: AgreementAsked = getattr(self, name)
        return found
