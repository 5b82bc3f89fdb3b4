"""What became of each alert in each channel, step after step; the newest step is how it stands."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from attending.digests import canonical
from attending.stores.tables import DELIVERIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Row

    from attending.stores.database import Database
    from attending.stores.unit import Unit


@dataclass(frozen=True)
class Step:
    """One step of an alert in a channel.

    Attributes:
        state: `claimed` (a worker sends it, until `until`), `sent`, `failed`, `late`, `withheld`,
            `acknowledged`, `snoozed` (until `until`) or `unanswered`.
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

    def add(self, unit: Unit, step: Step) -> None:
        """Keep one step; two who add the same step do it once.

        Raises:
            Refused: there is that step already.
        """
        unit.insert(DELIVERIES, [{**vars(step), "content": canonical(dict(step.content))}])

    def standing(self) -> dict[str, dict[str, tuple[Step, ...]]]:
        """Return all steps by request and channel, in order."""
        order = (DELIVERIES.c.request_id, DELIVERIES.c.channel, DELIVERIES.c.step)
        found: dict[str, dict[str, tuple[Step, ...]]] = {}
        for row in self.database.rows(select(DELIVERIES).order_by(*order)):
            channels = found.setdefault(row.request_id, {})
            channels[row.channel] = (*channels.get(row.channel, ()), _step(row))
        return found


def _step(row: Row[Any]) -> Step:
    fields = {name: getattr(row, name) for name in Step.__dataclass_fields__}
    return Step(**{**fields, "content": json.loads(row.content)})
