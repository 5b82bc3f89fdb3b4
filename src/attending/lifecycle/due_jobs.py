"""What is due in a home and for each version, in order: each job by name, and what does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.lifecycle import (
    canaries,
    digesting,
    scoring,
    sealing_events,
    watching,
    witnessing,
)
from attending.lifecycle.holding import require_held
from attending.lifecycle.plans import signed_plan
from attending.serve.served import STAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.release import Deployment
    from attending.specs.due import JobName


@dataclass(frozen=True)
class HomeJob:
    """A job of the whole home.

    Attributes:
        says: what it is for, in one sentence.
        act: does it, and says what it did.
        wanted: whether this home asks for it.
    """

    name: JobName
    says: str
    act: Callable[[Desk], str]
    wanted: Callable[[Desk], bool]


@dataclass(frozen=True)
class VersionJob:
    """A job of one version that scores.

    Attributes:
        act: does it for a version such as `v1`, and says what it did.
        wanted: whether the version asks for it.
        after: it waits while another process works on one of these.
    """

    name: JobName
    says: str
    act: Callable[[Desk, Project, str], str]
    wanted: Callable[[Desk, Deployment], bool]
    after: tuple[JobName, ...] = ()


def versions(desk: Desk, project: Project) -> tuple[Deployment, ...]:
    """Return the versions of a model that score, the oldest first."""
    standing = desk.home.deployments.standing(project.name).values()
    scoring_now = [one for one in standing if one.stage in STAGES]
    return tuple(sorted(scoring_now, key=lambda one: int(one.version[1:])))


def _always(_desk: Desk, _stands: Deployment) -> bool:
    return True


def _in_batches(desk: Desk, stands: Deployment) -> bool:
    """Return whether the signed plan delivers by batches."""
    return any(one.pattern == "batch" for one in signed_plan(desk, stands).spec.delivery)


def _files(desk: Desk, project: Project, version: str) -> str:
    """Read and check the model's files, and the signatures that let it through."""
    served = scoring.served_version(desk, project, version=version)
    require_held(desk, scoring.deployed(desk, project, version))
    return f"{len(served.bundle.names)} inputs; files and signatures are as they were signed"


def _score(desk: Desk, project: Project, version: str) -> str:
    made = scoring.score(desk, project, version=version).record
    return f"{made.n} predictions, {made.n_no_score} without a score"


def _outcomes(desk: Desk, project: Project, version: str) -> str:
    joined = scoring.join_outcomes(desk, project, version=version)
    return f"{joined.n_matured} mature, {joined.n_immature} not yet"


def _canaries(desk: Desk, project: Project, version: str) -> str:
    found = canaries.check_canaries(desk, project, version=version)
    if found.quiet:
        return f"{found.n} as when the release was made"
    n = len(found.changed) or found.n
    return f"{n} of {found.n} changed; incident {(found.incident or '')[:8]}"


def _monitor(desk: Desk, project: Project, version: str) -> str:
    report = watching.monitor(desk, project, version=version)
    verdict = watching.give_verdict(desk, project, version=version)
    return f"{verdict.answer}, {len(report.findings)} findings"


def _has_witnesses(desk: Desk) -> bool:
    return (desk.home.folder("policy") / "witnesses.yaml").is_file()


def _witness(desk: Desk) -> str:
    made, delivered = witnessing.checkpoint(desk)
    witnessing.require_delivered(delivered)
    return f"checkpoint over {made.size} entries at {len(delivered)} places"


#: Jobs of the home that come before those of the versions, and after them.
FIRST: tuple[HomeJob, ...] = (
    HomeJob(
        "seal",
        "Events that feeds pushed, as a snapshot.",
        sealing_events.seal_events,
        sealing_events.wants_seal,
    ),
)
LAST: tuple[HomeJob, ...] = (
    HomeJob(
        "witness", "A signed checkpoint of the ledger to its witnesses.", _witness, _has_witnesses
    ),
    HomeJob(
        "digest",
        "The page of the day, to whom policy/notify.yaml names.",
        digesting.send_page,
        digesting.wants_page,
    ),
)
VERSION_JOBS: tuple[VersionJob, ...] = (
    VersionJob(
        "files", "The model's files and signatures, held against their digests.", _files, _always
    ),
    VersionJob("canaries", "Canary patients, scored as at their release.", _canaries, _always),
    VersionJob(
        "score", "Everyone who is due, for plans that deliver by batch.", _score, _in_batches
    ),
    VersionJob("outcomes", "Outcomes that have matured.", _outcomes, _always, after=("score",)),
    VersionJob(
        "monitor",
        "Drift, and the verdict of the day.",
        _monitor,
        _always,
        after=("score", "outcomes", "canaries"),
    ),
)
