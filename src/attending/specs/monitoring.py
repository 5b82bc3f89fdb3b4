"""What a team asks of monitoring (`monitoring.yaml`), fixed before the first live day.

A number under `data` is a floor on the size of an effect. Beside it stands a test, so that a small
window never alarms by chance and a large one never alarms over nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from attending.specs.base import Length, Spec
from attending.specs.change_control import (
    FITTED_AGAIN,
    REMEDIES,
    RemedyName,
    Retraining,
    Review,
    Words,
)
from attending.specs.followed import Followed  # noqa: TC001 - pydantic reads it

Share: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]
Positive: TypeAlias = Annotated[float, Field(gt=0.0)]
DriftName: TypeAlias = Literal["data", "concept", "workflow", "unknown"]
SeverityName: TypeAlias = Literal["info", "watch", "act", "stop"]
AnswerName: TypeAlias = Literal["continue", "watch", "freeze", "restrict", "fallback", "stop"]

#: Measures that a trust condition may name; `monitor.run` computes them.
MEASURES = (
    "oe",
    "oe_e_value",
    "auroc",
    "auroc_drop",
    "auroc_estimated",
    "multivariate",
    "calibration_in_the_large",
    "score_psi",
    "mean_risk_change",
    "alert_rate",
    "alert_rate_ratio",
    "missing_share",
    "volume_ratio",
    "refused_share",
    "no_score_share",
    "acknowledged_share",
    "override_share",
)

_DAY = 24 * 3600 * 1_000_000


class DataMonitor(Spec):
    """Floors for the inputs, the scores and the volume.

    They are looked at twice: over the sliding `window`, and over the newest `minimum_rows`, so
    that a sudden fault is seen before it fills the window. A feature whose share of the model's
    contributions is under `weight_matters` is watched but never acted on alone.
    `chance` is the probability, over all features and looks of a year, that a test alone
    passes by chance; it is divided among them. `multivariate_watch` is the AUROC with which a small
    model tells patients of now from those of the validation.
    """

    window: Length = 28 * _DAY
    minimum_rows: Annotated[int, Field(ge=50)] = 200
    weight_matters: Share = 0.02
    psi_watch: Positive = 0.10
    psi_act: Positive = 0.25
    missing_watch: Share = 0.05
    missing_act: Share = 0.20
    missing_stop: Share = 0.60
    scale_factor: Annotated[float, Field(gt=1.0)] = 1.5
    mixed_share: Annotated[float, Field(gt=0.0, le=0.5)] = 0.02
    score_psi_watch: Positive = 0.10
    score_psi_act: Positive = 0.25
    mean_risk_act: Share = 0.10
    volume_watch: Share = 0.5
    volume_act: Share = 0.2
    multivariate_watch: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.65
    group_at: Annotated[int, Field(ge=2)] = 2
    chance: Annotated[float, Field(gt=0.0, lt=0.1)] = 0.001

    @model_validator(mode="after")
    def _floors_rise(self) -> DataMonitor:
        pairs = (
            (self.psi_watch, self.psi_act, "psi"),
            (self.missing_watch, self.missing_act, "missing"),
            (self.missing_act, self.missing_stop, "missing"),
            (self.score_psi_watch, self.score_psi_act, "score_psi"),
            (self.volume_act, self.volume_watch, "volume"),
        )
        for low, high, name in pairs:
            if not low < high:
                raise ValueError(f"the floors of {name} must rise with severity")
        return self


class ConceptMonitor(Spec):
    """Bounds on the outcomes, looked at daily without inflating the error rate.

    `tolerance` is the odds ratio between observed and predicted that is still acceptable;
    `detect` the odds ratios that the sequence looks for; `alpha` the chance of a wrong stop over
    the whole life of a deployment (Ville's inequality).
    """

    window: Length = 90 * _DAY
    minimum_events: Annotated[int, Field(ge=5)] = 50
    oe_low: Positive = 0.8
    oe_high: Positive = 1.25
    tolerance: Annotated[float, Field(ge=1.0)] = 1.15
    detect: Annotated[tuple[Annotated[float, Field(gt=1.0)], ...], Field(min_length=1)] = (
        1.4,
        1.8,
        2.5,
    )
    restart: Length = 30 * _DAY
    alpha: Annotated[float, Field(gt=0.0, le=0.05)] = 0.005
    watch_alpha: Annotated[float, Field(gt=0.0, le=0.5)] = 0.05
    auroc_drop: Share = 0.05

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> ConceptMonitor:
        if not self.oe_low < 1.0 < self.oe_high:
            raise ValueError("oe_low lies under 1 and oe_high above it")
        if min(self.detect) <= self.tolerance:
            raise ValueError("what is to be detected lies above the tolerance")
        if self.alpha >= self.watch_alpha:
            raise ValueError("alpha is smaller than watch_alpha")
        return self


class WorkflowMonitor(Spec):
    """Bounds on how the score is used; `alert_ratio` is current over reference, either way.

    `late_watch` and `late_act` are shares of scores that came after the plan's action window.
    """

    alert_ratio_watch: Annotated[float, Field(gt=1.0)] = 1.5
    alert_ratio_act: Annotated[float, Field(gt=1.0)] = 2.0
    refused_share: Share = 0.10
    refused_act: Share = 0.30
    acknowledged_share: Share = 0.50
    override_share: Share = 0.70
    minimum_alerts: Annotated[int, Field(ge=5)] = 20
    late_watch: Share = 0.05
    late_act: Share = 0.20

    @model_validator(mode="after")
    def _refusals_rise(self) -> WorkflowMonitor:
        if not self.refused_share < self.refused_act:
            raise ValueError("refused_act lies above refused_share")
        if not self.late_watch < self.late_act:
            raise ValueError("late_act lies above late_watch")
        return self


class TrustCondition(Spec):
    """One condition of trust: a measure, its bound, and how severe a breach is."""

    name: Words
    measure: Literal[MEASURES]  # type: ignore[valid-type]  # the tuple above is the one list
    at_least: float | None = None
    at_most: float | None = None
    severity: SeverityName = "act"
    required: bool = False

    @model_validator(mode="after")
    def _has_a_bound(self) -> TrustCondition:
        if self.at_least is None and self.at_most is None:
            raise ValueError("write at_least or at_most")
        return self


class Rung(Spec):
    """One rung of the ladder: what a finding of this drift and severity leads to, and whose it is.

    Drift `any` stands for all that no other rung of that severity names. `remedies` are what may
    be done about it, the lightest first; empty means what `change_control.REMEDIES` names.
    """

    drift: DriftName | Literal["any"] = "any"
    severity: SeverityName
    answer: AnswerName
    action: Words
    owner: Words
    remedies: tuple[RemedyName, ...] = ()

    @model_validator(mode="after")
    def _fits_no_workflow(self) -> Rung:
        if self.drift == "workflow" and FITTED_AGAIN & set(self.remedies):
            raise ValueError("a workflow that drifted is not mended by fitting the model again")
        return self


_LADDER = (
    Rung(
        severity="info",
        answer="continue",
        action="Nothing to do; it is in the report.",
        owner="technical owner",
    ),
    Rung(
        severity="watch",
        answer="watch",
        action="Look at it within the week.",
        owner="technical owner",
    ),
    Rung(
        drift="data",
        severity="act",
        answer="freeze",
        action="Find the cause in the feed; no change to the model until signed.",
        owner="technical owner",
    ),
    Rung(
        drift="data",
        severity="stop",
        answer="fallback",
        action="Use the fallback score; mend the feed.",
        owner="technical owner",
    ),
    Rung(
        drift="concept",
        severity="act",
        answer="freeze",
        action="Review outcomes and calibration; consider recalibration.",
        owner="technical owner",
    ),
    Rung(
        drift="concept",
        severity="stop",
        answer="fallback",
        action="Use the fallback score; recalibrate or rebuild, then validate again.",
        owner="clinical owner",
    ),
    Rung(
        drift="workflow",
        severity="act",
        answer="freeze",
        action="Talk with the wards about how the score is used; do not retrain.",
        owner="clinical owner",
    ),
    Rung(
        drift="workflow",
        severity="stop",
        answer="stop",
        action="Stop the score and start an incident.",
        owner="clinical owner",
    ),
    Rung(
        drift="unknown",
        severity="act",
        answer="restrict",
        action="Keep to the sites that the plan names; find the cause.",
        owner="technical owner",
    ),
    Rung(
        severity="stop",
        answer="fallback",
        action="Use the fallback score; find the cause.",
        owner="technical owner",
    ),
)


class MonitoringSpec(Spec):
    """Everything that is watched, what it leads to, and when people look.

    Attributes:
        capacity: minutes a week that each owner has for reviews.
        followed: what is followed after go-live beside the outcome of the model.
    """

    version: Literal[1] = 1
    risk_level: Literal["low", "medium", "high"]
    expires: Length = 36 * 3600 * 1_000_000
    data: DataMonitor = DataMonitor()
    concept: ConceptMonitor = ConceptMonitor()
    workflow: WorkflowMonitor = WorkflowMonitor()
    trust: tuple[TrustCondition, ...] = ()
    ladder: tuple[Rung, ...] = _LADDER
    retraining: Retraining = Retraining()
    reviews: tuple[Review, ...] = ()
    capacity: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    followed: tuple[Followed, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> MonitoringSpec:
        missing = [s for s in ("info", "watch", "act", "stop") if self._rung("unknown", s) is None]
        if missing:
            raise ValueError(f"the ladder has no rung for severity {', '.join(missing)}")
        listed: tuple[list[str], ...] = (
            [c.name for c in self.trust],
            [r.name for r in self.reviews],
            [f.name for f in self.followed],
        )
        if any(len(set(names)) != len(names) for names in listed):
            raise ValueError("two conditions, reviews or followed measures have one name")
        if self.expires <= 0:
            raise ValueError("a verdict must hold for some time")
        return self._never_quieter()

    def _never_quieter(self) -> MonitoringSpec:
        """Return the spec when what is severe never answers `continue`."""
        for rung in self.ladder:
            if rung.severity in {"act", "stop"} and rung.answer in {"continue", "watch"}:
                raise ValueError(f"severity {rung.severity} may not answer {rung.answer}")
        return self

    def _rung(self, drift: str, severity: str) -> Rung | None:
        same = [rung for rung in self.ladder if rung.severity == severity]
        exact = [rung for rung in same if rung.drift == drift]
        return next(iter(exact + [rung for rung in same if rung.drift == "any"]), None)

    def rung(self, drift: str, severity: str) -> Rung:
        """Return the rung for a drift and a severity; a stricter one when that one is not named.

        >>> MonitoringSpec(risk_level="high").rung("data", "stop").answer
        'fallback'
        """
        order = ("info", "watch", "act", "stop")
        for stricter in order[order.index(severity) :]:
            if (found := self._rung(drift, stricter)) is not None:
                return found
        return self.ladder[-1]

    def remedies(self, drift: str, severity: str) -> tuple[RemedyName, ...]:
        """Return what may be done about a drift of a severity, the lightest first.

        >>> MonitoringSpec(risk_level="high").remedies("concept", "act")
        ('threshold', 'recalibrate', 'feature_review')
        """
        own = self.rung(drift, severity).remedies
        return own or REMEDIES.get((drift, severity), ("monitor",))
