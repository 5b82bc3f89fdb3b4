"""Parts of a validation report that only some plans or data call for, and the figure they share."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from attending.records.base import Part
from attending.records.range import Range

#: What a comparison shows at its confidence level.
Shown: TypeAlias = Literal["better", "worse", "not_shown"]


class Trend(Part):
    """How much a measure changes from the first to the last period, along a fitted line.

    Attributes:
        periods: how many periods have events enough; the line is fitted through these.
        change: for O:E the factor by which it changes; for the AUROC the difference.
    """

    measure: Literal["auroc", "observed_expected"]
    periods: int
    change: Range


class IncrementRow(Part):
    """What the model adds to a baseline: the baseline alone, and both together, cross-fitted.

    Attributes:
        rows: rows on which the baseline has a value; null when suppressed.
        coefficient: of the model's logit beside the baseline's.
        auroc_alone, auroc_both: of fits that did not see the patient.
        auroc_gained: both minus alone, on the same draws.
        brier_gained: how much lower the Brier score is.
        net_benefit_gained: by threshold, as text such as `0.2`, at the risks that the plan names.
        gain, p: twice the log-likelihood gained, and its p-value as if rows were independent.
    """

    baseline: str
    rows: int | None
    coefficient: Range = Range()
    auroc_alone: float | None = None
    auroc_both: float | None = None
    auroc_gained: Range = Range()
    brier_gained: Range = Range()
    net_benefit_gained: dict[str, Range] = Field(default_factory=dict)
    gain: float | None = None
    p: float | None = None


class DecisionsRow(Part):
    """The model beside recorded decisions, at as many alerts and at as many found.

    Attributes:
        at: `equal_alerts` compares sensitivity, `equal_sensitivity` compares the share flagged.
        threshold: the model's risk from which that holds in these rows; held fixed in draws.
        model_value, decision_value: sensitivity, or share flagged.
        difference: model minus decisions.
    """

    baseline: str
    at: Literal["equal_alerts", "equal_sensitivity"]
    rows: int | None
    threshold: float | None = None
    model_value: float | None = None
    decision_value: float | None = None
    difference: Range = Range()
    verdict: Shown = "not_shown"


class WorkloadRow(Part):
    """What the first threshold costs and gains when a stay may not alert again for a while.

    Attributes:
        snooze: such as `24h`; `0d` is none.
        per_clinician_shift: alerts that one clinician gets in one shift.
        patient_days_are: `given`, or `days with a prediction` of a patient.
        first_alert_rate: share of patients with an alert, each counted once.
        nne: alerts for each one that is followed by the event in its horizon.
        events_alerted: share of events with an alert before.
        lead_hours: median from the first true alert to the event, with its quarters.
    """

    snooze: str
    alerts: int | None
    alerts_per_day: float | None
    per_clinician_shift: float | None
    per_100_patient_days: float | None
    patient_days_are: Literal["given", "days with a prediction", "not known"]
    first_alert_rate: float | None
    nne: float | None
    events_alerted: float | None = None
    lead_hours: Range = Range()


class PlacePoint(Part):
    """One threshold of a place's trade-off: what it finds and what it costs."""

    threshold: float
    sensitivity: float
    ppv: float
    alerts_per_day: float | None
    alerts_per_100: float


class PlaceRow(Part):
    """The threshold of one unit or site, from its capacity and from what a false alert costs.

    Attributes:
        by_capacity: the lowest risk at which its alerts stay within what it can act on.
        by_harm: the risk below which acting does more harm than good.
        threshold: the higher of the two; null with too few events to look at it.
        bound_by: which of the two it is.
        action, instead_of: what is done for a flagged patient, and what is done today.
        curve: the trade-off, without points that would tell a small count.
    """

    place: str
    n: int | None
    events: int | None
    status: Literal["ok", "insufficient"]
    rule: str
    capacity: float
    false_alerts_per_event: float
    by_capacity: float | None = None
    by_harm: float
    threshold: float | None = None
    bound_by: Literal["", "capacity", "harm"] = ""
    sensitivity: Range = Range()
    ppv: Range = Range()
    alerts_per_day: float | None = None
    busy_day: float | None = None
    alerts_per_100: float | None = None
    nne: float | None = None
    net_benefit: float | None = None
    action: str
    instead_of: str
    curve: tuple[PlacePoint, ...] = ()


class SiteRow(Part):
    """The model at one site.

    Attributes:
        held_out: whether no row of the site was fitted on.
        slope: calibration slope at the site.
    """

    site: str
    held_out: bool
    n: int | None
    events: int | None
    status: Literal["ok", "insufficient"]
    auroc: Range = Range()
    observed_expected: Range = Range()
    slope: Range = Range()
    brier: Range = Range()
    net_benefit: Range = Range()


class SiteSpread(Part):
    """How much a figure differs between sites beyond chance.

    Attributes:
        pooled: mean over sites with its 95 % interval, random effects.
        new_site: where a further site's figure would lie in 95 of 100 cases; three sites or more.
        i2: share of the variance between sites that is not chance.
    """

    measure: Literal["auroc", "observed_expected"]
    sites: int
    pooled: Range
    new_site: Range
    i2: float
    tau2: float
    p: float


class LossRow(Part):
    """The model when a feature, or all features of a feed, go missing.

    Attributes:
        what: the feature or the feed.
        kind: which of the two.
        rate: share of rows that lose it; null stands for the rate of the site that has it least.
        lost: share of rows in which it was there and is now not.
        auroc_change, alert_ratio: against the model with all of it, on the same rows.
    """

    what: str
    kind: Literal["feature", "feed"]
    rate: float | None
    lost: float | None
    auroc: float | None
    auroc_change: Range
    observed_expected: float | None
    alert_ratio: float | None


class CensoredRow(Part):
    """A measure with censored rows left out, and with them stood for by weights.

    Attributes:
        complete: over rows whose outcome is known.
        weighted: inverse-probability-of-censoring weighted, with its interval over patients.
        censored: how many rows were lost before their outcome could be known; null when few.
    """

    measure: str
    complete: float | None
    weighted: Range
    censored: int | None
