"""Tell "alerts work" from "the model got worse": alerts change only those whom they reach."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from attending.monitor.sequence import tilt

if TYPE_CHECKING:
    from attending.types import Floats, Mask, Outcomes

#: How far apart the two must be, and how near to 1 the others', in standard errors.
_APART, _NEAR = 2.0, 1.96
#: The longest step of the log-odds, and the farthest that they go.
_STRIDE, _FAR = 2.0, 20.0
_STEPS = 8


def alerts_help(risk: Floats, outcome: Outcomes, flagged: Mask) -> bool:
    """Return whether events are rarer than predicted among the alerted, and only among them.

    Observed over expected of the alerted must lie under that of the others, by two standard errors
    of the difference of their logarithms; that of the others must be compatible with 1, and
    more so than that of all; and within both, events must still follow the risks. A model that got
    worse for everybody moves both; one that ranks worse no longer ranks within them either.

    Args:
        risk: shape (n,), the risks.
        outcome: shape (n,), 0 or 1.
        flagged: shape (n,), who was alerted.

    >>> import numpy as np
    >>> risk = np.repeat([0.5, 0.1], 400)
    >>> alerted = risk > 0.3
    >>> alerts_help(risk, (np.arange(800) % 4 == 0).astype(np.int8) * alerted
    ...             + (np.arange(800) % 10 == 0).astype(np.int8) * ~alerted, alerted)
    True
    >>> alerts_help(risk, (np.arange(800) % 20 == 0).astype(np.int8), alerted)
    False
    """
    risk = np.clip(risk, 1e-6, 1 - 1e-6)
    seen = [float(outcome[some].sum()) for some in (flagged, ~flagged)]
    expected = [float(risk[some].sum()) for some in (flagged, ~flagged)]
    if min(*seen, *expected) <= 0:
        return False
    alerted, others = (log(o / e) for o, e in zip(seen, expected, strict=True))
    apart = (others - alerted) / sqrt(1 / seen[0] + 1 / seen[1])
    untouched = abs(others) * sqrt(seen[1])
    together = -log(sum(seen) / sum(expected)) * sqrt(sum(seen))
    only = alerted < 0 and apart >= _APART and untouched <= min(_NEAR, together)
    return only and _still_ranks(risk, outcome, flagged)


def _still_ranks(risk: Floats, outcome: Outcomes, flagged: Mask) -> bool:
    """Return whether events follow the risks within the alerted and within the others.

    A score test of calibration slope 1 in both, after the mean of each was put right.
    """
    gained, spread = 0.0, 0.0
    for some in (flagged, ~flagged):
        logit = np.log(risk[some] / (1 - risk[some]))
        right = _meeting(risk[some], float(outcome[some].mean()))
        weight = right * (1 - right)
        apart = logit - float(weight @ logit) / float(weight.sum())
        gained += float((outcome[some] - right) @ apart)
        spread += float(weight @ apart**2)
    return spread > 0 and gained / sqrt(spread) >= -_APART


def _meeting(risk: Floats, mean: float) -> Floats:
    """Return risks with odds changed by one factor so that their mean is another."""
    logs = 0.0
    for _ in range(_STEPS):
        now = tilt(risk, exp(logs))
        step = (mean - float(now.mean())) / max(float((now * (1 - now)).mean()), 1e-9)
        # Risks that are all but 0 or 1, as after a change of units, would send it far off.
        logs = min(max(logs + min(max(step, -_STRIDE), _STRIDE), -_FAR), _FAR)
    return tilt(risk, exp(logs))
