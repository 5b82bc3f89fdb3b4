"""What a threshold does: sensitivity, specificity, predictive values, NNE and alert rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.statistics.inputs import TooFewOutcomes, check_threshold, predicted
from attending.statistics.measure import Measure, register

if TYPE_CHECKING:
    from attending.statistics.inputs import Column
    from attending.types import Mask

_REFERENCE = "Pepe, The Statistical Evaluation of Medical Tests, 2003"


class Counts(NamedTuple):
    """Rows by outcome and flag. A row is flagged when its risk is at least the threshold."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def flagged(self) -> int:
        """Return how many rows are flagged."""
        return self.tp + self.fp

    @property
    def rows(self) -> int:
        """Return how many rows there are."""
        return self.tp + self.fp + self.fn + self.tn


def counts_at(outcome: Column, risk: Column, *, threshold: float) -> Counts:
    """Return the four counts at a threshold; a risk equal to it is flagged.

    >>> counts_at([1, 0, 1, 0], [0.5, 0.5, 0.4, 0.1], threshold=0.5)
    Counts(tp=1, fp=1, fn=1, tn=1)
    """
    y, p = predicted(outcome, risk)
    return counts_of_flags(y, p >= threshold)


def counts_of_flags(outcome: Column, flag: Mask) -> Counts:
    """Return the four counts of any flag, such as a raw score above a cut.

    >>> counts_of_flags([1, 0, 1, 0], np.array([True, True, False, False]))
    Counts(tp=1, fp=1, fn=1, tn=1)
    """
    y = np.asarray(outcome, dtype=np.float64)
    tp = int(np.count_nonzero(flag & (y == 1)))
    flagged, events = int(np.count_nonzero(flag)), int(y.sum())
    return Counts(tp, flagged - tp, events - tp, y.size - flagged - events + tp)


def sensitivity(outcome: Column, risk: Column, *, threshold: float) -> float:
    """Return the share of events that are flagged.

    >>> sensitivity([1, 0, 1, 0], [0.9, 0.8, 0.4, 0.1], threshold=0.5)
    0.5
    """
    found = counts_at(outcome, risk, threshold=check_threshold(threshold))
    return _share(found.tp, found.tp + found.fn, "events")


def specificity(outcome: Column, risk: Column, *, threshold: float) -> float:
    """Return the share of non-events that are not flagged.

    >>> specificity([1, 0, 1, 0], [0.9, 0.8, 0.4, 0.1], threshold=0.5)
    0.5
    """
    found = counts_at(outcome, risk, threshold=check_threshold(threshold))
    return _share(found.tn, found.tn + found.fp, "non-events")


def ppv(outcome: Column, risk: Column, *, threshold: float) -> float:
    """Return the share of flagged rows that are events; the unit is one prediction.

    >>> ppv([1, 0, 1, 0], [0.9, 0.8, 0.6, 0.1], threshold=0.7)
    0.5
    """
    found = counts_at(outcome, risk, threshold=check_threshold(threshold))
    return _share(found.tp, found.flagged, "flagged rows")


def npv(outcome: Column, risk: Column, *, threshold: float) -> float:
    """Return the share of unflagged rows that are non-events.

    >>> npv([1, 0, 1, 0], [0.9, 0.8, 0.4, 0.1], threshold=0.5)
    0.5
    """
    found = counts_at(outcome, risk, threshold=check_threshold(threshold))
    return _share(found.tn, found.tn + found.fn, "rows that are not flagged")


def nne(outcome: Column, risk: Column, *, threshold: float) -> float:
    """Return the number needed to evaluate: flagged rows for each event among them.

    Raises:
        TooFewOutcomes: no event is flagged.

    >>> nne([1, 0, 1, 0], [0.9, 0.8, 0.4, 0.1], threshold=0.5)
    2.0
    """
    found = counts_at(outcome, risk, threshold=check_threshold(threshold))
    if found.tp == 0:
        raise TooFewOutcomes("got no flagged event: the number needed to evaluate is not defined")
    return found.flagged / found.tp


def alert_rate(outcome: Column, risk: Column, *, threshold: float) -> float:
    """Return the share of rows that are flagged.

    >>> alert_rate([1, 0, 1, 0], [0.9, 0.8, 0.4, 0.1], threshold=0.5)
    0.5
    """
    found = counts_at(outcome, risk, threshold=check_threshold(threshold))
    return found.flagged / found.rows


def _share(part: int, whole: int, of_what: str) -> float:
    """Return part / whole.

    Raises:
        TooFewOutcomes: the whole is empty.
    """
    if whole == 0:
        raise TooFewOutcomes(f"got no {of_what}: the share is not defined")
    return part / whole


def check_capacity(per_day: float) -> float:
    """Return the capacity when it is above 0.

    Raises:
        BadInput: it is not.
    """
    if not per_day > 0.0:
        raise BadInput(
            f"got a capacity of {per_day}, expected more than 0", code="statistics.capacity"
        )
    return float(per_day)


for _name, _label, _compute, _direction, _high in (
    ("sensitivity", "Sensitivity", sensitivity, "higher", 1.0),
    ("specificity", "Specificity", specificity, "higher", 1.0),
    ("ppv", "Positive predictive value", ppv, "higher", 1.0),
    ("npv", "Negative predictive value", npv, "higher", 1.0),
    ("nne", "Number needed to evaluate", nne, "lower", None),
    ("alert_rate", "Alert rate", alert_rate, "lower", 1.0),
):
    register(
        Measure(
            name=_name,
            label=_label,
            kind="threshold",
            compute=_compute,
            direction="higher" if _direction == "higher" else "lower",
            reference=_REFERENCE,
            low=1.0 if _name == "nne" else 0.0,
            high=_high,
        )
    )
