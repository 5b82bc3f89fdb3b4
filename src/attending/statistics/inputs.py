"""What goes into a measure, checked: outcomes 0 or 1, risks 0 to 1, equal lengths, no NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from attending.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.types import Floats, Ints, Mask, Outcomes

#: Anything that numpy reads as one column of numbers.
Column: TypeAlias = "Sequence[float] | Floats | Ints | Outcomes"

#: Risks are kept this far from 0 and 1 before a logit is taken (log loss has its own clip).
CLIP = 1e-6


class TooFewOutcomes(BadInput):
    """There are no events, or no non-events, and the measure needs both."""

    default_code = "statistics.too_few_outcomes"


def scored(outcome: Column, score: Column, *, both: bool = True) -> tuple[Floats, Floats]:
    """Return outcomes and scores as float64 columns of one length.

    Args:
        outcome: shape (n,), 0 or 1.
        score: shape (n,), any finite number.
        both: whether one event and one non-event are needed.

    Raises:
        BadInput: unequal lengths, none, outcomes other than 0 or 1, or a score that is not finite.
        TooFewOutcomes: no event or no non-event, where both are needed.

    >>> scored([1, 0], [3, 5])[1].tolist()
    [3.0, 5.0]
    >>> scored([1, 1], [3, 5])
    Traceback (most recent call last):
    ...
    attending.statistics.inputs.TooFewOutcomes: got 2 events among 2 rows, expected both outcomes
    Widen the period or the group.
    """
    y = np.asarray(outcome, dtype=np.float64)
    x = np.asarray(score, dtype=np.float64)
    if y.ndim != 1 or y.shape != x.shape or y.size == 0:
        raise BadInput(
            f"got outcomes of shape {y.shape} and scores of shape {x.shape}, "
            "expected two columns of one length above 0",
            code="statistics.lengths",
        )
    wrong = int(np.count_nonzero((y != 0) & (y != 1)))
    if wrong:
        raise BadInput(f"got {wrong} outcomes that are not 0 or 1", code="statistics.outcome")
    unknown = int(np.count_nonzero(~np.isfinite(x)))
    if unknown:
        raise BadInput(
            f"got {unknown} scores that are not finite",
            code="statistics.score",
            hint="Leave rows without a score out and count them.",
        )
    events = int(y.sum())
    if both and events in {0, y.size}:
        raise TooFewOutcomes(
            f"got {events} events among {y.size} rows, expected both outcomes",
            hint="Widen the period or the group.",
        )
    return y, x


def predicted(outcome: Column, risk: Column, *, both: bool = False) -> tuple[Floats, Floats]:
    """Return outcomes and probabilities as float64 columns of one length.

    Raises:
        BadInput: as for `scored`, or a risk outside 0 to 1.

    >>> predicted([1, 0], [30, 0.5])
    Traceback (most recent call last):
    ...
    attending.errors.BadInput: got 1 risks outside 0 to 1
    Recalibrate the score first; `30` may be a percentage.
    """
    y, p = scored(outcome, risk, both=both)
    wrong = int(np.count_nonzero((p < 0) | (p > 1)))
    if wrong:
        raise BadInput(
            f"got {wrong} risks outside 0 to 1",
            code="statistics.risk",
            hint="Recalibrate the score first; `30` may be a percentage.",
        )
    return y, p


def check_threshold(threshold: float) -> float:
    """Return the threshold when it lies strictly between 0 and 1.

    Raises:
        BadInput: it does not.

    >>> check_threshold(0.2)
    0.2
    """
    if not 0.0 < threshold < 1.0:
        raise BadInput(
            f"got threshold {threshold}, expected a risk above 0 and below 1",
            code="statistics.threshold",
        )
    return float(threshold)


def logit(risk: Floats, *, clip: float = CLIP) -> Floats:
    """Return ln(p / (1 - p)) after clipping p.

    >>> logit(np.array([0.5, 1.0])).round(4).tolist()
    [0.0, 13.8155]
    """
    kept = np.clip(risk, clip, 1.0 - clip)
    return np.asarray(np.log(kept) - np.log1p(-kept), dtype=np.float64)


def clipped(risk: Floats, *, clip: float = CLIP) -> int:
    """Return how many risks the clip of a logit moves."""
    moved: Mask = (risk < clip) | (risk > 1.0 - clip)
    return int(np.count_nonzero(moved))
