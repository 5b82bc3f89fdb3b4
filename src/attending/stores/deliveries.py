"""What is to be done once, step after step; the newest step is how it stands.

It is an alert in a channel, a message to an owner, or a job of a day. Who takes it up claims it by
the next step; the number of the step lets only one of two come through.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from attending.digests import canonical
from attending.stores.tables import DELIVERIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row, Select

    from attending.stores.database import Database
    from attending.stores.unit import Unit

#: The channel of jobs.
JOB = "job"
#: So many alerts are named in one question.
_AT_ONCE = 500


@dataclass(frozen=True)
class Step:
    """One step of an alert in a channel, or of a job.

    Attributes:
        state: `claimed` (a worker sends it, until `until`), `sent`, `failed`, `late`, `withheld`,
            `acknowledged`, `snoozed` (until `until`) or `unanswered`; of a job also `done` and
            `missed`.
        at, until: microseconds.
        by: who did it.
    """

    request_id: str
    channel: str
    step: int
    state: str
    at: int
    by: str
    until: int | None = None
    content: Mapping[str, Any] = field(default_factory=dict)


class Deliveries:
    """All steps of a store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def last(self, unit: Unit, request_id: str, channel: str) -> Step | None:
        """Return how an alert stands in a channel, as the unit sees it."""
        here = (DELIVERIES.c.request_id == request_id, DELIVERIES.c.channel == channel)
        newest = select(DELIVERIES).where(*here).order_by(DELIVERIES.c.step.desc()).limit(1)
        rows = unit.rows(newest)
        return _step(rows[0]) if rows else None

    def count(self, unit: Unit, request_id: str, *, state: str) -> int:
        """Return how many steps of an alert are in a state, as the unit sees them."""
        mine = (DELIVERIES.c.request_id == request_id, DELIVERIES.c.state == state)
        return len(unit.rows(select(DELIVERIES.c.step).where(*mine)))

    def add(self, unit: Unit, step: Step) -> None:
        """Keep one step; two who add the same step do it once.

        Raises:
            Refused: there is that step already.
        """
        unit.insert(DELIVERIES, [{**vars(step), "content": canonical(dict(step.content))}])

    def standing(self, *, having: str = "") -> dict[str, dict[str, tuple[Step, ...]]]:
        """Return all steps of alerts and messages by request and channel, in order.

        Args:
            having: only of those that have a step in this channel; all when empty.
        """
        statement = _ordered().where(DELIVERIES.c.channel != JOB)
        if having:
            these = select(DELIVERIES.c.request_id).where(DELIVERIES.c.channel == having)
            statement = statement.where(DELIVERIES.c.request_id.in_(these))
        return _by_request(self.database.rows(statement))

    def standing_of(self, names: Sequence[str]) -> dict[str, dict[str, tuple[Step, ...]]]:
        """Return the steps of some alerts by request and channel, in order; no other is read.

        Args:
            names: their request ids.
        """
        found: dict[str, dict[str, tuple[Step, ...]]] = {}
        for start in range(0, len(names), _AT_ONCE):
            some = DELIVERIES.c.request_id.in_(names[start : start + _AT_ONCE])
            found |= _by_request(self.database.rows(_ordered().where(some)))
        return found

    def jobs(self, *, since: int) -> dict[str, tuple[Step, ...]]:
        """Return the steps of jobs by their id, in order, of those with a step since an instant.

        Args:
            since: microseconds.
        """
        recent = (
            select(DELIVERIES.c.request_id)
            .where(DELIVERIES.c.channel == JOB, DELIVERIES.c.at >= since)
            .distinct()
        )
        here = (DELIVERIES.c.channel == JOB, DELIVERIES.c.request_id.in_(recent))
        found: dict[str, tuple[Step, ...]] = {}
        for row in self.database.rows(_ordered().where(*here)):
            found[row.request_id] = (*found.get(row.request_id, ()), _step(row))
        return found


def _by_request(rows: Sequence[Row[Any]]) -> dict[str, dict[str, tuple[Step, ...]]]:
    found: dict[str, dict[str, tuple[Step, ...]]] = {}
    for row in rows:
        channels = found.setdefault(row.request_id, {})
        channels[row.channel] = (*channels.get(row.channel, ()), _step(row))
    return found


def _ordered() -> Select[Any]:
    order = (DELIVERIES.c.request_id, DELIVERIES.c.channel, DELIVERIES.c.step)
    return select(DELIVERIES).order_by(*order)


def _step(row: Row[Any]) -> Step:
    fields = {name: getattr(row, name) for name in Step.__dataclass_fields__}
    return Step(**{**fields, "content": json.loads(row.content)})
