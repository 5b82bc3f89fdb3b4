"""What scoring leaves: one prediction with all it was made from, a batch, and a join to outcomes.

Request id, latency and host stand in the envelope that the ledger holds, not here.
"""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from pydantic import model_validator

from attending.records.base import GrownPart, Part, Record, When

#: `live`: the model's score; `fallback`: the named simpler score, marked; `no_score`: none, marked.
Outcome: TypeAlias = Literal["live", "fallback", "no_score"]
#: The daily answer that scoring obeys.
Answer: TypeAlias = Literal["continue", "watch", "freeze", "restrict", "fallback", "stop"]


class Input(Part):
    """One feature as the model saw it: its value and the two clocks of its newest row."""

    feature: str
    value: float | None = None
    time: When | None = None
    known_at: When | None = None
    missing: str | None = None


class Factor(Part):
    """One short line of an explanation: a feature and its push on the score's scale."""

    feature: str
    contribution: float
    words: str = ""


class Prediction(GrownPart, Record):
    """One score, or the named reason why there is none.

    Attributes:
        rationale: for the clinician, short: the risk, what moved it with its trend, what to do.
        risk_low, risk_high: 95 % band of the calibration curve at this score, from the validation
            report; None without one. `band_words` says which it is.
        unlike_training: whether unusually many values lie outside those of the training patients,
            or one far; `outside` names them. None where the model gave no score.
        threshold_place: the unit or site whose threshold it is; empty for that of everyone.
    """

    kind: ClassVar[str] = "prediction"

    model: str
    version: str
    stage: str
    run: str
    artifact: str
    feature_set: str
    release: str | None = None
    verdict: str | None = None
    answer: Answer
    subject_id: str | None = None
    encounter_id: str | None = None
    site: str | None = None
    prediction_time: When
    index_start: When
    inputs: tuple[Input, ...] = ()
    outcome: Outcome
    scored_by: str | None = None
    score: float | None = None
    threshold: float | None = None
    flagged: bool | None = None
    band: str = ""
    explanation: str | None = None
    factors: tuple[Factor, ...] = ()
    degraded: tuple[str, ...] = ()
    scope: Literal["in", "out"] = "in"
    scope_reasons: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    rationale: str = ""
    risk_low: float | None = None
    risk_high: float | None = None
    band_words: str = ""
    unlike_training: bool | None = None
    outside: tuple[str, ...] = ()
    unit: str | None = None
    threshold_place: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the names of the features that had no value."""
        return tuple(item.feature for item in self.inputs if item.value is None)

    @model_validator(mode="after")
    def _a_score_or_a_reason(self) -> Prediction:
        if self.outcome == "no_score":
            if self.score is not None or self.flagged is not None:
                raise ValueError("no_score carries neither a score nor a flag")
            if not self.reasons:
                raise ValueError("no_score names its reason")
        elif self.score is None or not self.scored_by:
            raise ValueError(f"{self.outcome} carries a score and what made it")
        if self.outcome == "fallback" and not self.reasons:
            raise ValueError("fallback names its reason")
        return self


class ReasonCount(Part):
    """How many predictions carry a reason."""

    reason: str
    n: int


class PredictionBatch(Record):
    """The account of one batch: n = live + fallback + no score, and a digest of the table."""

    kind: ClassVar[str] = "prediction_batch"

    model: str
    version: str
    stage: str
    run: str
    artifact: str
    feature_set: str
    release: str | None = None
    verdict: str | None = None
    answer: Answer
    snapshot: str | None = None
    period_start: When | None = None
    period_end: When | None = None
    n: int
    n_live: int
    n_fallback: int
    n_no_score: int
    n_flagged: int
    reasons: tuple[ReasonCount, ...] = ()
    table: str

    @model_validator(mode="after")
    def _nothing_dropped(self) -> PredictionBatch:
        if self.n != self.n_live + self.n_fallback + self.n_no_score:
            raise ValueError("every prediction is live, fallback or no score")
        return self


class OutcomeJoin(GrownPart, Record):
    """How many predictions have a mature outcome, and why the others do not.

    `n_not_predicted` counts the rows of the newest cohort that the version did not score.
    `model` and `version` say whose predictions they are: without them two models that gave the
    same scores would share one record. Older records do not have them.
    """

    kind: ClassVar[str] = "outcome_join"

    predictions: str
    outcomes: str
    snapshot: str | None = None
    n: int
    n_matured: int
    n_events: int
    n_immature: int
    n_censored: int
    n_competing: int
    n_lost: int
    n_not_predicted: int = 0
    model: str = ""
    version: str = ""

    @model_validator(mode="after")
    def _nothing_dropped(self) -> OutcomeJoin:
        parts = self.n_matured + self.n_immature + self.n_censored + self.n_competing + self.n_lost
        if self.n != parts:
            raise ValueError("every prediction is mature, immature, censored, competing or lost")
        return self
