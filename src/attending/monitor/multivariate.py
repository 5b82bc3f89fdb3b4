"""Multivariate drift: values that no longer go together, though each alone looks as ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.monitor.findings import make
from attending.records.monitoring import Measure
from attending.statistics.special import ndtri
from attending.statistics.two_sample_classifier import told_apart

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attending.monitor.together import Seen
    from attending.records.monitoring import Reference
    from attending.specs.monitoring import MonitoringSpec

NAME = "multivariate"
#: Rows of a side that are looked at: enough, and quick.
MOST_ROWS = 4000
#: Features that a finding names.
_NAMED = 3


def together_moved(
    spec: MonitoringSpec,
    held: Reference,
    *,
    then: NDArray[np.float64] | None,
    now: NDArray[np.float64],
) -> Seen:
    """Return whether a small model tells the window's patients from those of the validation.

    It is at most a *watch*: it says that patients differ, not that the score suffers.

    Args:
        spec: the policy.
        held: the reference, which names the features.
        then: rows of the validation in the order of its features; None when they are not here.
        now: rows of the window, in the same order.
    """
    few = spec.data.minimum_rows
    if then is None or min(len(then), len(now)) < few:
        why = "the rows of the validation are not here"
        if then is not None:
            why = f"{len(then)} rows then and {len(now)} now, {few} of each are needed"
        return (), (Measure(name=NAME, n=len(now), state="not_shown", why=why),)
    found = told_apart(_some(then), _some(now))
    limit = spec.data.multivariate_watch
    measure = Measure(name=NAME, value=found.auroc, bound=limit, n=len(now))
    sure = found.z > -float(ndtri(spec.data.chance / 365))
    if found.auroc < limit:
        return (), (measure,)
    if not sure:
        why = (
            f"The inputs tell patients of now from those of the validation {found.auroc:.0%} of "
            f"the time (bound {limit:.0%}); no finding, because chance explains as much"
        )
        return (), (measure.model_copy(update={"why": why}),)
    order = np.argsort(-found.weights, kind="stable")[:_NAMED]
    names = tuple(held.features[at].name for at in order.tolist())
    labels = ", ".join(held.features[at].clinical_label or held.features[at].name for at in order)
    finding = make(
        spec,
        ("data", "watch"),
        NAME,
        subject="inputs together",
        figure=(found.auroc, limit),
        meaning=f"Of two patients, one of now and one of the validation, the inputs tell which is "
        f"which {found.auroc:.0%} of the time, most by {labels}; other patients come.",
    )
    return (finding.model_copy(update={"also": names}),), (measure,)


def _some(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows spread evenly over all when there are more than are looked at."""
    if len(rows) <= MOST_ROWS:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.int64)]
