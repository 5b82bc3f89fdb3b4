"""The inventory of a home: every version that is in use or on its way, and what all of them ask.

Alerts are counted over all models together, because one nurse answers them all. Only versions whose
scores people saw count (limited and live). Counts are of patients and shifts; no patient is named.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.errors import Refused
from attending.lifecycle import calendar
from attending.lifecycle.plans import signed_plan
from attending.lifecycle.said_specs import spec_said
from attending.lifecycle.scoring import contents_of
from attending.records.decisions import SpecDocument
from attending.records.monitoring import Verdict, standing
from attending.specs.release import ReleaseSpec
from attending.times import format_instant, parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from attending.lifecycle.desk import Desk
    from attending.monitor.calendar import Task
    from attending.records.release import Deployment
    from attending.types import Instant

#: Stages in which people see the score.
_SEEN = frozenset({"limited", "live"})
SHIFT = timedelta(hours=8)


@dataclass(frozen=True)
class Line:
    """One version: its risk tier, owner, stage, answer of today and next review.

    Attributes:
        risk: as the release plan declares it; empty when no plan was proposed.
        answer: what holds now; empty where no verdict is asked for yet.
        review_due: when the next task of the calendar is due; None without one.
        alerts: alerts that people saw in the window.
    """

    model: str
    version: str
    stage: str
    risk: str
    owner: str
    answer: str
    review_due: Instant | None
    overdue: int
    alerts: int

    def told(self) -> dict[str, str | int]:
        """Return it as it is printed."""
        due = format_instant(self.review_due) if self.review_due else ""
        return {**vars(self), "review_due": due}


@dataclass(frozen=True)
class Burden:
    """What all models together ask of people in a window.

    Attributes:
        patients: distinct patients who were scored.
        most_on_one: alerts on the patient with the most.
        shifts: sites times eight-hour shifts of the window.
        busiest_shift: alerts of one site in its busiest shift.
    """

    days: int
    alerts: int
    patients: int
    most_on_one: int
    shifts: int
    busiest_shift: int

    @property
    def per_patient(self) -> float:
        """Return alerts for each patient who was scored."""
        return self.alerts / self.patients if self.patients else 0.0

    @property
    def per_shift(self) -> float:
        """Return alerts for each shift of each site."""
        return self.alerts / self.shifts if self.shifts else 0.0

    def told(self) -> dict[str, float]:
        """Return it as it is printed."""
        more = {"per_patient": round(self.per_patient, 3), "per_shift": round(self.per_shift, 3)}
        return {**vars(self), **more}


def inventory(desk: Desk, *, days: int) -> tuple[tuple[Line, ...], Burden]:
    """Return a line for each version that is not retired, and the burden of all together.

    Args:
        desk: where and when.
        days: over how many days up to now alerts are counted.
    """
    since = desk.at - timedelta(days=days)
    models = desk.home.deployments.models()
    seen = [one for model in models for one in _seen(desk, model, since=since)]
    alerts = Counter((one["model"], one["version"]) for one in seen if one["flagged"])
    lines = tuple(
        _line(desk, stands, alerts=alerts[stands.model, stands.version])
        for model in models
        for stands in _standing(desk, model)
    )
    return lines, _burden(seen, since=since, days=days)


def _standing(desk: Desk, model: str) -> Iterator[Deployment]:
    """Yield what is not retired: each version, and the newest run that has no number yet."""
    found = desk.home.deployments.standing(model).values()
    numbered = {one.run for one in found if one.version}
    for one in found:
        if one.stage != "retired" and (one.version or one.run not in numbered):
            yield one


def _seen(desk: Desk, model: str, *, since: Instant) -> Iterator[dict[str, Any]]:
    """Yield the predictions that people saw: model, version, patient, site, time, flagged."""
    for content in contents_of(desk, model, since=since, until=desk.at):
        if content["stage"] in _SEEN:
            yield content


def _burden(seen: list[dict[str, Any]], *, since: Instant, days: int) -> Burden:
    flagged = [one for one in seen if one["flagged"]]
    on_patient = Counter(one["subject_id"] for one in flagged)
    in_shift = Counter(
        (one["site"], (parse_instant(one["prediction_time"]) - since) // SHIFT) for one in flagged
    )
    sites = {one["site"] for one in seen}
    return Burden(
        days=days,
        alerts=len(flagged),
        patients=len({one["subject_id"] for one in seen}),
        most_on_one=max(on_patient.values(), default=0),
        shifts=len(sites) * (timedelta(days=days) // SHIFT),
        busiest_shift=max(in_shift.values(), default=0),
    )


def _line(desk: Desk, stands: Deployment, *, alerts: int) -> Line:
    plan = _plan(desk, stands)
    owed = _owed(desk, stands)
    return Line(
        model=stands.model,
        version=stands.version,
        stage=stands.stage,
        risk=plan.risk_level if plan else "",
        owner=plan.owners.clinical if plan else "",
        answer=_answer(desk, stands, plan),
        review_due=owed[0].due if owed else None,
        overdue=sum(one.overdue(desk.at) for one in owed),
        alerts=alerts,
    )


def _plan(desk: Desk, stands: Deployment) -> ReleaseSpec | None:
    """Return the plan that a version is bound to, else the newest that was proposed."""
    found = desk.home.catalog.all(SpecDocument, model=stands.model, spec="release")
    bound = [one for one in found if one.spec_digest == stands.release_spec]
    newest = (bound or list(found))[-1:]
    return spec_said(newest[0], ReleaseSpec) if newest else None


def _owed(desk: Desk, stands: Deployment) -> tuple[Task, ...]:
    """Return the tasks of the signed policy; none where no plan is signed that names owners."""
    try:
        signed_plan(desk, stands)
    except Refused:
        return ()
    return calendar.tasks(desk, stands)


def _answer(desk: Desk, stands: Deployment, plan: ReleaseSpec | None) -> str:
    if stands.stage not in calendar.OWING:
        return ""
    verdict = desk.home.catalog.latest(Verdict, model=stands.model, version=stands.version)
    return standing(verdict, desk.at, risk_level=plan.risk_level if plan else "high")
