"""One trail from the source's data to the files that were deployed, with who approved what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.lifecycle.carried import carried_of
from attending.records.governance import Approval
from attending.records.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.lifecycle.desk import Desk
    from attending.records.run import Run
    from attending.types import Instant

#: What is made of a run and named by it, in the order of the journey.
_OF_A_RUN = (
    "replay",
    "promotion",
    "influence_report",
    "validation_report",
    "stability_report",
    "model_card",
    "gate_decision",
    "deployment",
)


@dataclass(frozen=True)
class Stop:
    """One stop of the trail: what it is, its digest, and when and by whom it was made or signed."""

    what: str
    digest: str
    said: str
    at: Instant | None = None
    by: str = ""


def trail(desk: Desk, run: Run) -> tuple[Stop, ...]:
    """Return every stop from the source to the deployment of a run's files, approvals with each.

    Raises:
        NotFound: a record of the trail is not here.
        IntegrityBroken: one is not what its digest says.
    """
    return tuple(with_approvals(desk, [*_before(desk, run), *_after(desk, run)]))


def _before(desk: Desk, run: Run) -> Iterator[Stop]:
    came = carried_of(desk, run.digest)
    if came is not None:
        said = f"from home {came.home_id}, {came.version} there; what it was made from is there"
        yield _made(desk, "carried_model", came.digest, said=said)
        yield from (Stop("artifact", item.digest, item.name) for item in run.artifacts)
        return
    snapshot = desk.home.catalog.get(run.snapshot, Snapshot)
    yield _made(desk, "snapshot", run.snapshot, said=f"from {snapshot.source_system}")
    if run.contract_report:
        yield _made(desk, "contract_report", run.contract_report)
    yield _made(desk, "cohort", run.cohort, said=f"label {run.label or 'as in the cohort'}")
    for line in desk.home.catalog.list("feature_set", cohort=run.cohort):
        yield _made(desk, "feature_set", line.digest, said=f"version {run.feature_version}")
    if run.agreement:
        yield _made(desk, "agreement", run.agreement)
    words = "exploratory" if run.exploratory else f"commit {run.project_commit}"
    yield _made(desk, "run", run.digest, said=words)
    for item in run.artifacts:
        yield Stop("artifact", item.digest, item.name)


def _after(desk: Desk, run: Run) -> Iterator[Stop]:
    for kind in _OF_A_RUN:
        for line in desk.home.catalog.list(kind, run=run.digest):
            said = _said(desk, kind, line.digest)
            yield Stop(kind, line.digest, said, line.made_at, line.made_by)


def _said(desk: Desk, kind: str, digest: str) -> str:
    found = desk.home.catalog.content(digest, kind=kind)  # checked against its digest
    if kind != "deployment":
        return ""
    files = ", ".join(sorted(found["artifacts"].values()))
    return f"{found['version'] or 'unnumbered'} {found['stage']}: {files}"


def _made(desk: Desk, what: str, digest: str, *, said: str = "") -> Stop:
    desk.home.catalog.content(digest)  # what stands in the trail is what its digest says
    entries = desk.home.ledger.search(subject=digest)
    first = entries[0] if entries else None
    return Stop(what, digest, said, first.at if first else None, first.actor if first else "")


def with_approvals(desk: Desk, stops: list[Stop]) -> Iterator[Stop]:
    """Yield each stop, then every approval of it."""
    for stop in stops:
        yield stop
        for item in desk.home.catalog.all(Approval, document=stop.digest):
            said = f"{item.printed_name}, {item.role}: {item.meaning} of this {stop.what}"
            yield Stop("approval", item.digest, said, item.signed_at, item.signer)
