"""Stages and versions: forward by a gate's decision, back by a signed act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from attending.errors import Denied, NotFound, Refused
from attending.lifecycle import witnessing
from attending.lifecycle.baselines import totals
from attending.lifecycle.carried import cohort_of
from attending.lifecycle.cohorts import built_cohort
from attending.lifecycle.desk import keep, note
from attending.lifecycle.emergencies import all_owed, roles_now
from attending.lifecycle.engines import engine_over
from attending.lifecycle.gating import check, require_allowed
from attending.lifecycle.holding import require_as_signed
from attending.lifecycle.parity import require_parity
from attending.lifecycle.people import authenticated
from attending.lifecycle.plans import require_own_plan, signed_plan
from attending.lifecycle.said_specs import spec_said
from attending.lifecycle.standing import standing_on
from attending.lifecycle.training import latest_run, require_built_here
from attending.records.adoption import AdoptedModel
from attending.records.decisions import AccessReview, RollbackDrill, SpecDocument
from attending.records.ledger import Subject
from attending.records.release import Deployment
from attending.records.run import Run
from attending.release import advance as steps
from attending.scores.registered import SCORES
from attending.serve.served import STAGES
from attending.specs.release import ReleaseSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.lifecycle.ward_facts import Judged
    from attending.records.governance import Person
    from attending.specs.release import Stage

#: Roles that may take a version back, and let it answer again.
_MAY_ACT = frozenset({"operator", "clinical_lead", "compliance_officer"})


class Planned(Protocol):
    """A model under a release plan: a project, or the plan that was signed for its version."""

    @property
    def name(self) -> str:
        """Return the model's name."""
        ...

    @property
    def release(self) -> ReleaseSpec:
        """Return how it is released and taken back."""
        ...


def advance(desk: Desk, project: Project, to_stage: Stage, *, run: str = "") -> Deployment:
    """Return where the run stands after one stage more; the gate is asked first.

    Raises:
        Refused: the gate is closed; every open condition is named with whose it is. Or the
            scoring process was seen to compute a feature otherwise than the table.
    """
    require_built_here(project)
    require_own_plan(project)
    require_parity(desk, project)
    _require_plan(desk, project, run)
    _require_reviews(desk, project)
    decision = check(desk, project, to_stage, run=run)
    require_allowed(decision)
    whole = desk.home.deployments.history(project.name)
    history = [item for item in whole if item.run == decision.run]
    stands = steps.advance(
        history[-1] if history else None, decision, to=to_stage, at=desk.at, by=desk.actor
    )
    if to_stage in STAGES:
        stands = steps.planned(stands, project.release.digest)
    with desk.home.database.transaction() as unit:
        desk.home.deployments.require_unchanged(unit, project.name, seen=_last(whole))
        if to_stage == "trained":
            version = desk.home.deployments.give_version(unit, model=project.name, run=decision.run)
            stands = steps.numbered(stands, version)
        digest = desk.home.deployments.enter(unit, stands, sites=_sites(project, stands))
        note(
            desk,
            unit,
            action="release.advance",
            subject=Subject(kind="deployment", digest=digest),
            details={"stage": to_stage, "version": stands.version, "decision": decision.digest},
        )
    return stands


def _require_plan(desk: Desk, project: Project, run: str) -> None:
    """Refuse a plan that was changed after it was signed, unless the change is signed too."""
    found = latest_run(desk, project, run)
    documents = desk.home.catalog.all(SpecDocument, model=project.name, spec="release")
    signed = [item for item in documents if standing_on(desk, item.digest)]
    stands = [one for one in desk.home.deployments.history(project.name) if one.run == found.digest]
    bound = {one.release_spec for one in stands if one.release_spec}
    if bound or signed:
        known = {item.spec_digest for item in signed}
        if project.release.digest not in known:
            newest = (signed or documents)[-1]
            require_as_signed(spec_said(newest, ReleaseSpec), project.release)


def _require_reviews(desk: Desk, project: Project) -> None:
    late = [one for one in all_owed(desk, project.name) if one.due <= desk.at]
    if late:
        raise Refused(
            f"{len(late)} reviews afterwards are overdue, the first of {late[0].what}",
            code="review.overdue",
            hint="See `attending review ls`.",
        )


def drifted(desk: Desk, project: Project) -> None:
    """Refuse when the plan in the project is not the one under which a version answers.

    Raises:
        Refused: naming what was changed, such as the threshold.
    """
    for stands in desk.home.deployments.standing(project.name).values():
        if stands.stage in STAGES and stands.release_spec is not None:
            require_as_signed(signed_plan(desk, stands).spec, project.release)


def status(desk: Desk, model: str = "") -> tuple[Deployment, ...]:
    """Return where every version of a model, or of all models, stands.

    Raises:
        NotFound: no such model here.
    """
    names = [model] if model else desk.home.deployments.models()
    found = tuple(item for name in names for item in desk.home.deployments.standing(name).values())
    if model and not found:
        raise NotFound("there is no such model here", code="model.missing")
    return found


def rollback(
    desk: Desk, project: Planned, *, person: str, passphrase: str, reason: str
) -> tuple[Deployment, ...]:
    """Return what stands after the version that answers was taken back, signed, at once."""
    signer = _actor(desk, person, passphrase)
    history = desk.home.deployments.history(project.name)
    made = steps.rollback(
        history, project.release.fallback, at=desk.at, by=signer.person_id, reason=reason
    )
    return _enter(desk, project, made, seen=history, action="release.rollback")


def disable(
    desk: Desk, project: Planned, *, person: str, passphrase: str, reason: str
) -> tuple[Deployment, ...]:
    """Return what stands after the version was stopped at once, signed."""
    signer = _actor(desk, person, passphrase)
    history = desk.home.deployments.history(project.name)
    made = steps.disable(_current(history), at=desk.at, by=signer.person_id, reason=reason)
    return _enter(desk, project, (made,), seen=history, action="release.disable")


def enable(
    desk: Desk, project: Planned, *, person: str, passphrase: str, reason: str
) -> tuple[Deployment, ...]:
    """Return what stands after a disabled version was let answer again, signed."""
    signer = _actor(desk, person, passphrase)
    history = desk.home.deployments.history(project.name)
    made = steps.enable(_current(history), at=desk.at, by=signer.person_id, reason=reason)
    return _enter(desk, project, (made,), seen=history, action="release.enable")


def _actor(desk: Desk, person: str, passphrase: str) -> Person:
    signer = authenticated(desk, person, passphrase)
    if not _MAY_ACT & set(roles_now(desk, signer)):
        raise Denied(
            "this act is signed by an operator, a clinical lead or a compliance officer",
            code="release.role",
            hint="Ask one of them.",
        )
    return signer


def _current(history: Sequence[Deployment]) -> Deployment:
    if not history:
        raise NotFound("no version of this model is here", code="model.missing")
    return history[-1]


def _last(history: Sequence[Deployment]) -> str | None:
    return history[-1].digest if history else None


def _sites(project: Planned, deployment: Deployment) -> tuple[str, ...]:
    """Return the sites that the plan names for a stage; every site when it names none."""
    planned = (item for item in project.release.stages if item.stage == deployment.stage)
    covers = next(planned, None)
    return (covers.sites if covers else ()) or project.release.scope.sites


def _enter(
    desk: Desk,
    project: Planned,
    made: Sequence[Deployment],
    *,
    seen: Sequence[Deployment],
    action: str,
) -> tuple[Deployment, ...]:
    """Return what was entered, unless somebody else acted on the model since it was seen."""
    with desk.home.database.transaction() as unit:
        desk.home.deployments.require_unchanged(unit, project.name, seen=_last(seen))
        for item in made:
            digest = desk.home.deployments.enter(unit, item, sites=_sites(project, item))
            note(
                desk,
                unit,
                action=action,
                subject=Subject(kind="deployment", digest=digest),
                details={"version": item.version, "serves": item.serves, "by": item.by},
            )
    return tuple(made)


def model_of_drill(desk: Desk, project: Project, name: str = "") -> Judged:
    """Return the run whose way back is walked, or the adopted model that stands here.

    Raises:
        NotFound: there is none.
    """
    if not project.adopted:
        return latest_run(desk, project, name)
    return desk.home.catalog.get(
        _current(desk.home.deployments.history(project.name)).run, AdoptedModel
    )


def drill_rollback(desk: Desk, project: Project, run: Judged) -> RollbackDrill:
    """Return the way back as it was walked in memory, with the fallback score computed for real.

    Raises:
        Refused: the fallback is a score, and the data of an adopted model are not here.
    """
    release = project.release
    current = _current(desk.home.deployments.history(project.name))
    live = Deployment.model_validate(
        {**current.model_dump(), "stage": "live", "serves": "version", "version": "v1"}
    )
    after = steps.rollback((live,), release.fallback, at=desk.at, by=desk.actor, reason="a drill")[
        -1
    ]
    lines = [f"a rollback from live leaves the version at {after.stage}, answering {after.serves}"]
    scored = 0
    if release.fallback.score is not None:
        if not isinstance(run, Run):
            raise Refused(
                "the fallback score cannot be computed: only the scores of this model come here",
                code="adopt.fallback",
                hint="Write fallback: {kind: none, downtime_pathway: ...} into release.yaml.",
            )
        cohort = built_cohort(desk, project, cohort_of(desk, run))
        score = SCORES.get(release.fallback.score)(release.fallback.parameters)
        found = totals(score, cohort.table, engine_over(desk, cohort.source))
        scored = int((~np.isnan(found)).sum())
        lines.append(f"{score.name} gave a score to {scored} of {len(found)} patients")
    lines.append(f"downtime pathway: {release.fallback.downtime_pathway}")
    drill = RollbackDrill(
        model=run.model,
        run=run.digest,
        serves_after=after.serves,
        fallback=release.fallback.score,
        rows_scored=scored,
        steps=tuple(lines),
    )
    keep(desk, drill, action="release.drill", keys={"model": run.model, "run": run.digest})
    return drill


def review_access(desk: Desk) -> AccessReview:
    """Return the review of keys, persons and ledger; keys are checked on opening the home."""
    report = witnessing.verify(desk)
    persons = desk.home.users.list()
    bare = sum(not person.roles for person in persons)
    review = AccessReview(
        ledger_entries=report.entries,
        ledger_root=report.root,
        persons=len(persons),
        without_role=bare,
        ok=report.ok and bool(persons) and not bare,
    )
    keep(desk, review, action="access.review")
    return review
