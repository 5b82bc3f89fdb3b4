"""What explaining leaves: the factors of one risk, and whether explanations hold."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from attending.records.base import GrownPart, Part, Record, When

Outcome: TypeAlias = Literal["met", "failed", "not_shown", "left_out"]

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


class ConceptShare(Part):
    """What one clinical concept moves this risk: the exact sum over its features.

    Attributes:
        label: of the concept; of its feature where that stands alone.
        printed: the value that leads it, with the name of that feature where there are others.
        features: of the concept, the one that leads it first.
        contribution: in log-odds; above 0 raises the risk.
    """

    label: str
    printed: str
    features: tuple[str, ...]
    contribution: float
    direction: Literal["raises", "lowers"]


class Explanation(GrownPart, Record):
    """Why one prediction is what it is, in the model's terms.

    Attributes:
        base_risk: what the model gives before any factor, the average patient.
        scale: what contributions add up to.
        factors: the features of the concepts that are named, the largest concept first.
        concepts: the concepts that are named, the largest first; empty where every feature stands
            alone.
        other_contribution: the sum over the features that are not among the factors.
        unavailable: how many inputs were not known at the prediction time; it must be 0.
        sentence: for a clinician: the risk, what raises and lowers it, what to do.
        correlated: which shown factors move together and may share what the other is given.
        unstable: why these factors may not be relied on, in words; empty when they hold.
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
    unstable: str = ""
    concepts: tuple[ConceptShare, ...] = ()


class FeatureImportance(Part):
    """How much a feature moves risks on average, in log-odds, and its share of all."""

    feature: str
    mean_absolute: float
    share: float


class Agreement(Part):
    """How far explanations agreed in one comparison, means over patients.

    Attributes:
        name: as in `specs.explanations.Comparison`.
        patients: how many had a counterpart; draws: how many counterparts or fits each.
        jaccard: overlap of the top factors; low_jaccard: its 10th percentile over patients.
        sign: share of the weight of the top factors that pushed the same way.
        rank: rank correlation of the sizes of all contributions.
        by_chance: the overlap with random patients of the same risk, where that is known.
        asked: least jaccard, sign and rank.
        reason: why it was not shown or left out, in words.
    """

    name: str
    patients: int
    draws: int
    jaccard: float | None = None
    low_jaccard: float | None = None
    sign: float | None = None
    rank: float | None = None
    by_chance: float | None = None
    asked: tuple[float, float, float]
    outcome: Outcome
    reason: str = ""


class ConceptShown(Part):
    """Features that readers see as one factor."""

    name: str
    features: tuple[str, ...]


class ShownFeature(GrownPart):
    """A factor that readers see, a feature or a concept, and whether it is more than noise.

    Attributes:
        shown: share of patients of whom it is a top factor.
        direction: mean correlation of its contributions between two half fits, -1 to 1; None
            when no two fits could be made.
        weight: mean size of its contributions in fits beside shadows, in log-odds; the median fit.
        chance: the same of its shadow, values dealt to other patients; the largest of all fits.
    """

    feature: str
    shown: float
    direction: float | None
    weight: float | None = None
    chance: float | None = None


class SameThing(Part):
    """Two shown features that say the same, with their rank correlation in training."""

    first: str
    second: str
    correlation: float


class Removal(Part):
    """Without its three top factors the score moves more than without three at random.

    Attributes:
        share: of patients for whom that is so; `asked` is the least.
    """

    patients: int
    share: float | None
    asked: float
    outcome: Outcome


class KeptInput(Part):
    """An input that the plan keeps although it weighs no more than chance gives, and why."""

    name: str
    reason: str


class InputsWeighed(Part):
    """Whether every input weighs more than chance gives, or why that was not asked.

    Attributes:
        asked: of `all` inputs, or only of those that readers are `shown`.
        outcome: `left_out` where the plan asks only of what is shown.
        reason: why it is left out or not shown; empty otherwise.
        kept: inputs that the plan lets stay although they weigh no more.
    """

    asked: Literal["all", "shown"]
    outcome: Outcome
    reason: str = ""
    kept: tuple[KeptInput, ...] = ()


class StabilityReport(GrownPart, Record):
    """Whether explanations hold: for the same patient, for similar ones, and for other fits.

    Attributes:
        patients: how many were tried; draws: how often each with an error of measurement.
        top: how many factors are compared.
        mean_jaccard: overlap of the top factors under that error, 1 when always the same.
        low_jaccard: the 10th percentile over patients.
        same_first: share of draws in which the first factor stayed.
        mean_risk_change: mean absolute change of the risk.
        relative_error: size of the error, as a share of each feature's interquartile range.
        steady: whether mean_jaccard reached `threshold`.
        comparisons: every comparison that was asked for, of the factors that readers see.
        by_feature: the same of single features, where readers see concepts; nothing is asked of
            them.
        concepts: features that are explained as one.
        shown: the features that readers see, the least agreed first.
        seldom: the other factors that weigh no more than chance gives, also those never used.
        inputs: whether every input weighs more than chance gives; None in older reports.
        same_things: pairs of shown features that say the same.
        removal: whether the named factors are those that move the score.
        fits_refused: fits on samples that training refused, for having no signal.
        reasons: why the outcome is not met, in words.
        outcome: empty in reports from before stability was a gate.
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
    comparisons: tuple[Agreement, ...] = ()
    by_feature: tuple[Agreement, ...] = ()
    concepts: tuple[ConceptShown, ...] = ()
    shown: tuple[ShownFeature, ...] = ()
    seldom: tuple[ShownFeature, ...] = ()
    inputs: InputsWeighed | None = None
    same_things: tuple[SameThing, ...] = ()
    removal: Removal | None = None
    fits_refused: int = 0
    reasons: tuple[str, ...] = ()
    outcome: Literal["", "met", "failed", "not_shown"] = ""
