"""The audit: is the ledger whole, what happened to one thing, and who answered for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.digests import short
from attending.errors import AttendingError, NotFound
from attending.lifecycle.adopting import signed
from attending.lifecycle.carried import carried_of
from attending.lifecycle.incidents import incidents
from attending.lifecycle.snapshots import missing
from attending.records.adoption import Adoption
from attending.records.governance import Approval
from attending.records.prediction import OutcomeJoin
from attending.records.release import Retirement
from attending.records.run import Run
from attending.records.snapshot import Snapshot
from attending.records.validation import ValidationReport
from attending.times import format_instant

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.incidents import Standing
    from attending.records.ledger import LedgerEntry


def trail(desk: Desk, subject: str) -> tuple[LedgerEntry, ...]:
    """Return every entry about a digest or name; a digest may be given by its start.

    Raises:
        NotFound: nothing is known of it.
    """
    entries = desk.home.ledger.search(subject=subject)
    if not entries:
        entries = desk.home.ledger.search(subject=desk.home.catalog.find(subject))
    if not entries:
        raise NotFound("the ledger says nothing of this", code="audit.nothing")
    return entries


def is_prediction(desk: Desk, name: str) -> bool:
    """Return whether a name is the request id of a prediction."""
    try:
        desk.home.predictions.bound_by(name)
    except NotFound:
        return False
    return True


def ask(desk: Desk, *, model: str) -> dict[str, Any]:  # a JSON object
    """Return the five answers and the stages: approvals, data, metrics, incidents, retirement.

    Raises:
        NotFound: no such model here.
    """
    catalog = desk.home.catalog
    history = desk.home.deployments.history(model)
    if not history:
        raise NotFound("there is no such model here", code="model.missing")
    here = [run for run in catalog.all(Run, model=model) if carried_of(desk, run.digest) is None]
    pulled = {run.snapshot: catalog.get(run.snapshot, Snapshot) for run in here}
    digests = {line.digest for line in catalog.list(model=model)}
    return {
        "model": model,
        "stages": [
            f"{format_instant(item.effective_at)} {item.version or 'unnumbered'} {item.stage} "
            f"({item.act} by {item.by})"
            for item in history
        ],
        "approved": [
            f"{format_instant(item.signed_at)} {item.printed_name}, {item.role}: {item.meaning} of "
            f"{item.document_kind} {item.document}"
            for item in catalog.all(Approval)
            if item.document in digests
        ],
        "data_pulled": [
            f"{digest} from {found.source_system}, {_known_up_to(found)}"
            for digest, found in pulled.items()
        ]
        + _files(desk, model),
        "metrics": _metrics(desk, model),
        "incidents": [handled(item) for item in incidents(desk, model=model)],
        "retired": retired(desk, model),
    }


def _known_up_to(found: Snapshot) -> str:
    """Return until when the data reach; a calendar that is not real has no date to tell."""
    if not found.real_clock:
        return f"on a {found.time_zone} calendar: no real dates"
    return f"known up to {format_instant(found.watermark) if found.watermark else 'nothing'}"


def _files(desk: Desk, model: str) -> list[str]:
    """Return the files that were taken of a model that others built."""
    acts = desk.home.catalog.all(Adoption, model=model)
    found = [
        f"{one.scores.name}, {one.scores.rows:,} rows, SHA-256 {one.scores.file_digest}, "
        f"{'adopted' if signed(desk, one) else 'proposed, not signed'}"
        for one in acts
    ]
    taken = desk.home.catalog.list(OutcomeJoin.kind, model=model) if acts else ()
    if taken:
        last = desk.home.catalog.get(taken[-1].digest, OutcomeJoin)
        times = "time" if len(taken) == 1 else "times"
        found.append(
            f"files of scores and outcomes since, {len(taken):,} {times}, the newest SHA-256 "
            f"{last.snapshot} at {format_instant(taken[-1].made_at)}"
        )
    return found


def _metrics(desk: Desk, model: str) -> list[str]:
    """Return the AUROC of every report, and whether it is of an adoption that nobody signed."""
    catalog = desk.home.catalog
    acts: dict[str, bool] = {}
    for one in catalog.all(Adoption, model=model):
        acts[one.report] = acts.get(one.report, False) or signed(desk, one)
    said = {True: "; adopted", False: "; proposed, not signed"}
    return [
        f"{figure.label}: AUROC {estimate.value:.3f}, report {short(report.digest)}"
        + (said[acts[report.digest]] if report.digest in acts else "")
        for report in catalog.all(ValidationReport, model=model)
        for figure in report.figures
        if (estimate := report.estimate("auroc", model=figure.name)) and estimate.value is not None
    ]


def retired(desk: Desk, model: str) -> list[str]:
    """Return which versions of a model ended for good, when, by whom and why."""
    return [
        f"{item.version} at {format_instant(item.retired_at)} by {item.by}: {item.reason}"
        for item in desk.home.catalog.all(Retirement, model=model)
    ]


def handled(stands: Standing) -> str:
    """Return one incident in a line: what, how it was handled, how it stands."""
    told = stands.incident
    steps = [
        f"{one.step} by {one.done_by} at {format_instant(one.done_at)}{' (late)' * one.late}"
        for one in stands.done.values()
    ]
    touched = f"; {stands.impact.predictions} predictions touched" if stands.impact else ""
    return (
        f"{format_instant(told.opened_at)} {told.version} {told.type} ({told.harm} harm): "
        f"{told.title}: {', '.join(steps) or 'no step done'}{touched}; {stands.state}"
    )


def export(desk: Desk, folder: Path) -> Path:
    """Return the folder of an export that the standalone verifier reads."""
    return desk.home.ledger.export(folder)


def fsck(desk: Desk) -> dict[str, list[str]]:
    """Return what is damaged: artifacts, snapshots, rows, ledger; empty lists when all is well."""
    snapshots = []
    for name in desk.home.snapshots.list():
        try:
            desk.home.snapshots.verify(name)
        except AttendingError as error:
            snapshots.append(str(error.message))
    snapshots += [f"snapshot {short(digest)} is not here" for digest in missing(desk)]
    return {
        "artifacts": list(desk.home.artifacts.broken()),
        "snapshots": snapshots,
        "rows": [item.message for item in desk.home.check_rows()],
        "ledger": [item.message for item in desk.home.ledger.verify().findings],
    }
