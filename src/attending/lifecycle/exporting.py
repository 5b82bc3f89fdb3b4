"""Runs for other systems: an MLflow file store, or OpenLineage run events. Nothing is sent."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from attending import __version__
from attending.contract.quasi_identifiers import FEWEST
from attending.digests import short
from attending.documents.run_mlflow import experiment_file, experiment_of, run_files, run_id
from attending.documents.run_openlineage import event_lines, run_events
from attending.errors import BadInput, DependencyDown, NotFound, Refused, did_you_mean
from attending.lifecycle.desk import note
from attending.models.lightgbm_text import smallest_leaf
from attending.records.ledger import Subject

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.records.run import Run
    from attending.stores.records import Listed

FORMS = ("mlflow", "openlineage")


def export_run(desk: Desk, run: Run, *, to: str, into: Path) -> Path:
    """Return what was written of a run: its folder in an MLflow store, or its file of events.

    Args:
        desk: where and when.
        run: the run.
        to: `mlflow` or `openlineage`.
        into: the folder; made when it is not there.

    Raises:
        BadInput: another form, or the run was written there before; nothing is overwritten.
        Refused: a leaf of the model holds too few patients' rows to leave the house.
        DependencyDown: the folder cannot be written.
    """
    if to not in FORMS:
        raise BadInput(
            f"got --to '{to}', expected one of {', '.join(FORMS)}",
            code="export.form",
            hint=did_you_mean(to, FORMS),
            where="--to",
        )
    made = _listed(desk, run)
    if to == "mlflow":
        require_large_leaves(desk, run)
    try:
        write = _store if to == "mlflow" else _lines
        path = write(desk, run, made, into=into)
    except FileExistsError:
        raise BadInput(
            "this run was written there before, and is kept as it is",
            code="export.exists",
            hint="Name another folder.",
            where=str(into),
        ) from None
    except OSError as error:
        raise DependencyDown(
            f"the folder cannot be written: {error.strerror}", code="export.io", where=str(into)
        ) from None
    with desk.home.database.transaction() as unit:
        subject = Subject(kind="run", digest=made.digest)
        note(desk, unit, action="run.export", subject=subject, details={"to": to})
    return path


def require_large_leaves(desk: Desk, run: Run) -> None:
    """Refuse to let out a model that holds single patients: in a leaf of too few rows."""
    for item in run.artifacts:
        fewest = smallest_leaf(desk.home.artifacts.read(item.digest))
        if fewest is not None and fewest < FEWEST:
            raise Refused(
                f"a leaf of {item.name} holds {fewest} rows of the fit, fewer than {FEWEST}",
                code="export.small_leaf",
                hint=f"Fit again with min_data_in_leaf {FEWEST} or more.",
                where=item.name,
            )


def _listed(desk: Desk, run: Run) -> Listed:
    for line in desk.home.catalog.list("run", model=run.model):
        if line.digest == run.digest:
            return line
    raise NotFound("the run is not in this home", code="run.missing")


def _lines(_desk: Desk, run: Run, made: Listed, *, into: Path) -> Path:
    into.mkdir(parents=True, exist_ok=True)
    path = into / f"{run.model}-{short(made.digest)}.openlineage.ndjson"
    events = run_events(run, digest=made.digest, version=__version__, at=made.made_at)
    with path.open("xb") as stream:
        stream.write(event_lines(events))
    return path


def _store(desk: Desk, run: Run, made: Listed, *, into: Path) -> Path:
    root = into.resolve().as_uri()
    # Everything is read, and checked, before anything is written.
    files = run_files(
        run,
        digest=made.digest,
        root=root,
        at=made.made_at,
        by=made.made_by,
        artifacts=_artifacts(desk, run),
    )
    experiment = into / experiment_of(run.model)
    folder = experiment / run_id(made.digest)
    if folder.exists():
        raise FileExistsError(folder)
    # Beside its place first: what is cut off is never taken for a run, and is begun anew.
    scratch = folder.with_name(f".{folder.name}.part")
    if scratch.exists():
        shutil.rmtree(scratch)
    scratch.mkdir(parents=True)
    meta = experiment / "meta.yaml"
    if not meta.exists():
        meta.write_bytes(experiment_file(run.model, root=root, at=made.made_at))
    for name, data in files.items():
        path = scratch / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return scratch.rename(folder)


def _artifacts(desk: Desk, run: Run) -> dict[str, bytes]:
    """Return the record itself, the model's files and the specs that were kept."""
    shelf = desk.home.artifacts
    files = {f"model/{item.name}": shelf.read(item.digest) for item in run.artifacts}
    files |= {f"specs/{name}.json": shelf.read(digest) for name, digest in run.specs.items()}
    return {"run.json": run.as_bytes(), **files}
