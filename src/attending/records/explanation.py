"""What explaining leaves: the factors of one risk, and how steady explanations are."""

from __future__ import annotations

from typing import ClassVar, Literal

from attending.records.base import Part, Record, When

#: Said with every explanation. It is part of the record, so that no page can leave it out.
NOT_CAUSAL = (
    "These factors show what the model used, not what causes the outcome. Changing one of them"
    " need not change what happens to the patient."
)


class Factor(Part):
    """One feature's share of this risk.

    Attributes:
        contribution: in log-odds; above 0 raises the risk.
        time: when the newest value happened.
        known_at: when it could first be seen.
        available: whether it was known at the prediction time; a missing value counts as known
            to be missing.
    """

    feature: str
    label: str
    printed: str
    value: float | None
    contribution: float
    direction: Literal["raises", "lowers"]
    time: When | None
    known_at: When | None
    available: bool


class MissingInput(Part):
    """A feature that had no value, and why."""

    feature: str
    label: str
    reason: str


class Sensitivity(Part):
    """The risk if one value stood at the training patients' 25th or 75th percentile instead."""

    feature: str
    label: str
    low_value: float
    risk_at_low: float
    high_value: float
    risk_at_high: float


class Explanation(Record):
    """Why one prediction is what it is, in the model's terms.

    Attributes:
        base_risk: what the model gives before any factor, the average patient.
        scale: what contributions add up to.
        other_contribution: the sum over the features that are not among the factors.
        unavailable: how many inputs were not known at the prediction time; it must be 0.
        sentence: for a clinician: the risk, what raises and lowers it, what to do.
        correlated: which shown factors move together and may share what the other is given.
    """

    kind: ClassVar[str] = "explanation"

    at: When
    risk: float
    base_risk: float
    scale: str
    factors: tuple[Factor, ...]
    other_contribution: float
    missing: tuple[MissingInput, ...]
    sensitivity: tuple[Sensitivity, ...]
    unavailable: int
    sentence: str
    not_causal: str = NOT_CAUSAL
    correlated: str


class FeatureImportance(Part):
    """How much a feature moves risks on average, in log-odds, and its share of all."""

    feature: str
    mean_absolute: float
    share: float


class StabilityReport(Record):
    """Whether a patient who differs only by measurement error gets the same explanation.

    Attributes:
        patients: how many were tried; draws: how often each.
        top: how many factors are compared.
        mean_jaccard: overlap of the top factors, 1 when always the same.
        low_jaccard: the 10th percentile over patients.
        same_first: share of draws in which the first factor stayed.
        mean_risk_change: mean absolute change of the risk.
        relative_error: size of the error, as a share of each feature's interquartile range.
        steady: whether mean_jaccard reached `threshold`.
    """

    kind: ClassVar[str] = "stability"

    patients: int
    draws: int
    top: int
    seed: int
    relative_error: float
    mean_jaccard: float
    low_jaccard: float
    same_first: float
    mean_risk_change: float
    threshold: float
    steady: bool
