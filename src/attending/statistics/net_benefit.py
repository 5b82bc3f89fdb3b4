"""Net benefit and decision curves: whether acting on the model beats acting on all or on none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.statistics.inputs import check_threshold, predicted
from attending.statistics.measure import Measure, register
from attending.statistics.threshold_metrics import counts_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.statistics.inputs import Column

_REFERENCE = "Vickers & Elkin, Med Decis Making 2006;26:565"


class DecisionPoint(NamedTuple):
    """One threshold of a decision curve; treating none has a net benefit of 0."""

    threshold: float
    model: float
    treat_all: float
    avoided_per_100: float


def odds_of(threshold: float) -> float:
    """Return t / (1 - t): how many false alarms one found event is worth.

    >>> odds_of(0.2)
    0.25
    """
    return threshold / (1.0 - check_threshold(threshold))


def net_benefit(outcome: Column, risk: Column, *, threshold: float) -> float:
    """Return the net benefit of treating everyone whose risk is at least `threshold`.

    Args:
        outcome: shape (n,), 0 or 1; censored patients already left out.
        risk: shape (n,), predicted probability, 0 to 1.
        threshold: 0 < threshold < 1; above which the team would act.

    References:
        Vickers & Elkin, Med Decis Making 2006;26:565.

    >>> net_benefit([1, 0, 0, 1], [0.9, 0.2, 0.6, 0.7], threshold=0.5)
    0.25
    """
    odds = odds_of(threshold)
    found = counts_at(outcome, risk, threshold=threshold)
    return (found.tp - found.fp * odds) / found.rows


def standardised_net_benefit(outcome: Column, risk: Column, *, threshold: float) -> float:
    """Return net benefit over prevalence: 1 is the most there can be.

    >>> standardised_net_benefit([1, 0, 0, 1], [0.9, 0.2, 0.6, 0.7], threshold=0.5)
    0.5
    """
    y, _ = predicted(outcome, risk, both=True)
    return net_benefit(outcome, risk, threshold=threshold) / float(y.mean())


def net_benefit_treat_all(prevalence: float, *, threshold: float) -> float:
    """Return the net benefit of treating everyone.

    >>> round(net_benefit_treat_all(0.5, threshold=0.2), 3)
    0.375
    """
    return prevalence - (1.0 - prevalence) * odds_of(threshold)


def interventions_avoided(outcome: Column, risk: Column, *, threshold: float) -> float:
    """Return interventions avoided per 100 against treating all, with no event missed for it.

    >>> interventions_avoided([1, 0, 0, 1], [0.9, 0.2, 0.6, 0.7], threshold=0.5)
    25.0
    """
    y, _ = predicted(outcome, risk)
    gained = net_benefit(outcome, risk, threshold=threshold)
    gained -= net_benefit_treat_all(float(y.mean()), threshold=threshold)
    return 100.0 * gained / odds_of(threshold)


def standardised_net_benefit_se(
    sens: float, spec: float, *, prevalence: float, threshold: float, n: int
) -> float:
    """Return the standard error of the standardised net benefit in n rows.

    References:
        Marsh, Janes & Pepe, Biometrics 2020;76:843.

    >>> round(standardised_net_benefit_se(0.6, 0.7, prevalence=0.14, threshold=0.15, n=1107), 3)
    0.051
    """
    weight = (1.0 - prevalence) / prevalence * odds_of(threshold)
    false = 1.0 - spec
    bracket = sens * (1.0 - sens) / prevalence
    bracket += weight**2 * spec * false / (1.0 - prevalence)
    bracket += weight**2 * false**2 / (prevalence * (1.0 - prevalence))
    return math.sqrt(bracket / n)


def decision_thresholds(low: float, high: float, *, step: float) -> list[float]:
    """Return thresholds from low to high, both included, rounded to 12 places.

    Raises:
        BadInput: a step that is not above 0, or a low above the high.

    >>> decision_thresholds(0.1, 0.3, step=0.1)
    [0.1, 0.2, 0.3]
    """
    if step <= 0.0 or low > high:
        raise BadInput(
            f"got {low} to {high} by {step}, expected a rising range and a step above 0",
            code="statistics.threshold",
        )
    count = math.floor((high - low) / step + 1e-9) + 1
    return [round(check_threshold(low + k * step), 12) for k in range(count)]


def decision_curve(
    outcome: Column, risk: Column, *, thresholds: Sequence[float]
) -> list[DecisionPoint]:
    """Return the net benefit of the model and of treating all at each threshold.

    >>> decision_curve([1, 0, 0, 1], [0.9, 0.2, 0.6, 0.7], thresholds=[0.5])
    [DecisionPoint(threshold=0.5, model=0.25, treat_all=0.0, avoided_per_100=25.0)]
    """
    y, p = predicted(outcome, risk)
    order = np.argsort(-p, kind="stable")
    found = np.concatenate([[0.0], np.cumsum(y[order])])
    prevalence = float(y.mean())
    points = []
    for threshold in thresholds:
        odds = odds_of(threshold)
        flagged = int(np.searchsorted(-p[order], -threshold, side="right"))
        tp = float(found[flagged])
        model = (tp - (flagged - tp) * odds) / y.size
        treat_all = net_benefit_treat_all(prevalence, threshold=threshold)
        points.append(DecisionPoint(threshold, model, treat_all, 100 * (model - treat_all) / odds))
    return points


for _name, _label, _compute, _top in (
    ("net_benefit", "Net benefit", net_benefit, 1.0),
    ("standardised_net_benefit", "Standardised net benefit", standardised_net_benefit, 1.0),
    ("interventions_avoided", "Interventions avoided per 100", interventions_avoided, 100.0),
):
    register(
        Measure(
            name=_name,
            label=_label,
            kind="threshold",
            compute=_compute,
            direction="higher",
            reference=_REFERENCE,
            low=None,
            high=_top,
        )
    )
