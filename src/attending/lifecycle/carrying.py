"""A model carried to another hospital: one signed file out, and in as *trained* at most."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

from attending.digests import canonical, digest_bytes
from attending.errors import BadInput, IntegrityBroken, Refused
from attending.govern import bundle_verifier, model_bundle_verifier, standalone_verifier
from attending.lifecycle.desk import keep_in, note
from attending.lifecycle.exporting import require_large_leaves
from attending.lifecycle.papers import keep_page, newest_pages
from attending.lifecycle.recalibrating import files_of
from attending.lifecycle.run_specs import asked_by, spec_bytes, specs_read
from attending.lifecycle.signing import approvals_on
from attending.models.bundle import read_bundle
from attending.records.base import from_content
from attending.records.card import ModelCard
from attending.records.carried import CarriedModel, ModelBundle
from attending.records.ledger import Subject
from attending.records.release import Deployment
from attending.records.run import Run
from attending.records.validation import ValidationReport
from attending.specs.base import dump
from attending.specs.cohort import CohortSpec
from attending.specs.features import FeaturesSpec
from attending.specs.model import ModelSpec
from attending.specs.validation import ValidationSpec
from attending.specs.write_yaml import write_yaml
from attending.stores import model_bundle as parts
from attending.stores.bundle_files import packed
from attending.stores.checkpoints import list_signature, origin_of, verifier_key
from attending.stores.files import write_once

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.specs.base import Spec
    from attending.stores.model_bundle import Opened

#: The specs that are carried; contract, plan and monitors are each hospital's own.
_CARRIED: dict[str, type[Spec]] = {
    "cohort": CohortSpec,
    "features": FeaturesSpec,
    "model": ModelSpec,
    "validation": ValidationSpec,
}
_LISTS = "code_lists"
#: Fewer of anything may tell of a person.
_FEWEST = 11
_README = b"""A model bundle of attending: one model, to be carried to another hospital.

Verify it with Python alone, by verifiers that you got from a place that you trust:

    python -I -S model_bundle_verifier.py BUNDLE.tar [KEYS]

list.json names every file by its SHA-256 and is signed. model/ holds the model's files, specs/ who
is predicted for and by which features, code_lists/ the project's own lists, documents/ the card and
the validation report of the first hospital, records/ the signatures on them. No row of a patient is
in it. What was shown there is not shown elsewhere: it comes in as trained, at most.
"""


def export_model(desk: Desk, project: Project, path: Path, *, version: str = "") -> ModelBundle:
    """Return the list of a model bundle, now written; the export is an entry of the ledger.

    Args:
        desk: where, when and who.
        project: whose model it is, with its specs as the run asked.
        path: a file that is not there yet.
        version: such as `v1`; the newest when empty.

    Raises:
        BadInput: there is a file.
        Refused: no version is trained, or model or record tell of few patients.
    """
    if path.exists():
        raise BadInput("there is a file already", code="export.exists", where=str(path))
    stands = _standing(desk, project, version)
    run = desk.home.catalog.get(stands.run, Run)
    require_large_leaves(desk, run)
    _require_no_small_count(run)
    files = {
        "README.txt": _README,
        parts.KEYS: _keys(desk),
        parts.RUN: run.as_bytes(),
        **{f"{parts.MODEL}{name}": data for name, data in files_of(desk, run).items()},
        **_specs(desk, project, run),
        **_papers(desk, run),
        **_verifiers(),
    }
    listed = ModelBundle(
        home_id=desk.home.settings.home_id,
        synthetic=desk.home.synthetic,
        model=run.model,
        run=run.digest,
        version=stands.version,
        stage=stands.stage,
        made_at=desk.at,
        files={name: digest_bytes(data) for name, data in files.items()},
    )
    content = listed.as_bytes()
    signature = desk.home.sign(content)
    signed = list_signature(listed.home_id, desk.home.public_keys()[0], signature)
    with desk.home.database.transaction() as unit:
        details = {"to": "model bundle", "version": stands.version, "list": listed.digest}
        subject = Subject(kind="run", digest=run.digest)
        note(desk, unit, action="release.export", subject=subject, details=details)
    write_once(path, packed({**files, parts.LIST: content, parts.SIGNATURE: signed}), mode=0o600)
    return listed


def verify_model(path: Path, *, held: Path | None = None) -> Opened:
    """Return a bundle, once every byte of it is what was signed; no home is needed.

    Raises:
        BadInput: there is no such file.
        IntegrityBroken: a byte was changed, or another key signed it than one that is held.
    """
    return parts.open_model_bundle(path, held=held)


def import_model(desk: Desk, path: Path, *, held: Path, into: Path) -> Deployment:
    """Return where a carried model stands here: trained, whatever it was elsewhere.

    Args:
        desk: where, when and who.
        path: of the bundle.
        held: keys of the other home, got by another way than the bundle.
        into: a folder that is not there yet, for the specs.

    Raises:
        IntegrityBroken: a byte was changed, or the key is not one that is held.
        Refused: it is made up and this home is not, or the model is here already.
        BadInput: there is something at the place of the specs.
    """
    opened = parts.open_model_bundle(path, held=held)
    run = _run_of(desk, opened)
    if into.exists() and any(into.iterdir()):
        raise BadInput("there is something here already", code="project.exists", where=str(into))
    for name, data in opened.files.items():
        if name.startswith((parts.MODEL, parts.SPECS)):
            desk.home.artifacts.put(data)
    carried = CarriedModel(
        model=run.model,
        run=run.digest,
        home_id=opened.listed.home_id,
        version=opened.listed.version,
        stage=opened.listed.stage,
        bundle=opened.listed.digest,
        key=opened.key.hex(),
    )
    stands = _enter(desk, run, carried)
    _keep_papers(desk, opened, carried)
    _write_specs(opened, into)
    return stands


def _standing(desk: Desk, project: Project, version: str) -> Deployment:
    known = [one for one in desk.home.deployments.standing(project.name).values() if one.version]
    found = [one for one in known if version in {"", one.version} and one.stage != "retired"]
    if not found:
        raise Refused(
            "no version of this model is trained here",
            code="carry.not_trained",
            hint="See `attending release status`.",
        )
    return max(found, key=lambda one: int(one.version[1:]))


def _require_no_small_count(run: Run) -> None:
    """Refuse a record that counts a few patients or events."""
    counts = [n for one in run.split.slices for n in (one.rows, one.events, one.patients)]
    split = run.split
    counts += [split.unlabelled, split.ungrouped, split.purged, split.embargoed]
    counts += [split.overlap_patients, split.overlap_rows, split.encounter_rows]
    few = sum(one is not None and 0 < one < _FEWEST for one in counts)
    if few:
        raise Refused(
            f"the run's record holds {few} counts of 1 to {_FEWEST - 1}, which may tell of persons",
            code="export.small_cells",
            hint="Fit on more rows, or let the other hospital fit the same specs on its own.",
        )


def _keys(desk: Desk) -> bytes:
    origin = origin_of(desk.home.settings.home_id)
    return "".join(f"{verifier_key(origin, key)}\n" for key in desk.home.public_keys()).encode()


def _specs(desk: Desk, project: Project, run: Run) -> dict[str, bytes]:
    """Return the specs that the run was made from, and the code lists of the project."""
    asked = specs_read(asked_by(desk, project, run))
    found = {f"{parts.SPECS}{name}.json": spec_bytes(asked[name]) for name in _CARRIED}
    lists = sorted((project.folder.root / _LISTS).glob("*.yaml"))
    return found | {f"{_LISTS}/{one.name}": one.read_bytes() for one in lists}


def _papers(desk: Desk, run: Run) -> dict[str, bytes]:
    """Return card and validation report as pages, with the signatures on them."""
    shown, found = newest_pages(desk), {}
    for name, kind in (("card", ModelCard), ("validation_report", ValidationReport)):
        record = desk.home.catalog.latest(kind, run=run.digest)
        if record is None:
            continue
        found[f"{parts.RECORDS}{name}.json"] = record.as_bytes()
        if record.digest in shown:
            page = desk.home.artifacts.read(shown[record.digest])
            found[f"{parts.DOCUMENTS}{name}.html"] = page
        for one in approvals_on(desk, record.digest):
            found[f"{parts.RECORDS}approval-{one.digest}.json"] = one.as_bytes()
    return found


def _verifiers() -> dict[str, bytes]:
    modules = (model_bundle_verifier, bundle_verifier, standalone_verifier)
    paths = [Path(str(module.__file__)) for module in modules]
    return {f"verify/{path.name}": path.read_bytes() for path in paths}


def _run_of(desk: Desk, opened: Opened) -> Run:
    """Return the run of a bundle, once its files are those that it names and can be read.

    Raises:
        IntegrityBroken: the record is another one, or its files are.
        Refused: made up, here already, or files that are no model.
    """
    try:
        run: Run = from_content(Run, json.loads(opened.files[parts.RUN]))
    except (KeyError, ValueError):
        raise IntegrityBroken("the run of the bundle cannot be read", code="bundle.run") from None
    named = {one.name: one.digest for one in run.artifacts if "/" not in one.name}
    files = {
        name.removeprefix(parts.MODEL): data
        for name, data in opened.files.items()
        if name.startswith(parts.MODEL)
    }
    same = named == {name: digest_bytes(data) for name, data in files.items()}
    if run.digest != opened.listed.run or canonical(run.content()) != opened.files[parts.RUN]:
        same = False
    if not same:
        raise IntegrityBroken("the run of the bundle names other files", code="bundle.run")
    if opened.listed.synthetic and not desk.home.synthetic:
        raise Refused(
            "the model was made from made-up patients, and this home has real ones",
            code="carry.synthetic",
            hint="Try it in a home of made-up patients, such as `attending demo` makes.",
        )
    if desk.home.catalog.list(Run.kind, model=run.model):
        history = desk.home.deployments.history(run.model)
        if any(one.run == run.digest for one in history):
            raise Refused("this very model is here already", code="carry.here")
    read_bundle(files)
    return run


def _enter(desk: Desk, run: Run, carried: CarriedModel) -> Deployment:
    """Return the deployment at *trained*, kept with the run and how it came."""
    keys = {"model": run.model, "run": run.digest}
    with desk.home.database.transaction() as unit:
        desk.home.catalog.put(unit, run, at=desk.at, by=desk.actor, keys={"model": run.model})
        details = {"from": carried.home_id, "version": carried.version, "stage": carried.stage}
        keep_in(desk, unit, carried, action="release.import", keys=keys, details=details)
        stands = Deployment(
            model=run.model,
            version=desk.home.deployments.give_version(unit, model=run.model, run=run.digest),
            stage="trained",
            run=run.digest,
            artifacts={one.name: one.digest for one in run.artifacts if "/" not in one.name},
            act="import",
            serves="none",
            effective_at=desk.at,
            by=desk.actor,
            reason=f"carried from home {carried.home_id}, {carried.version} there",
        )
        digest = desk.home.deployments.enter(unit, stands)
        subject = Subject(kind="deployment", digest=digest)
        note(desk, unit, action="release.import", subject=subject, details={"stage": "trained"})
    return stands


def _keep_papers(desk: Desk, opened: Opened, carried: CarriedModel) -> None:
    """Keep the other hospital's pages; they are read here and count for nothing."""
    for name in ("card", "validation_report"):
        page = opened.files.get(f"{parts.DOCUMENTS}{name}.html")
        if page is not None:
            title = f"{name.replace('_', ' ').capitalize()} of the other hospital"
            keep_page(desk, page, of=carried.digest, title=title)


def _write_specs(opened: Opened, into: Path) -> None:
    """Write the specs as YAML, and the code lists, into a new folder."""
    into.mkdir(parents=True, exist_ok=True)
    for name, kind in _CARRIED.items():
        spec = kind.model_validate(json.loads(opened.files[f"{parts.SPECS}{name}.json"]))
        text = io.StringIO()
        write_yaml(dump(spec), text)
        (into / f"{name}.yaml").write_text(text.getvalue(), encoding="utf-8")
    for name, data in opened.files.items():
        if name.startswith(f"{_LISTS}/"):
            (into / _LISTS).mkdir(exist_ok=True)
            (into / name).write_bytes(data)
