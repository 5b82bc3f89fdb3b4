"""Work that is due: each job once a day, by whichever process comes first.

A process claims a job for a while, does it, and keeps that it is done. One that dies leaves a claim
that ends, and the next does the job. One that was only slow finds its claim taken over, and what it
did is not counted: the number of its step is gone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from attending.digests import digest_of
from attending.errors import (
    AttendingError,
    BadInput,
    Denied,
    DependencyDown,
    IntegrityBroken,
    Refused,
)
from attending.lifecycle import delivering, due_jobs, notifying, rolling_back
from attending.lifecycle.delivering import keep_step
from attending.lifecycle.due_days import begins, days_between, newest_day
from attending.lifecycle.missed import MOST_BACK, days_done, due_policy
from attending.lifecycle.run_specs import of_version
from attending.stores.deliveries import JOB, Step
from attending.times import format_instant, from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from typing import Any

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.missed import DayDone
    from attending.lifecycle.projects import Project
    from attending.records.release import Deployment
    from attending.specs.due import DueSpec, JobName
    from attending.types import Instant

#: What a job may stumble over without taking the others with it.
_FAULTS = (OSError, ValueError, ArithmeticError, LookupError, RuntimeError, TypeError)
_KINDS = (BadInput, Refused, IntegrityBroken, DependencyDown, Denied)
_BY_EXIT: dict[int, type[AttendingError]] = {kind.exit_code: kind for kind in _KINDS}


@dataclass(frozen=True)
class Work:
    """One job of one day.

    Attributes:
        model, version: empty for a job of the whole home.
        due: from when it is due.
        act: does it.
        last: its newest step; None before anybody took it up.
        done_last: the newest day on which it was done; None when it never was.
    """

    model: str
    version: str
    job: JobName
    says: str
    day: date
    due: Instant
    act: Callable[[Desk], str]
    after: tuple[JobName, ...] = ()
    last: Step | None = None
    done_last: date | None = None

    @property
    def what(self) -> dict[str, str]:
        """Return what names it."""
        said = {"model": self.model, "version": self.version, "job": self.job}
        return {**said, "day": self.day.isoformat()}

    @property
    def about(self) -> str:
        """Return whose it is, for people."""
        return f"{self.model}@{self.version}" if self.model else "home"

    def state(self, at: Instant, spec: DueSpec) -> str:
        """Return `due`, `in work`, `done`, `waits` (after a failure) or `given up`."""
        last, now = self.last, to_micros(at)
        if last is None or last.state == "missed":
            return "due"
        if last.state == "claimed":
            return "in work" if (last.until or 0) > now else "due"
        if last.state == "failed":
            tries = int(last.content.get("tries", 1))
            if tries >= spec.tries:
                return "given up"
            return "waits" if now < last.at + spec.retry else "due"
        return "done"

    def told(self, at: Instant, spec: DueSpec) -> dict[str, str]:
        """Return it as it is printed."""
        words = str(self.last.content.get("says", "")) if self.last else ""
        return {
            "about": self.about,
            **self.what,
            "due": format_instant(self.due),
            "state": self.state(at, spec),
            "last_done": self.done_last.isoformat() if self.done_last else "",
            "says": words,
        }


@dataclass(frozen=True)
class Outcome:
    """What became of one job in this run: `done`, `failed`, or `waits` for another process."""

    about: str
    job: str
    state: str
    says: str
    code: str = ""
    hint: str = ""
    exit_code: int = 0


@dataclass(frozen=True)
class DueRun:
    """What one run did, and how many days it found missed."""

    outcomes: tuple[Outcome, ...]
    missed: int

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Return the jobs that failed."""
        return tuple(one for one in self.outcomes if one.state == "failed")


def work(desk: Desk, projects: Sequence[Project]) -> tuple[Work, ...]:
    """Return the jobs of the newest day that is due, in the order in which they are done.

    Args:
        desk: where and when.
        projects: whose models.

    Raises:
        BadInput: two projects are of one model, or policy/due.yaml is not what it must be.
    """
    names = Counter(one.name for one in projects)
    if twice := [name for name, n in names.items() if n > 1]:
        raise BadInput(f"two projects are of the model {twice[0]}", code="due.twice")
    spec = due_policy(desk.home.root)
    held = {(one.model, one.version, one.job, one.day): one for one in days_done(desk)}
    found = [_with_steps(one, held) for one in _asked(desk, projects, spec)]
    return tuple(found)


def _asked(desk: Desk, projects: Sequence[Project], spec: DueSpec) -> Iterator[Work]:
    """Yield the jobs that this home and its versions ask for."""
    yield from _of_home(desk, due_jobs.FIRST, spec)
    for project in projects:
        for stands in due_jobs.versions(desk, project):
            yield from _of_version(desk, project, stands=stands, spec=spec)
    yield from _of_home(desk, due_jobs.LAST, spec)


def _of_version(
    desk: Desk, project: Project, *, stands: Deployment, spec: DueSpec
) -> Iterator[Work]:
    for job in due_jobs.VERSION_JOBS:
        if job.name not in spec.off and job.wanted(desk, stands):
            act = _acting(job, project, stands)
            yield _work(desk, job, spec, act=act, of=(project.name, stands.version))


def _acting(
    job: due_jobs.VersionJob, project: Project, stands: Deployment
) -> Callable[[Desk], str]:
    """Return what does a job by the specs that the version was made from."""
    return lambda desk: job.act(desk, of_version(desk, project, stands), stands.version)


def _of_home(desk: Desk, jobs: Sequence[due_jobs.HomeJob], spec: DueSpec) -> Iterator[Work]:
    for job in jobs:
        if job.name not in spec.off and job.wanted(desk):
            yield _work(desk, job, spec, act=job.act, of=("", ""))


def _work(
    desk: Desk,
    job: due_jobs.HomeJob | due_jobs.VersionJob,
    spec: DueSpec,
    *,
    act: Callable[[Desk], str],
    of: tuple[str, str],
) -> Work:
    clock_time = spec.clock_time(job.name)
    day = newest_day(desk.at, clock_time, spec.time_zone)
    return Work(
        model=of[0],
        version=of[1],
        job=job.name,
        says=job.says,
        day=day,
        due=begins(day, clock_time, spec.time_zone),
        act=act,
        after=job.after if isinstance(job, due_jobs.VersionJob) else (),
    )


def _with_steps(one: Work, held: dict[tuple[str, str, str, date], DayDone]) -> Work:
    mine = [day for key, day in held.items() if key[:3] == (one.model, one.version, one.job)]
    done = [day.day for day in mine if day.last.state == "done"]
    now = held.get((one.model, one.version, one.job, one.day))
    return replace(one, last=now.last if now else None, done_last=max(done, default=None))


def run_due(
    desk: Desk, projects: Sequence[Project], *, each: Callable[[], None] | None = None
) -> DueRun:
    """Return what was done of the work that is due; a job that fails stops no other.

    Args:
        desk: where, when, and who.
        projects: whose models.
        each: called after every job.

    Raises:
        BadInput: two projects are of one model, or policy/due.yaml is not what it must be.
    """
    spec = due_policy(desk.home.root)
    missed = keep_missed(desk, work(desk, projects))
    outcomes: list[Outcome] = []
    elsewhere: set[tuple[str, str, str]] = set()
    for one in work(desk, projects):
        state = one.state(desk.at, spec)
        busy = {(one.model, one.version, name) for name in one.after} & elsewhere
        if state == "in work" or busy:
            elsewhere.add((one.model, one.version, one.job))
            outcomes.append(_waits(one, "another process works on it, or on what it needs"))
        elif state == "due":
            found = _do(desk, one, spec)
            if found is None:
                elsewhere.add((one.model, one.version, one.job))
            outcomes.append(found or _waits(one, "another process was first"))
        if each is not None:
            each()
    outcomes += _at_every_run(desk, projects)
    return DueRun(tuple(outcomes), missed)


def require_done(found: DueRun) -> None:
    """Refuse to call a run well of which a job failed.

    Raises:
        AttendingError: of the kind of the worst failure; it names the jobs, why, and what to do.
    """
    if found.failed:
        names = "; ".join(f"{one.about} {one.job}: {one.says} ({one.code})" for one in found.failed)
        hints = "\n".join(dict.fromkeys(one.hint for one in found.failed if one.hint))
        worst = max(one.exit_code for one in found.failed)
        raise _BY_EXIT[worst](
            f"{len(found.failed)} of {len(found.outcomes)} jobs failed: {names}",
            code="due.failed",
            hint=hints,
        )


def _waits(one: Work, why: str) -> Outcome:
    return Outcome(one.about, one.job, "waits", why)


def _do(desk: Desk, one: Work, spec: DueSpec) -> Outcome | None:
    """Return what became of a job; None when another process was first."""
    claim = _claim(desk, one, spec)
    if claim is None:
        return None
    found = _tried(one.about, one.job, lambda: one.act(desk))
    content: dict[str, Any] = {**one.what, "says": found.says, "code": found.code}
    if found.state == "failed":
        content["tries"] = int(claim.content["tries"])
    after = replace(claim, step=claim.step + 1, state=found.state, until=None, content=content)
    return found if _keep(desk, after, seen=claim.step) else None


def _tried(about: str, job: str, act: Callable[[], str]) -> Outcome:
    try:
        return Outcome(about, job, "done", act())
    except AttendingError as error:
        says, code, hint = error.message, error.code, error.hint
        return Outcome(about, job, "failed", says, code, hint, error.exit_code)
    except _FAULTS as error:
        # What it says may hold a value; its kind may be told.
        says = f"it ended with {type(error).__name__}"
        hint = f"Run the step by its own verb to see where: see `attending {job} --help`."
        return Outcome(about, job, "failed", says, "due.crashed", hint, 5)


def _claim(desk: Desk, one: Work, spec: DueSpec) -> Step | None:
    """Return our claim on a job; None when another process has made a step since we looked."""
    last, now = one.last, to_micros(desk.at)
    before = int(last.content.get("tries", 0)) if last else 0
    step = Step(
        request_id=_id(one),
        channel=JOB,
        step=(last.step if last else 0) + 1,
        state="claimed",
        at=now,
        by=desk.actor,
        until=now + spec.lease,
        content={**one.what, "tries": before + 1},
    )
    return step if _keep(desk, step, seen=last.step if last else 0) else None


def _id(one: Work) -> str:
    return digest_of(one.what)[:32]


def _keep(desk: Desk, step: Step, *, seen: int) -> bool:
    """Return whether a step is kept: it is not when there is a newer one than was seen."""
    with desk.home.database.transaction() as unit:
        last = desk.home.deliveries.last(unit, step.request_id, JOB)
        if (last.step if last else 0) != seen:
            return False
        said = {name: step.content[name] for name in ("model", "version", "job", "day")}
        keep_step(desk, unit, step, kind=JOB, details=said)
    return True


def keep_missed(desk: Desk, asked: Sequence[Work]) -> int:
    """Return how many days are newly known to be missed: over, and the job was not done."""
    held = days_done(desk)
    count = 0
    for one in asked:
        mine = {
            day.day: day.last
            for day in held
            if (day.model, day.version, day.job) == (one.model, one.version, one.job)
        }
        first = max(min(mine, default=one.day), one.day - MOST_BACK)
        days = [first, *days_between(first, one.day)] if first < one.day else []
        for day in days:
            last = mine.get(day)
            if last is None or (last.state in {"claimed", "failed"} and not _held(last, desk.at)):
                count += _miss(desk, replace(one, day=day, last=last))
    return count


def _held(last: Step, at: Instant) -> bool:
    return last.state == "claimed" and from_micros(last.until or 0) > at


def _miss(desk: Desk, one: Work) -> int:
    seen = one.last.step if one.last else 0
    now = to_micros(desk.at)
    step = Step(_id(one), JOB, seen + 1, "missed", now, desk.actor, content=one.what)
    return int(_keep(desk, step, seen=seen))


def _at_every_run(desk: Desk, projects: Sequence[Project]) -> list[Outcome]:
    """Return what became of the work that is due at every run; it claims each of its steps."""
    found = []
    for project in projects:
        # First what protects readers; a version that was taken back sends no alert either.
        if rolling_back.in_service(desk, project):
            act = partial(rolling_back.watch, desk, project)
            found.append(_tried(project.name, "criteria", act))
        if due_jobs.versions(desk, project):
            act = partial(_deliver, desk, project)
            found.append(_tried(project.name, "deliver", act))
    if notifying.notify_policy(desk.home.root) is not None:
        found.append(_tried("home", "notify", lambda: _counted(notifying.notify(desk))))
    return found


def _deliver(desk: Desk, project: Project) -> str:
    made = delivering.deliver(desk, project)
    delivering.require_in_time(made)
    return _counted(made.counts)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {n}" for name, n in sorted(counts.items())) or "nothing to send"
