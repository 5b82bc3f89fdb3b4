"""What monitors found while readers see the score, and who must be told: incidents."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from attending.lifecycle import incidents
from attending.monitor.run import SHOWN

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.incident import IncidentType
    from attending.records.monitoring import Finding, MonitorReport

#: Findings that open an incident when they ask for an act, and what kind of incident each is.
_KINDS: dict[str, IncidentType] = {
    "late": "outage",
    "skew_arrived_late": "stale_feature",
    "skew_missing_when_served": "stale_feature",
    "skew_other_scale": "wrong_prediction",
    "skew_other_value": "wrong_prediction",
}
_SEVERE = ("act", "stop")
#: What is the matter, by the name of a finding.
_TITLES = {
    "late": "{subject} are late",
    "skew_arrived_late": "{subject} reached the score late",
    "skew_missing_when_served": "{subject} was missing when the score was made",
    "skew_other_scale": "{subject} was scored on another scale",
    "skew_other_value": "{subject} was scored with another value",
}


def open_incidents(desk: Desk, project: Project, report: MonitorReport) -> tuple[str, ...]:
    """Return the incidents that severe findings of a report have opened, each once while open.

    Args:
        desk: where and when; the machine opens them.
        project: whose model.
        report: kept before; it is named as what told of it.
    """
    if report.stage not in SHOWN:
        return ()
    standing = incidents.incidents(desk, model=project.name, open_only=True)
    known = {(one.incident.version, one.incident.title) for one in standing}
    made = []
    for one in report.findings:
        if one.name not in _KINDS or one.severity not in _SEVERE:
            continue
        title = _title(one)
        if not known & {(report.version, title), (report.version, _old_title(one))}:
            opened = incidents.open_incident(
                replace(desk, actor="system"),
                project,
                type=_KINDS[one.name],
                harm="medium",
                title=title,
                version=report.version,
                finding=report.digest,
            )
            made.append(opened.digest)
    return tuple(made)


def _title(one: Finding) -> str:
    """Return what is the matter, as a reader sees it first."""
    says = _TITLES[one.name].format(subject=one.subject.replace("_", " "))
    at = f" at {one.site}" if one.site else ""
    return f"{says[:1].upper()}{says[1:]}{at}: found by a monitor"[:200]


def _old_title(one: Finding) -> str:
    """Return the title that earlier releases gave; an incident that they opened may be open."""
    at = f" at {one.site}" if one.site else ""
    return f"monitor: {one.name.replace('_', ' ')}: {one.subject}{at}"[:200]
