"""What must be true of the work on the wards before people see a score, and while they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attending.govern.gates import Fact
from attending.govern.roles import ROLES, one_of
from attending.lifecycle import calendar, deploying, policies
from attending.lifecycle.incidents import incidents
from attending.lifecycle.notifying import notify_policy
from attending.lifecycle.signing import spec_document
from attending.lifecycle.standing import standing_on
from attending.lifecycle.witnessing import witnessed
from attending.records.decisions import AccessReview
from attending.records.monitoring import MonitorReport, Reference, SimulationReport, Verdict
from attending.release.checklist import remaining
from attending.specs.change_control import calendar_gaps
from attending.specs.notify import NotifySpec
from attending.times import DAY, to_micros

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.deployer import PaperName
    from attending.records.run import Run
    from attending.specs.release import Stage


class Judged(Protocol):
    """What a gate is asked about: a run, or a model that was adopted."""

    @property
    def model(self) -> str:
        """Return the name of the model."""
        ...

    @property
    def digest(self) -> str:
        """Return the digest of the record."""
        ...


_BLOCKING = frozenset({"freeze", "restrict", "fallback", "stop"})
#: Quiet years below which a trial of the policy shows too little.
FEWEST_YEARS = 20
#: The share of quiet years that may see a wrong stop or fallback, and of large shifts to be seen.
MOST_WRONG, LEAST_SEEN = 0.01, 0.9
#: What is told where nobody has reviewed who may do what.
NOT_REVIEWED = "not reviewed"


def _served_long(desk: Desk, project: Project, run: Judged, *, stage: Stage) -> Fact:
    entered = [
        item.effective_at
        for item in desk.home.deployments.history(run.model)
        if item.run == run.digest and item.stage == stage
    ]
    if not entered:
        return Fact("missing", note=f"never {stage}")
    left = remaining(project.release, stage, entered=entered[0], at=desk.at)
    if stage == "silent":
        least = policies.in_use(desk).spec.risk.get(project.release.risk_level)
        if least is None:
            level = project.release.risk_level
            return Fact("failed", note=f"the policy lets no model of {level} risk be seen")
        run_for = to_micros(desk.at) - to_micros(entered[0])
        left = max(left, least.silent_at_least - run_for)
    if left:
        return Fact("failed", note=f"{left // DAY + 1} days of the {stage} period are left")
    return Fact("met")


def silent_long(desk: Desk, project: Project, run: Judged) -> Fact:
    """Return whether the silent period of plan and policy is over."""
    return _served_long(desk, project, run, stage="silent")


def limited_long(desk: Desk, project: Project, run: Judged) -> Fact:
    """Return whether the limited period of the plan is over."""
    return _served_long(desk, project, run, stage="limited")


def no_block(desk: Desk, _project: Project, run: Judged) -> Fact:
    """Return whether a verdict of today lets the version be shown to more people."""
    verdict = desk.home.catalog.latest(Verdict, **_version(desk, run))
    if verdict is None or verdict.expires_at <= desk.at:
        return Fact("missing", note="there is no verdict today")
    if verdict.answer in _BLOCKING:
        return Fact("failed", verdict.digest, verdict.because)
    return Fact("met", verdict.digest)


def newest_report(desk: Desk, run: Judged) -> MonitorReport | None:
    """Return the newest monitor report of the version that a run has become."""
    return desk.home.catalog.latest(MonitorReport, **_version(desk, run))


def _version(desk: Desk, run: Judged) -> dict[str, str]:
    """Return the keys under which the records of a run's own version are kept."""
    stands = [one for one in desk.home.deployments.history(run.model) if one.run == run.digest]
    return {"model": run.model, "version": stands[-1].version if stands else ""}


def monitors_running(desk: Desk, project: Project, run: Judged) -> Fact:
    """Return whether the monitors answered for this version within the life of a verdict."""
    report = newest_report(desk, run)
    if report is None:
        return Fact("missing", note="no monitor has run for this version")
    age = to_micros(desk.at) - to_micros(report.at)
    if age > project.monitoring.expires:
        return Fact("failed", report.digest, "the newest report is too old to rest on")
    return Fact("met", report.digest)


def reviews_planned(_desk: Desk, project: Project, _run: Judged) -> Fact:
    """Return whether each topic of the checklist has a review that is often enough and owned."""
    open_topics = calendar_gaps(project.monitoring.reviews)
    if open_topics:
        return Fact("missing", note=f"no review covers {', '.join(open_topics)}")
    owners = {one.owner for one in project.monitoring.reviews}
    nobody = sorted(one for one in owners if not _has_owner(project, one))
    return Fact("failed", note=f"nobody is {', '.join(nobody)}") if nobody else Fact("met")


def _has_owner(project: Project, words: str) -> bool:
    named = calendar.owner_of(project.release.owners, words)
    return bool(named) or words.lower().replace(" ", "_") in ROLES


def change_agreed(desk: Desk, project: Project, _run: Judged) -> Fact:
    """Return whether the policy of monitoring and change has no gap and a clinical lead signed."""
    digest = spec_document(desk, project, "retraining")
    if left := project.monitoring.retraining.gaps:
        return Fact("missing", digest, "; ".join(left))
    if digest is None or not calendar.approved(desk, digest):
        return Fact("missing", digest, "monitoring.yaml as it stands is not signed")
    return Fact("met", digest)


def policy_tried(desk: Desk, project: Project, run: Judged) -> Fact:
    """Return whether the policy as it stands was tried on made-up years, and how it did there.

    It must leave a well model alone in 99 of 100 quiet years or more, ask for no more acts in a
    quiet year than the home's budget of messages has, and answer at least nine in ten of the large
    shifts that hold everywhere with a freeze or more within the year: a policy that alarms all the
    time sees every shift.
    """
    keys = _version(desk, run)
    report = desk.home.catalog.latest(SimulationReport, **keys)
    held = desk.home.catalog.latest(Reference, scope="all", **keys)
    why = _not_tried(report, project, reference=held.digest if held else "")
    if report is None or why:
        verb = f"run `attending monitor simulate --years {FEWEST_YEARS}`"
        return Fact("not_shown", report.digest if report else None, f"{why}: {verb}")
    large = [one for one in report.shifts if one.size == "large" and not one.site]
    runs, seen = sum(one.runs for one in large), sum(one.detected for one in large)
    if report.rate > MOST_WRONG:
        note = f"{report.wrong_stops} of {report.years} quiet years had a wrong stop or fallback"
        return Fact("failed", report.digest, note)
    if note := _asks_too_much(desk, report):
        return Fact("failed", report.digest, note)
    if seen < LEAST_SEEN * runs:
        return Fact("failed", report.digest, f"{seen} of {runs} large shifts were seen")
    return Fact("met", report.digest)


def _asks_too_much(desk: Desk, report: SimulationReport) -> str:
    """Return that a quiet year has more findings that ask for an act than the budget allows."""
    policy = notify_policy(desk.home.root) or NotifySpec()
    asks, most = report.actionable_per_year, policy.budget.act
    asks = report.acts_per_year if asks is None else asks
    if asks <= most:
        return ""
    return (
        f"{asks:.3g} findings of a quiet year ask for an act, {most} is the budget of "
        "policy/notify.yaml"
    )


def _not_tried(report: SimulationReport | None, project: Project, *, reference: str) -> str:
    """Return why a trial does not speak of the policy as it stands; empty when it does."""
    if report is None:
        return "the monitoring policy was not tried"
    if report.spec != project.monitoring.digest:
        return "monitoring.yaml has changed since it was tried"
    if report.reference != reference:
        return "the policy was tried against another reference"
    if report.years < FEWEST_YEARS:
        return f"it was tried on {report.years} quiet years, {FEWEST_YEARS} are asked for"
    return ""


def reviews_current(desk: Desk, project: Project, run: Judged) -> Fact:
    """Return whether no task of the review calendar is overdue."""
    stands = desk.home.deployments.current(run.model)
    late = calendar.overdue(desk, stands, asked=project.monitoring) if stands else ()
    return Fact("failed", note=f"overdue: {', '.join(late)}") if late else Fact("met")


def incidents_closed(desk: Desk, _project: Project, run: Judged) -> Fact:
    """Return whether no incident of the model is open."""
    left = incidents(desk, model=run.model, open_only=True)
    return Fact("failed", note=f"{len(left)} incidents are open") if left else Fact("met")


def way_back(_desk: Desk, project: Project, _run: Judged) -> Fact:
    """Return whether the plan says what happens when there is no score."""
    named = bool(project.release.fallback.downtime_pathway)
    return Fact("met") if named else Fact("failed", note="no downtime pathway")


def audited(desk: Desk, _project: Project, _run: Judged) -> Fact:
    """Return whether the ledger verifies against a witness that the store's user cannot change."""
    return witnessed(desk)


def safety_argued(desk: Desk, project: Project, run: Run) -> Fact:
    """Return whether the safety case is whole and a clinical lead approved it."""
    return _paper(desk, project, run, name="safety_case", roles=frozenset({"clinical_lead"}))


def downtime_ready(desk: Desk, project: Project, run: Run) -> Fact:
    """Return whether the downtime procedure is whole and signed by who runs service or wards."""
    roles: frozenset[str] = frozenset({"operator", "nurse_leader"})
    return _paper(desk, project, run, name="downtime", roles=roles)


def workflow_confirmed(desk: Desk, project: Project, run: Run) -> Fact:
    """Return whether the nurse leader confirmed task, steps and clicks."""
    return _paper(desk, project, run, name="workflow", roles=frozenset({"nurse_leader"}))


def _paper(
    desk: Desk, project: Project, run: Run, *, name: PaperName, roles: frozenset[str]
) -> Fact:
    if not project.folder.path("deployer").is_file() and "deployer" not in project.said:
        return Fact("missing", note="there is no deployer.yaml")
    paper = deploying.present_paper(desk, project, run, name=name)
    words = name.replace("_", " ")
    if paper is None:
        verb = "run `attending document write`"
        return Fact("missing", note=f"the {words} as it stands was not written: {verb}")
    if paper.missing:
        return Fact("missing", paper.digest, "; ".join(paper.missing))
    if not any(one.role in roles for one in standing_on(desk, paper.digest)):
        whose = " or ".join(sorted(roles)).replace("_", " ")
        return Fact("missing", paper.digest, f"the {words} is not signed by {one_of(whose)}")
    return Fact("met", paper.digest)


def guided(desk: Desk, project: Project, run: Run) -> Fact:
    """Return whether training is ready, and a nurse leader signed what each role goes by."""
    ready = training_ready(desk, project, run)
    if ready.status != "met":
        return ready
    return _paper(desk, project, run, name="role_guide", roles=frozenset({"nurse_leader"}))


def training_ready(desk: Desk, project: Project, _run: Judged) -> Fact:
    """Return whether the material is signed, and somebody of each role has completed it."""
    digest = spec_document(desk, project, "training_material")
    signed = standing_on(desk, digest) if digest else ()
    if not any(one.meaning == "approval" for one in signed):
        return Fact("missing", digest, "the training material as it stands is not signed")
    done = {one.role for one in deploying.trained(desk, project)}
    nobody = [one for one in project.release.training_material.required_roles if one not in done]
    if nobody:
        return Fact("missing", digest, f"nobody has completed it as {', '.join(nobody)}")
    return Fact("met", digest)


def owners_named(desk: Desk, project: Project, _run: Judged) -> Fact:
    """Return whether every owner that the plan names is an active person of this home."""
    active = {person.person_id for person in desk.home.users.list() if person.active}
    unknown = [
        role for role, who in project.release.owners.model_dump().items() if who not in active
    ]
    if unknown:
        return Fact("failed", note=f"not active persons here: {', '.join(unknown)}")
    return Fact("met")


def access_checked(desk: Desk, _project: Project, _run: Judged) -> Fact:
    """Return whether the newest review of who may do what found no fault."""
    review = desk.home.catalog.latest(AccessReview)
    if review is None:
        return Fact("missing", note=NOT_REVIEWED)
    note = "" if review.ok else "the review found faults"
    return Fact("met" if review.ok else "failed", review.digest, note)
