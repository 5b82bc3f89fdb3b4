"""What moved inputs do to the score: the newest patients scored as they are and as they were.

Each moved feature is put back to the distribution of the reference, patient by patient in the
same order, and the model scores both tables. All else is equal, so the difference is the drift's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.monitor.causes import INPUTS
from attending.records.monitoring import Effect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from attending.records.monitoring import FeatureReference, Finding, Reference
    from attending.types import Floats, Risks

#: What is drawn (who of the missing would have had a value, and which) is drawn alike every time.
_SEED = 20_260_101
#: A change under half a percentage point is no change that a ward would see.
_SEEN = 0.005
#: Above this rank agreement hardly any two patients change places.
_SAME_ORDER = 0.98


def with_effect(
    one: Finding, held: Reference, x: Floats, *, risk_of: Callable[[Floats], Risks]
) -> Finding:
    """Return a finding about inputs with what it does to the score; any other as it is.

    Args:
        one: the finding.
        held: the reference that it was found against.
        x: shape (n, k), the newest rows, columns as the reference's features.
        risk_of: the model.
    """
    names = [feature.name for feature in held.features]
    asked = names if one.subject == "inputs" else one.subjects
    moved = [at for at, name in enumerate(names) if name in asked]
    if one.name not in INPUTS or not moved or len(x) < 2:
        return one
    found = effect(held, x, moved, risk_of=risk_of)
    return one.model_copy(update={"effect": found, "meaning": f"{one.meaning} {in_words(found)}"})


def effect(
    held: Reference, x: Floats, moved: Iterable[int], *, risk_of: Callable[[Floats], Risks]
) -> Effect:
    """Return what the moved columns change in risks, alerts and the order of patients.

    Changes are now minus as it was. The rank agreement is Kendall's tau-b between both scores: 1
    when nobody changes places, 0 when the order is lost.
    """
    from scipy.stats import kendalltau  # slow to import, and most verbs do without

    before = x.copy()
    for at in moved:
        before[:, at] = as_it_was(held.features[at], x[:, at])
    now, then = risk_of(x), risk_of(before)
    alerts = None
    if held.threshold is not None:
        alerts = float((now >= held.threshold).mean() - (then >= held.threshold).mean())
    tau = float(kendalltau(now, then).statistic)
    return Effect(
        n=len(x),
        mean_risk_change=float(now.mean() - then.mean()),
        alert_rate_change=alerts,
        rank_agreement=None if np.isnan(tau) else tau,
    )


def as_it_was(one: FeatureReference, values: Floats) -> Floats:
    """Return a feature's values put back to the reference, each patient keeping the rank.

    Values go from the deciles of now to those of the reference, and what lies between or beyond
    them is scaled by the spread. As many are missing as were.
    """
    rng = np.random.default_rng(_SEED)
    there = ~np.isnan(values)
    back = values.copy()
    if len(one.quantiles) == 0:
        return np.full(len(values), np.nan)
    then = np.array(one.quantiles)
    levels = np.arange(1, len(then) + 1) / (len(then) + 1)
    if there.any():
        back[there] = _mapped(values[there], then, levels)
    excess = round(len(values) * ((~there).mean() - one.missing_rate))
    if excess > 0:
        filled = rng.choice(np.flatnonzero(~there), excess, replace=False)
        back[filled] = np.interp(rng.random(excess), levels, then)
    elif excess < 0:
        back[rng.choice(np.flatnonzero(there), -excess, replace=False)] = np.nan
    return back


def _mapped(values: Floats, then: Floats, levels: Floats) -> Floats:
    """Return values at their ranks among the reference's deciles; no drift leaves them alone."""
    from scipy.stats import rankdata  # slow to import, and most verbs do without

    now = np.quantile(values, levels)
    spread = now[-1] - now[0]
    ratio = (then[-1] - then[0]) / spread if spread > 0 else 1.0
    rank = (rankdata(values) - 0.5) / len(values)
    rest = values - np.interp(rank, levels, now)
    mapped: Floats = np.interp(rank, levels, then) + rest * ratio
    return mapped


def in_words(found: Effect) -> str:
    """Return the effect as one sentence that a clinician can weigh.

    >>> in_words(Effect(n=200, mean_risk_change=0.04, alert_rate_change=0.0, rank_agreement=1.0))
    'For the newest 200 patients: risks are 4.0 points of 100 higher on average, as many patients \
are alerted, and patients keep their order.'
    """
    parts = [_risks(found.mean_risk_change)]
    if found.alert_rate_change is not None:
        parts.append(_alerts(found.alert_rate_change))
    parts.append(_order(found.rank_agreement))
    return f"For the newest {found.n} patients: {', '.join(parts[:-1])}, and {parts[-1]}."


def _risks(change: float) -> str:
    if abs(change) < _SEEN:
        return "risks are the same on average"
    side = "higher" if change > 0 else "lower"
    return f"risks are {abs(change) * 100:.1f} points of 100 {side} on average"


def _alerts(change: float) -> str:
    if abs(change) < _SEEN:
        return "as many patients are alerted"
    return (
        f"{abs(change) * 100:.1f} of 100 patients {'more' if change > 0 else 'fewer'} are alerted"
    )


def _order(agreement: float | None) -> str:
    if agreement is None:
        return "the order of patients is not shown, for all have one risk"
    if agreement >= _SAME_ORDER:
        return "patients keep their order"
    return f"patients change places (rank agreement {agreement:.2f} of 1)"
