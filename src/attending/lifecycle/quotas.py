"""How many predictions one client may have made in a day; who takes more raises an alarm."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.errors import TooMany
from attending.lifecycle.desk import Desk, note
from attending.lifecycle.one_at_a_time import ONE
from attending.monitor.findings import make
from attending.records.ledger import Subject
from attending.specs.limits import LimitsSpec
from attending.specs.read_yaml import read_spec

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.projects import Project
    from attending.records.monitoring import Finding, MonitorReport
    from attending.stores.home import Home
    from attending.types import Instant

#: The ledger is counted again after this long, for other processes answer too.
_LOOK_SECONDS = 10.0
MADE, REACHED = "score.one", "quota.reached"


def limits_of(root: Path) -> LimitsSpec:
    """Return what one asker may take of a home's service.

    Raises:
        BadInput: the file is not what it must be.
    """
    path = root / "policy" / "limits.yaml"
    return read_spec(path, LimitsSpec) if path.is_file() else LimitsSpec()


@dataclass
class _Taken:
    day: str
    count: int
    looked: float
    most: int


@dataclass
class Quota:
    """What clients took today, by the ledger, so that a restart forgets nothing.

    Args:
        home: whose ledger is counted.
        per_day: new predictions that one client may have made in a day.
        workers: how many processes answer; what is left is shared out among them at each look.
    """

    home: Home
    per_day: int
    workers: int = 1
    _taken: dict[str, _Taken] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, client: str, *, at: Instant) -> None:
        """Count one prediction for a client.

        Raises:
            TooMany: it has had as many as it may today; the ledger says so, once a day.
        """
        day = f"{at:%Y-%m-%d}"
        with self._lock:
            held = self._taken.get(client)
            if held is None or self._old(held, day):
                ONE.let_go()
                held = self._taken[client] = self._look(client, day)
            if held.count < held.most:
                held.count += 1
                return
            ONE.let_go()
            self._alarm(client, held, at=at)
        raise TooMany(
            "this client has had as many predictions as it may in a day",
            code="quota.predictions",
            hint="The day ends at midnight UTC. Limits stand in policy/limits.yaml of the home.",
        )

    def _old(self, held: _Taken, day: str) -> bool:
        """Return whether the ledger is counted again: by time, or when our share is used up."""
        used_up = held.most <= held.count and held.most < self.per_day
        return held.day != day or used_up or time.monotonic() - held.looked > _LOOK_SECONDS

    def _look(self, client: str, day: str) -> _Taken:
        count = self.home.ledger.count(client, MADE, day=day)
        left = self.per_day - count
        share = max(left // self.workers, min(left, 1))
        return _Taken(day, count, time.monotonic(), most=count + share)

    def _alarm(self, client: str, taken: _Taken, *, at: Instant) -> None:
        if self.home.ledger.count(client, REACHED, day=taken.day):
            return
        desk = Desk(home=self.home, at=at, actor=client)
        with self.home.database.transaction() as unit:
            subject = Subject(kind="quota", digest=taken.day)
            note(desk, unit, action=REACHED, subject=subject, details={"count": taken.count})


def with_alarms(desk: Desk, project: Project, report: MonitorReport) -> MonitorReport:
    """Return a report that also says which clients reached their quota today."""
    entries = desk.home.ledger.search(action=REACHED)
    today = sorted({one.actor for one in entries if one.at.date() == desk.at.date()})
    findings = tuple(_finding(project, client) for client in today)
    return report.model_copy(update={"findings": (*report.findings, *findings)})


def _finding(project: Project, client: str) -> Finding:
    return make(
        project.monitoring,
        ("workflow", "watch"),
        "quota_reached",
        subject=client,
        meaning="A client asked for more predictions today than it may. It may be broken, or copy "
        "the model by asking.",
    )
