"""The days on which due work was not done: kept when they are over, and a finding with an owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from attending.monitor.findings import make
from attending.specs.due import DueSpec
from attending.specs.read_yaml import read_spec
from attending.times import from_micros, to_micros

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.monitoring import Finding, MonitorReport
    from attending.specs.monitoring import MonitoringSpec
    from attending.stores.deliveries import Step
    from attending.types import Instant

#: Days without work are looked for so far back.
MOST_BACK = timedelta(days=60)


def due_policy(root: Path) -> DueSpec:
    """Return when work is due in a home.

    Raises:
        BadInput: policy/due.yaml is not what it must be.
    """
    path = root / "policy" / "due.yaml"
    return read_spec(path, DueSpec) if path.is_file() else DueSpec()


@dataclass(frozen=True)
class DayDone:
    """What became of a job on a day: its newest step.

    Attributes:
        model, version: empty for a job of the whole home.
    """

    model: str
    version: str
    job: str
    day: date
    last: Step


def days_done(desk: Desk) -> tuple[DayDone, ...]:
    """Return how the jobs of the last 60 days stand; of all days when none is so new."""
    recent = desk.home.deliveries.jobs(since=to_micros(desk.at - MOST_BACK))
    found = recent or desk.home.deliveries.jobs(since=0)
    return tuple(_day(steps) for steps in found.values())


def _day(steps: tuple[Step, ...]) -> DayDone:
    said = steps[0].content
    return DayDone(
        model=str(said["model"]),
        version=str(said["version"]),
        job=str(said["job"]),
        day=date.fromisoformat(str(said["day"])),
        last=steps[-1],
    )


def missed_days(desk: Desk, model: str, version: str) -> tuple[DayDone, ...]:
    """Return what was missed of a version and of the home, and is still told."""
    since = desk.at - timedelta(microseconds=due_policy(desk.home.root).look_back)
    return tuple(
        one
        for one in days_done(desk)
        if one.last.state == "missed"
        and (one.model, one.version) in {("", ""), (model, version)}
        and since <= _at(one) <= desk.at
    )


def _at(one: DayDone) -> Instant:
    return from_micros(one.last.at)


def with_missed(desk: Desk, project: Project, report: MonitorReport) -> MonitorReport:
    """Return a report that also says which days went by without the work that was due."""
    found = missed_days(desk, report.model, report.version)
    if not found:
        return report
    finding = missed_finding(project.monitoring, found)
    return report.model_copy(update={"findings": (*report.findings, finding)})


def missed_finding(spec: MonitoringSpec, missed: tuple[DayDone, ...]) -> Finding:
    """Return one finding for all days that were missed: they have one cause."""
    days = sorted({one.day.isoformat() for one in missed})
    jobs = ", ".join(sorted({one.job for one in missed}))
    span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return make(
        spec,
        ("workflow", "watch"),
        "missed_night",
        subject=jobs,
        figure=(float(len(days)), 0.0),
        meaning=f"Work that was due was not done on {len(days)} "
        f"{'day' if len(days) == 1 else 'days'} ({span}): {jobs}. What it would have found was not "
        "looked for then.",
    )
