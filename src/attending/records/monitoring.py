"""What monitoring leaves: a frozen reference, findings, a report, the verdict, a simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias, get_args

from attending.records.base import GrownPart, Part, Record, When
from attending.records.prediction import Answer

if TYPE_CHECKING:
    from attending.types import Instant

Severity: TypeAlias = Literal["info", "watch", "act", "stop"]
Drift: TypeAlias = Literal["data", "concept", "workflow", "none", "unknown"]
RiskLevel: TypeAlias = Literal["low", "medium", "high"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
#: From the mildest to the strictest.
ANSWERS: tuple[Answer, ...] = get_args(Answer)


class FeatureReference(GrownPart):
    """One feature as it was when the model was validated.

    `edges` are the inner decile edges of the values that were there; `quantiles` the deciles
    from 10 % to 90 %; `shares` the share of all rows in each bin, with missing as the last bin;
    `far` the share of values above 0 that stands far outside the deciles.
    """

    name: str
    source: str = ""
    clinical_label: str = ""
    edges: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    missing_rate: float = 0.0
    weight: float = 0.0
    far: float = 0.0


class Reference(Record):
    """The frozen picture that every later window is compared with."""

    kind: ClassVar[str] = "monitor_reference"

    model: str
    version: str
    site: str = ""
    n: int
    features: tuple[FeatureReference, ...]
    score_edges: tuple[float, ...]
    score_shares: tuple[float, ...]
    mean_risk: float
    threshold: float | None = None
    alert_rate: float | None = None
    base_rate: float | None = None
    auroc: float | None = None
    auroc_low: float | None = None
    auroc_high: float | None = None
    weekly_mean: float | None = None
    weekly_sd: float | None = None
    made_from: tuple[str, ...] = ()


class Measure(Part):
    """One figure, its bound and its interval; or why it is not shown."""

    name: str
    subject: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    bound: float | None = None
    n: int = 0
    state: Literal["shown", "not_shown", "not_observed"] = "shown"
    why: str = ""


class Effect(Part):
    """What moved inputs do to the score: now minus as it was, for the newest `n` patients.

    `rank_agreement` is Kendall's tau-b between both scores, None when all patients have one risk.
    """

    n: int
    mean_risk_change: float
    alert_rate_change: float | None = None
    rank_agreement: float | None = None


class Finding(GrownPart):
    """One thing that is not as it was: what, how much, what it means and who does what.

    `remedies` are what may be done about it by the ladder, the lightest first.
    """

    drift: Drift
    severity: Severity
    name: str
    subject: str
    figure: float | None = None
    bound: float | None = None
    meaning: str
    action: str
    owner: str
    site: str = ""
    evidence: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    effect: Effect | None = None
    remedies: tuple[str, ...] = ()

    @property
    def subjects(self) -> frozenset[str]:
        """Return the subject and all that the finding groups with it."""
        return frozenset((self.subject, *self.also))


class Condition(Part):
    """One trust condition that was fixed in advance, and how it stands."""

    name: str
    measure: str
    state: Literal["met", "failed", "not_shown", "not_observed"]
    value: float | None = None
    at_least: float | None = None
    at_most: float | None = None


class MonitorReport(Record):
    """Everything that the monitors saw of one model on one day."""

    kind: ClassVar[str] = "monitor_report"

    model: str
    version: str
    stage: str
    at: When
    reference: str
    spec: str
    predictions: str | None = None
    outcomes: str | None = None
    n_predictions: int
    n_matured: int
    n_events: int
    findings: tuple[Finding, ...] = ()
    measures: tuple[Measure, ...] = ()
    conditions: tuple[Condition, ...] = ()
    overdue: tuple[str, ...] = ()

    def measure(self, name: str) -> Measure | None:
        """Return the measure of that name without a subject, or None."""
        return next((m for m in self.measures if m.name == name and not m.subject), None)


class Plan(Part):
    """What the signed release plan allows when the model may not speak."""

    signed: str | None = None
    fallback: str | None = None
    fallback_inputs: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()


class Verdict(Record):
    """The answer to "should we continue using this model today?"."""

    kind: ClassVar[str] = "verdict"

    model: str
    version: str
    stage: str
    risk_level: RiskLevel
    at: When
    answer: Answer
    drift: Drift
    severity: Severity
    because: str
    action: str
    owner: str
    changes: tuple[str, ...]
    evidence: tuple[str, ...]
    findings: tuple[str, ...] = ()
    delivers: Literal["model", "fallback", "no_score"] = "model"
    fallback: str | None = None
    sites: tuple[str, ...] = ()
    expires_at: When

    def holds(self, at: Instant) -> bool:
        """Return whether it is the answer of an instant, neither expired nor from after it."""
        return self.at <= at < self.expires_at

    def why_now(self, at: Instant) -> str:
        """Return why the answer of an instant is what it is; an expired reason is none."""
        if self.holds(at):
            return self.because
        if at < self.at:
            return "The newest verdict is from after now: one of two clocks is wrong."
        return (
            f"No verdict since {self.at:%Y-%m-%d}; nobody has looked. The newest verdict was "
            f"“{self.answer}”; it held until {self.expires_at:%Y-%m-%d %H:%M} UTC."
        )

    def to_do_now(self, at: Instant) -> str:
        """Return what is to be done at an instant: what the verdict says, or to look again."""
        if self.holds(at):
            return self.action
        if at < self.at:
            return "Mend the clock."
        return "Run the monitors: `attending run-due`, or `attending monitor run`."


def standing(verdict: Verdict | None, at: Instant, *, risk_level: RiskLevel) -> Answer:
    """Return the answer that holds at an instant; without a valid verdict it is never continue.

    An expired verdict restricts, then falls back: at once at high risk, after one more length of
    validity at medium risk, after two at low risk. A verdict from the future proves a wrong
    clock and counts as none.
    """
    if verdict is None or at < verdict.at:
        return "fallback"
    if at < verdict.expires_at:
        return verdict.answer
    grace = verdict.expires_at - verdict.at
    lengths = {"high": 0, "medium": 1, "low": 2}[risk_level]
    in_grace = at < verdict.expires_at + lengths * grace
    return strictest(verdict.answer, "restrict" if in_grace else "fallback")


def strictest(*answers: Answer) -> Answer:
    """Return the strictest of some answers.

    >>> strictest("watch", "restrict", "continue")
    'restrict'
    """
    return max(answers, key=ANSWERS.index)


class Delay(GrownPart):
    """How soon a planted shift was seen and named, over all its runs.

    `figure` is what its size means, `site` where it was planted (empty: everywhere);
    `median_outcomes` counts outcomes that matured before it was seen, and `also_right` are drift
    types that are a right answer beside the expected one.
    """

    shift: str
    expected: Drift
    runs: int
    detected: int
    named_right: int
    median_days: float | None = None
    p95_days: float | None = None
    size: str = ""
    figure: float | None = None
    site: str = ""
    median_outcomes: float | None = None
    also_right: tuple[Drift, ...] = ()


class Stub(Part):
    """What a policy does with large shifts: the share that it sees, and that it names rightly."""

    policy: str
    false_alarms_per_year: float
    seen: float
    named_right: float


class SimulationReport(GrownPart, Record):
    """What the policy does in quiet years and under planted shifts."""

    kind: ClassVar[str] = "monitor_simulation"

    spec: str
    reference: str
    seed: int
    years: int
    days_per_year: int
    predictions_per_day: float
    wrong_stops: int
    rate: float
    low: float
    high: float
    watches_per_year: float
    acts_per_year: float
    shifts: tuple[Delay, ...]
    actionable_per_year: float | None = None
    informational_per_year: float | None = None
    stubs: tuple[Stub, ...] = ()
