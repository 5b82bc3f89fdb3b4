"""How the score was used since go-live, quarter by quarter: alerts, answers, and how soon."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from attending.records.after_go_live import Quarter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attending.types import Instant


class Seen(NamedTuple):
    """One prediction that people saw: when, whether it alerted, and the first answer to it.

    `answer` is empty where nobody recorded one; `hours` is from the prediction to the answer.
    """

    at: Instant
    flagged: bool
    answer: str = ""
    hours: float | None = None


def quarters(seen: Iterable[Seen], *, until: Instant) -> tuple[Quarter, ...]:
    """Return how the score was used in each calendar quarter, oldest first.

    Args:
        seen: the predictions that people saw.
        until: the end of what is known; the last quarter may have fewer days.

    >>> day = datetime(2026, 2, 1, tzinfo=UTC)
    >>> alert = Seen(day, True, "acknowledged", 2.0)
    >>> found = quarters([alert, Seen(day, False)], until=datetime(2026, 3, 3, tzinfo=UTC))[0]
    >>> found.quarter, found.alerts, found.acknowledged, found.days
    ('2026-Q1', 1, 1.0, 30)
    """
    made: dict[tuple[int, int], list[Seen]] = defaultdict(list)
    for one in seen:
        made[one.at.year, (one.at.month - 1) // 3].append(one)
    return tuple(_quarter(key, some, until=until) for key, some in sorted(made.items()))


def _quarter(key: tuple[int, int], some: Sequence[Seen], *, until: Instant) -> Quarter:
    year, at = key
    following = datetime(year + (at == 3), (3 * at + 3) % 12 + 1, 1, tzinfo=UTC)
    end = min(following, until)
    begin = min(one.at for one in some).replace(hour=0, minute=0, second=0, microsecond=0)
    alerts = [one for one in some if one.flagged]
    answered = [one for one in alerts if one.answer]
    hours = [one.hours for one in answered if one.hours is not None]
    told = bool(answered)
    return Quarter(
        quarter=f"{year}-Q{at + 1}",
        days=max(-(-(end - begin) // timedelta(days=1)), 1),
        predictions=len(some),
        alerts=len(alerts),
        acknowledged=len(answered) / len(alerts) if told else None,
        overridden=sum(one.answer == "overridden" for one in alerts) / len(alerts)
        if told
        else None,
        hours_to_answer=round(median(hours), 2) if hours else None,
    )
