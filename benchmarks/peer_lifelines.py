"""The cumulative incidence and the share not lost that lifelines gives, frozen into the tests.

Aalen and Johansen's estimate of the event, others competing, is the share with the event that
weights by the inverse probability of being followed must give: the same figure by another way.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
from lifelines import AalenJohansenFitter, KaplanMeierFitter

HORIZON = 30.0
ROWS = 120


def main() -> None:
    """Write times, how each ended, and what lifelines makes of them."""
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(30)
    event, other, loss = (rng.exponential(mean, ROWS) for mean in (60.0, 90.0, 50.0))
    time = np.round(np.minimum(np.minimum(np.minimum(event, other), loss), HORIZON), 6)
    kinds = np.select(
        [event <= time + 1e-6, other <= time + 1e-6, loss <= time + 1e-6], [1, 2, 0], 3
    )
    made = {
        "horizon": HORIZON,
        "time": time.tolist(),
        # 1 the event, 2 another one first, 0 lost, 3 followed to the horizon without any
        "ended": kinds.tolist(),
        "incidence": _incidence(time, kinds),
        "alone": _incidence(time, np.where(kinds == 2, 0, kinds)),
        "not_lost": _not_lost(time, kinds),
    }
    Path(sys.argv[1]).write_text(json.dumps(made) + "\n", encoding="utf-8")


def _incidence(time: np.ndarray, kinds: np.ndarray) -> float:
    found = AalenJohansenFitter(calculate_variance=False)
    found.fit(time, np.where(kinds == 3, 0, kinds), event_of_interest=1)
    return float(found.cumulative_density_.iloc[-1, 0])


def _not_lost(time: np.ndarray, kinds: np.ndarray) -> list[float]:
    """Return Kaplan and Meier's share not lost, just before each time."""
    fitted = KaplanMeierFitter().fit(time, kinds == 0)
    return [float(fitted.survival_function_at_times(at - 1e-9).iloc[0]) for at in time]


if __name__ == "__main__":
    main()
