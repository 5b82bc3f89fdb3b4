"""Outcomes after go-live: what the home's records say of patients, care, harm and work since."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.documents.after_go_live import after_document, sentences
from attending.errors import BadInput, Refused
from attending.lifecycle.cohorts import build_cohort, require_patients
from attending.lifecycle.desk import keep
from attending.lifecycle.incidents import incidents
from attending.lifecycle.papers import keep_page
from attending.lifecycle.plans import signed_plan
from attending.lifecycle.scoring import deployed
from attending.lifecycle.validation_rows import labelled_of, outcomes_of
from attending.monitor.after import ELSEWHERE, Course, beside, changes, fairness, limits
from attending.monitor.after_use import Seen, quarters
from attending.monitor.run import SHOWN
from attending.records.after_go_live import AfterReport, GoLive, Month
from attending.specs.cohort import Label
from attending.specs.outcome import AnyCode, Competing
from attending.statistics.suppression import suppress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.lifecycle.cohorts import BuiltCohort
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.after_go_live import Kind, Wanted
    from attending.records.release import Deployment
    from attending.specs.followed import Followed
    from attending.types import Ints


def report_after(desk: Desk, project: Project, *, version: str = "") -> AfterReport:
    """Return what became of patients and of the work since the model went live, kept with a page.

    Eligible stays of the newest snapshot count, scored or not; outcomes that are not mature yet do
    not. What else is followed is named in monitoring.yaml.

    Args:
        desk: where and when.
        project: whose specs they are.
        version: such as `v1`; the newest that scores when empty.

    Raises:
        Refused: no site went live yet, or the source has no real calendar.
        BadInput: the outcome is no yes or no of a patient.
    """
    _require_yes_or_no(project)
    stands = deployed(desk, project, version)
    cohort = build_cohort(desk, project)
    if not cohort.source.snapshot.real_clock:
        raise Refused(
            f"the source's times are {cohort.source.snapshot.time_zone}: no month is a month",
            code="after.no_calendar",
            hint="Follow outcomes on data whose days were not shifted patient by patient.",
        )
    went = went_live(desk, project, cohort)
    live = {one.site: _month(one.at.year, one.at.month) for one in went}
    courses = _courses(desk, project, cohort)
    found = [changes(one, live) for one in courses]
    shown = sum(one.level is not None for some in found for one in some)
    report = AfterReport(
        model=project.name,
        version=stands.version,
        at=desk.at,
        cohort=cohort.digest,
        snapshot=cohort.source.digest,
        spec=project.monitoring.digest,
        went_live=went,
        outcome=project.release.intended_use.outcome,
        changes=tuple(one for some in found for one in some),
        beside=tuple(beside(one, live) for one in courses),
        fairness=tuple(one for some in found for one in fairness(some)),
        months=_months(courses[0]),
        use=quarters(_seen(desk, project, went), until=desk.at),
        incidents=_incidents(desk, project, went),
        limits=limits(
            live,
            looked_at=shown,
            elsewhere=any(one.group == ELSEWHERE for one in found[0]),
        ),
    )
    keep(
        desk,
        report,
        action="monitor.outcomes",
        keys={"model": project.name, "version": stands.version},
        details={"sites": len(went), "shown": shown},
    )
    page = after_document(report, synthetic=desk.home.synthetic)
    keep_page(desk, page, of=report.digest, title="Outcomes after go-live")
    return report


def in_words(report: AfterReport) -> tuple[str, ...]:
    """Return what a report shows, in sentences."""
    return sentences(report)


def _require_yes_or_no(project: Project) -> None:
    require_patients(project)
    if project.cohort.label.is_number:
        raise BadInput(
            "the outcome is a number of days, and rates of a yes or no are followed",
            code="after.number",
            hint="Name what can be counted under `followed` of a model with a yes or no.",
            where="cohort.yaml: label",
        )


def went_live(desk: Desk, project: Project, cohort: BuiltCohort) -> tuple[GoLive, ...]:
    """Return when people at each site first saw a score of the model, by the release records.

    A deployment in limited or live shows the score at the sites that its signed plan names for
    the stage; where it names none, at every site of the cohort.

    Raises:
        Refused: no version was ever shown.
    """
    present = sorted({one for one in cohort.table["site"].to_pylist() if one})
    first: dict[str, GoLive] = {}
    for one in desk.home.deployments.history(project.name):
        if one.stage in SHOWN and one.serves == "version":
            for site in _sites_of(desk, one) or present:
                made = GoLive(site=site, at=one.effective_at, deployment=one.digest)
                first.setdefault(site, made)
    found = tuple(first[name] for name in sorted(first) if name in present)
    if not found:
        raise Refused(
            "no site has seen a score of this model, so there is no before and after",
            code="after.not_live",
            hint="It is shown from *limited* on: see `attending release status`.",
        )
    return found


def _sites_of(desk: Desk, stands: Deployment) -> tuple[str, ...]:
    plan = signed_plan(desk, stands).spec
    covers = next((one for one in plan.stages if one.stage == stands.stage), None)
    return (covers.sites if covers else ()) or plan.scope.sites


def _month(year: int, month: int) -> int:
    """Return a calendar month as a count of months since 1970."""
    return (year - 1970) * 12 + month - 1


def _courses(desk: Desk, project: Project, cohort: BuiltCohort) -> list[Course]:
    """Return the outcome of the model and what is followed beside it, month by month."""
    made = [_course(cohort, name="outcome", kind="outcome", wanted="lower")]
    for one in project.monitoring.followed:
        asked = project.cohort.model_copy(update={"label": _label(project, one)})
        said = replace(project, said={**project.said, "cohort": asked})
        rows = build_cohort(desk, said, snapshot=cohort.source.digest)
        made.append(_course(rows, name=one.name, kind=one.kind, wanted=one.wanted))
    return made


def _label(project: Project, one: Followed) -> Label:
    return Label(
        kind="codes",
        horizon=one.within,
        codes=AnyCode(any_of=one.codes),
        competing=Competing(death="no_event"),
        delay=project.cohort.label.delay,
    )


def _course(
    cohort: BuiltCohort,
    *,
    name: str,
    kind: Kind,
    wanted: Wanted,
) -> Course:
    table = cohort.table.filter(pa.array(labelled_of(cohort.table)))
    return Course(
        name=name,
        kind=kind,
        wanted=wanted,
        month=_months_of(table),
        happened=outcomes_of(table),
        site=pc.fill_null(table["site"], "").to_numpy(zero_copy_only=False),
        groups={
            column.removeprefix("group_"): table[column].to_pylist()
            for column in table.column_names
            if column.startswith("group_") and column != "group_site"
        },
    )


def _months_of(table: pa.Table) -> Ints:
    time = table["prediction_time"].cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
    months: Ints = time.astype("datetime64[M]").astype(np.int64)
    return months


def _months(course: Course) -> tuple[Month, ...]:
    """Return the stays and events of each month, small counts hidden with what would tell them."""
    if not len(course.month):
        return ()
    first = int(course.month.min())
    stays = np.bincount(course.month - first)
    events = np.bincount(course.month - first, weights=course.happened).astype(np.int64)
    hidden = suppress(events.tolist())
    return tuple(
        Month(
            month=str(np.datetime64(first + at, "M")),
            stays=int(stays[at]),
            events=None if hidden[at] else int(events[at]),
        )
        for at in range(len(stays))
    )


def _seen(desk: Desk, project: Project, went: Sequence[GoLive]) -> list[Seen]:
    """Return the predictions that people saw, and the first answer to each."""
    first: dict[str, tuple[str, float]] = {}
    since = min(one.at for one in went)
    for one in desk.home.predictions.answers_of_model(project.name, since=since):
        first.setdefault(one.request_id, (one.answer, one.given_at.timestamp()))
    made: list[Seen] = []
    for version in sorted(desk.home.deployments.standing(project.name)):
        shown = desk.home.predictions.in_stages(
            project.name, version, stages=SHOWN, since=since, until=desk.at
        )
        for item in shown:
            answer, at = first.get(item.request_id, ("", 0.0))
            hours = (at - item.prediction_time.timestamp()) / 3600 if answer else None
            flagged = bool(json.loads(item.content)["flagged"])
            made.append(Seen(item.prediction_time, flagged, answer, hours))
    return made


def _incidents(desk: Desk, project: Project, went: Sequence[GoLive]) -> dict[str, int]:
    since = min(one.at for one in went)
    had: Mapping[str, int] = Counter(
        one.incident.harm
        for one in incidents(desk, model=project.name)
        if not one.incident.drill and one.incident.opened_at >= since
    )
    return dict(sorted(had.items()))
