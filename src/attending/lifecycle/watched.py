"""What the watch of a model shows: verdicts by day, causes, figures over time, what was said."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.errors import NotFound, Refused
from attending.lifecycle import incidents
from attending.lifecycle.matters import by_cause, most_severe_first, of_version
from attending.lifecycle.notifying import OWNER, message_of, messages
from attending.lifecycle.overview import standing_of
from attending.lifecycle.papers import newest_pages
from attending.lifecycle.plans import ModelUnderPlan, signed_plan
from attending.lifecycle.scoring import deployed_of
from attending.records.after_go_live import AfterReport
from attending.records.monitoring import MonitorReport, Verdict
from attending.records.prediction import OutcomeJoin
from attending.records.watch_picture import WatchPicture
from attending.release.advance import answering

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.matters import Matter
    from attending.lifecycle.notifying import Message
    from attending.lifecycle.overview import Standing
    from attending.records.monitoring import Finding, Measure
    from attending.records.release import Deployment
    from attending.types import Instant

#: How far back the calendar of verdicts and the answers of readers are shown.
CALENDAR, SAID = timedelta(weeks=26), timedelta(days=90)
#: How many of the newest reports make the figures over time.
MOST_REPORTS = 30
#: What is followed from report to report: the name of the measure, and what people call it.
FOLLOWED = {
    "oe": "Observed over expected events",
    "auroc": "AUROC of mature outcomes",
    "alert_rate": "Share of scores that alert",
    "volume_ratio": "Predictions of a week against the expected",
    "missing_share": "Share of inputs that are missing",
    "no_score_share": "Share of requests without a score",
    "acknowledged_share": "Share of alerts that were acknowledged",
    "override_share": "Share of alerts that were overridden",
}


@dataclass(frozen=True)
class Cause:
    """Findings of one cause, or another thing that needs somebody, and who took it up.

    Attributes:
        by, says: of who acknowledged it; empty where nobody has.
    """

    matter: Matter
    findings: tuple[Finding, ...]
    state: str = ""
    by: str = ""
    says: str = ""


@dataclass(frozen=True)
class Followed:
    """One measure over the newest reports, oldest first."""

    name: str
    label: str
    points: tuple[tuple[Instant, Measure], ...]


@dataclass(frozen=True)
class Watched:
    """All that the watch of a model shows.

    Attributes:
        stands: the version that scores; None where none does.
        days: the last verdict of each day.
        said: how often readers said what about alerts, and why.
        after_page: digest of the newest page of outcomes after go-live; empty without one.
    """

    standing: Standing
    stands: Deployment | None
    answers_now: Deployment | None
    days: dict[date, Verdict]
    report: MonitorReport | None
    causes: tuple[Cause, ...]
    followed: tuple[Followed, ...]
    picture: WatchPicture | None
    outcomes: OutcomeJoin | None
    said: tuple[tuple[str, str, int], ...]
    after_page: str
    open_incidents: tuple[incidents.Standing, ...]


def watched(desk: Desk, model: str) -> Watched:
    """Return what the watch of a model shows now.

    Raises:
        NotFound: no such model here.
    """
    standing = standing_of(desk, model)
    stands = _scoring(desk, model)
    version = stands.version if stands else standing.deployment.version
    keys = {"model": model, "version": version}
    catalog = desk.home.catalog
    report = catalog.latest(MonitorReport, **keys)
    return Watched(
        standing=standing,
        stands=stands,
        answers_now=answering(desk.home.deployments.history(model)),
        days=verdicts_by_day(desk, model),
        report=report,
        causes=tuple(_causes(desk, stands, report)),
        followed=_followed(desk, model, version),
        picture=catalog.latest(WatchPicture, **keys),
        outcomes=catalog.latest(OutcomeJoin, **keys),
        said=answers_counted(desk, model),
        after_page=_after_page(desk, model),
        open_incidents=incidents.incidents(desk, model=model, open_only=True),
    )


def _scoring(desk: Desk, model: str) -> Deployment | None:
    try:
        return deployed_of(desk, model)
    except Refused:
        return None


def verdicts_by_day(desk: Desk, model: str) -> dict[date, Verdict]:
    """Return the last verdict of each day of the calendar, oldest first."""
    since = desk.at - CALENDAR
    lines = desk.home.catalog.list(Verdict.kind, model=model)
    newest = {one.made_at.date(): one.digest for one in lines if one.made_at >= since}
    return {day: desk.home.catalog.get(newest[day], Verdict) for day in sorted(newest)}


def _causes(desk: Desk, stands: Deployment | None, report: MonitorReport | None) -> Iterator[Cause]:
    """Yield what needs somebody about the version that scores, as `matters` orders it."""
    if stands is None:
        return
    groups, sent = by_cause(report), messages(desk)
    for one in most_severe_first(of_version(desk, stands)):
        yield _cause(one, groups.get(one.cause, ()), message_of(sent, one))


def _cause(matter: Matter, findings: Sequence[Finding], message: Message | None) -> Cause:
    if message is None:
        return Cause(matter, tuple(findings))
    last = message.steps[OWNER][-1]
    taken = last.state == "acknowledged"
    says = str(last.content.get("says", "")) if taken else ""
    return Cause(matter, tuple(findings), message.state, last.by if taken else "", says)


def _followed(desk: Desk, model: str, version: str) -> tuple[Followed, ...]:
    lines = desk.home.catalog.list(MonitorReport.kind, model=model, version=version)
    reports = [desk.home.catalog.get(one.digest, MonitorReport) for one in lines[-MOST_REPORTS:]]
    found = []
    for name, label in FOLLOWED.items():
        points = [(one.at, seen) for one in reports if (seen := one.measure(name)) is not None]
        if any(seen.value is not None for _, seen in points):
            found.append(Followed(name, label, tuple(points)))
    return tuple(found)


def answers_counted(desk: Desk, model: str) -> tuple[tuple[str, str, int], ...]:
    """Return how often readers said what about the alerts of a model lately, and the reason."""
    counted: Counter[tuple[str, str]] = Counter()
    for one in desk.home.predictions.answers_of_model(model, since=desk.at - SAID):
        content = json.loads(one.content)
        counted[one.answer, str(content.get("reason") or "")] += 1
    return tuple((answer, reason, n) for (answer, reason), n in counted.most_common())


def _after_page(desk: Desk, model: str) -> str:
    found = desk.home.catalog.latest(AfterReport, model=model)
    return newest_pages(desk).get(found.digest, "") if found else ""


def under_plan(desk: Desk, model: str) -> ModelUnderPlan:
    """Return a model under the plan that was signed for the version that readers get.

    Where none answers readers it is the plan of the newest version that scores.

    Raises:
        NotFound: no such model here.
        Refused: no version scores, or its plan is not signed.
    """
    history = desk.home.deployments.history(model)
    if not history:
        raise NotFound("there is no such model here", code="model.missing")
    stands = answering(history) or deployed_of(desk, model)
    return ModelUnderPlan(model, signed_plan(desk, stands).spec)
