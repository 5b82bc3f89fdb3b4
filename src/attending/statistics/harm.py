"""The risk at which acting does as much good as harm, from what people say a false alert costs."""

from __future__ import annotations

from attending.errors import BadInput


def threshold_of_harm(false_alerts_per_event: float) -> float:
    """Return the risk from which acting is worth it.

    Who accepts k false alerts to find one event gives a false alert 1/k of the weight of a missed
    event; below a risk of 1 / (1 + k) acting does more harm than good.

    Args:
        false_alerts_per_event: how many are accepted for one event found, above 0.

    Raises:
        BadInput: not above 0.

    References:
        Vickers & Elkin, Med Decis Making 2006;26:565.
        Pauker & Kassirer, N Engl J Med 1980;302:1109.

    >>> threshold_of_harm(9)
    0.1
    """
    if not false_alerts_per_event > 0.0:
        raise BadInput(
            f"got {false_alerts_per_event:g} false alerts for an event, expected more than 0",
            code="statistics.harm",
        )
    return 1.0 / (1.0 + false_alerts_per_event)
