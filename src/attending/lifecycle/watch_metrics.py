"""How the watch stands, for dashboards: verdicts, findings, missed days, canaries; no patient."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attending.lifecycle.canaries import newest_check
from attending.lifecycle.matters import matters, scoring_versions
from attending.lifecycle.missed import missed_days
from attending.records.monitoring import ANSWERS, SEVERITIES, MonitorReport, Verdict, standing
from attending.times import SECOND, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.lifecycle.desk import Desk
    from attending.records.release import Deployment

#: Family -> what it says.
_FAMILIES = {
    "attending_verdict": "1 for the answer that holds now, 0 for the others",
    "attending_verdict_age_seconds": "since the newest verdict",
    "attending_findings": "findings of the newest report by severity",
    "attending_missed_days": "days on which due work was missed and that are still told",
    "attending_canaries_changed": "canary patients that are scored otherwise; -1 when not scored",
    "attending_matters": "things that need somebody, by severity",
}


def watch_lines(desk: Desk) -> list[str]:
    """Return the state of the watch in OpenMetrics' text form, without its last line."""
    samples: dict[str, list[str]] = {name: [] for name in _FAMILIES}
    for stands in scoring_versions(desk):
        for family, labels, value in _of_version(desk, stands):
            said = ",".join(f'{name}="{text}"' for name, text in labels.items())
            samples[family].append(f"{family}{{{said}}} {value}")
    needs = Counter(one.severity for one in matters(desk))
    for severity in SEVERITIES:
        sample = f'attending_matters{{severity="{severity}"}} {needs[severity]}'
        samples["attending_matters"].append(sample)
    out: list[str] = []
    for family, found in samples.items():
        if found:
            out.append(f"# TYPE {family} gauge")
            out += ["# UNIT " + family + " seconds"] if family.endswith("_seconds") else []
            out += [f"# HELP {family} {_FAMILIES[family]}", *found]
    return out


def _of_version(desk: Desk, stands: Deployment) -> Iterator[tuple[str, dict[str, str], int]]:
    about = {"model": stands.model, "version": stands.version}
    key = {"model": stands.model, "version": stands.version}
    verdict = desk.home.catalog.latest(Verdict, **key)
    now = standing(verdict, desk.at, risk_level=verdict.risk_level if verdict else "high")
    for answer in ANSWERS:
        yield "attending_verdict", {**about, "answer": answer}, int(answer == now)
    if verdict is not None:
        age = (to_micros(desk.at) - to_micros(verdict.at)) // SECOND
        yield "attending_verdict_age_seconds", about, age
    report = desk.home.catalog.latest(MonitorReport, **key)
    found = Counter(one.severity for one in report.findings) if report else Counter[str]()
    for severity in SEVERITIES:
        yield "attending_findings", {**about, "severity": severity}, found[severity]
    days = {one.day for one in missed_days(desk, stands.model, stands.version)}
    yield "attending_missed_days", about, len(days)
    check = newest_check(desk, stands.model, stands.version)
    if check is not None:
        changed = -1 if check.error else len(check.changed)
        yield "attending_canaries_changed", about, changed
