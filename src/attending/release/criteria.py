"""Rollback criteria, judged by the machine: what was measured against the signed bound."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attending.specs.release import RollbackCriterion
    from attending.types import Floats

State: TypeAlias = Literal["holds", "breached", "not_shown"]
#: Fewer of what a measure counts than this show nothing.
_FEWEST = {
    "latency_p99_seconds": 100,
    "unscored_rate": 50,
    "alert_rate": 100,
    "override_rate": 30,
    "confusion_rate": 30,
}
#: Fewer matured outcomes, or fewer expected events, show nothing of calibration.
_FEWEST_MATURED, _FEWEST_EXPECTED = 100, 5.0


@dataclass(frozen=True)
class Window:
    """What happened in one length of time up to now.

    Attributes:
        scored, unscored: predictions with a score of the model, and without.
        alerted: of the scored, at or above the threshold.
        latency_seconds: of requests that were answered.
        answered, overridden: alerts that a reader answered, and set aside.
        confused: of the overridden, those set aside as not understood.
        drifted: findings of drift that ask for an act, in the newest monitor report; None without
            a report in that time.
        risk, label: of the scored whose outcome is mature; shape (n,) each.
    """

    scored: int = 0
    unscored: int = 0
    alerted: int = 0
    latency_seconds: Floats = field(default_factory=lambda: np.empty(0))
    answered: int = 0
    overridden: int = 0
    confused: int = 0
    drifted: int | None = None
    risk: Floats = field(default_factory=lambda: np.empty(0))
    label: Floats = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True)
class Judged:
    """One criterion and how it stands; `value` is None where nothing is shown."""

    measure: str
    state: State
    value: float | None
    n: int
    bound: str
    over: int

    @property
    def words(self) -> str:
        """Return it as one line.

        >>> Judged("alert_rate", "breached", 0.5, 200, "above 0.4", 1).words
        'alert_rate 0.5 is above 0.4 (n=200)'
        """
        if self.value is None:
            return f"{self.measure}: not shown yet (n={self.n})"
        held = "is" if self.state == "breached" else "is not"
        return f"{self.measure} {self.value:.3g} {held} {self.bound} (n={self.n})"


def _share(part: int, whole: int) -> tuple[float | None, int]:
    return (part / whole if whole else None), whole


def _latency(found: Window) -> tuple[float | None, int]:
    n = len(found.latency_seconds)
    return (float(np.quantile(found.latency_seconds, 0.99)) if n else None), n


def _oe(found: Window) -> tuple[float | None, int]:
    expected = float(found.risk.sum())
    n = len(found.risk)
    shown = n >= _FEWEST_MATURED and expected >= _FEWEST_EXPECTED
    return (float(found.label.sum()) / expected if shown else None), n


def _drift(found: Window) -> tuple[float | None, int]:
    return (None, 0) if found.drifted is None else (float(found.drifted), 1)


MEASURES: Mapping[str, Callable[[Window], tuple[float | None, int]]] = {
    "latency_p99_seconds": _latency,
    "unscored_rate": lambda found: _share(found.unscored, found.scored + found.unscored),
    "alert_rate": lambda found: _share(found.alerted, found.scored),
    "override_rate": lambda found: _share(found.overridden, found.answered),
    "confusion_rate": lambda found: _share(found.confused, found.answered),
    "drift_findings": _drift,
    "oe": _oe,
}


def judge(criterion: RollbackCriterion, found: Window) -> Judged:
    """Return how one criterion stands; too little is *not shown*, never *holds*.

    Args:
        criterion: of the signed plan.
        found: what happened in its length of time.

    >>> from attending.specs.release import RollbackCriterion
    >>> asked = RollbackCriterion(measure="alert_rate", above=0.4, over="7d")
    >>> judge(asked, Window(scored=200, alerted=100)).state, judge(asked, Window()).state
    ('breached', 'not_shown')
    """
    value, n = MEASURES[criterion.measure](found)
    if n < _FEWEST.get(criterion.measure, 0):
        value = None
    above, below = criterion.above, criterion.below
    bound = f"above {above:g}" if above is not None else f"below {below:g}"
    over = (above is not None and value is not None and value > above) or (
        below is not None and value is not None and value < below
    )
    state: State = "not_shown" if value is None else "breached" if over else "holds"
    return Judged(criterion.measure, state, value, n, bound, criterion.over)
