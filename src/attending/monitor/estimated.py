"""Performance before labels arrive: what the scores themselves lead one to expect, and its check.

The estimate holds only while the scores mean what they say. So it is held to the outcomes that are
mature already, and says nothing where they speak against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.monitor.figures import area
from attending.monitor.findings import make
from attending.records.monitoring import Measure
from attending.statistics.confidence_based import estimated_auroc
from attending.statistics.special import ndtri

if TYPE_CHECKING:
    from attending.monitor.concept import Matured, Proven
    from attending.monitor.together import Seen
    from attending.records.monitoring import Reference
    from attending.specs.monitoring import MonitoringSpec
    from attending.types import Floats

NAME = "auroc_estimated"
_WEEKS = 52
_EDGE = 1e-6


def estimate(
    spec: MonitoringSpec, held: Reference, risk: Floats, *, recent: Matured, proven: Proven
) -> Seen:
    """Return the AUROC that the newest scores will have, or why nothing can be said.

    Args:
        spec: the policy.
        held: the reference, with the validated AUROC.
        risk: the scores of the window, whose outcomes are not known yet; NaN where there was none.
        recent: mature outcomes of the policy's window, against which the estimate is checked.
        proven: the e-value against calibration so far.
    """
    scores = np.clip(risk[~np.isnan(risk)], _EDGE, 1 - _EDGE)
    if len(scores) < spec.data.minimum_rows:
        why = f"{len(scores)} scores in the window, {spec.data.minimum_rows} are needed"
        return (), (Measure(name=NAME, n=len(scores), state="not_shown", why=why),)
    refused, checked = _check(spec, recent, proven=proven)
    if refused:
        return (), (Measure(name=NAME, n=len(scores), state="not_shown", why=refused),)
    found = estimated_auroc(scores)
    measure = Measure(
        name=NAME, value=found.value, low=found.low, high=found.high, n=len(scores), why=checked
    )
    if held.auroc is None or held.auroc_low is None or held.auroc_high is None:
        return (), (measure,)
    drop = held.auroc - found.value
    error = float(np.hypot((held.auroc_high - held.auroc_low) / 3.92, found.se or 0.0))
    least = -float(ndtri(spec.concept.alpha / _WEEKS)) * error
    if drop < max(spec.concept.auroc_drop, least):
        return (), (measure,)
    finding = make(
        spec,
        ("data", "watch"),
        NAME,
        subject="score",
        figure=(drop, spec.concept.auroc_drop),
        meaning=f"The patients of now are harder to tell apart: AUROC is expected to be "
        f"{found.value:.2f} once outcomes are known, validated {held.auroc:.2f}.",
    )
    return (finding,), (measure,)


def _check(spec: MonitoringSpec, recent: Matured, *, proven: Proven) -> tuple[str, str]:
    """Return why the estimate may not speak, empty when it may, and how far it was checked."""
    if proven.value >= 1 / spec.concept.watch_alpha:
        return "mature outcomes no longer follow the scores, so the scores foretell nothing", ""
    events = int(recent.outcome.sum())
    if events < spec.concept.minimum_events:
        return "", f"estimated, not checked yet: {events} events are mature"
    realised = area(recent.outcome, recent.risk)
    expected = estimated_auroc(np.clip(recent.risk, _EDGE, 1 - _EDGE))
    if realised.value is None:
        return "", f"estimated, not checked: {realised.why}"
    apart = -float(ndtri(spec.concept.alpha / (2 * _WEEKS))) * (expected.se or 0.0)
    if abs(realised.value - expected.value) > apart:
        return (
            (
                f"on {len(recent)} mature outcomes it expects an AUROC of {expected.value:.2f} and "
                f"{realised.value:.2f} came, which chance does not explain"
            ),
            "",
        )
    return "", f"estimated; on {len(recent)} mature outcomes it agrees with what came"
