"""The specs that a run was made from: kept with it, and found again whatever is asked now.

They are kept as JSON in the order in which they were written, for the order of groups is the order
of a cohort's columns. A run of form 1 names the digests of three of them and kept none.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from attending.digests import digest_bytes
from attending.errors import BadInput, NotFound
from attending.lifecycle.provenance import file_at
from attending.records.run import Run
from attending.specs.base import dump
from attending.specs.cohort import CohortSpec
from attending.specs.contract import ContractSpec
from attending.specs.features import FeaturesSpec
from attending.specs.model import ModelSpec
from attending.specs.read_yaml import parse_spec
from attending.specs.validation import ValidationSpec

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.release import Deployment
    from attending.specs.base import Spec

#: The specs that a fit reads, and what each is.
KINDS: dict[str, type[Spec]] = {
    "contract": ContractSpec,
    "cohort": CohortSpec,
    "features": FeaturesSpec,
    "model": ModelSpec,
    "validation": ValidationSpec,
}


def specs_read(project: Project) -> dict[str, Spec]:
    """Return by file the specs that a fit reads."""
    return {name: getattr(project, name) for name in KINDS}


def spec_bytes(spec: Spec) -> bytes:
    """Return a spec as it is kept: its fields in their order, comments left out."""
    return json.dumps(dump(spec), ensure_ascii=False, indent=1).encode()


def spec_digests(project: Project) -> dict[str, str]:
    """Return by file the digests of the specs that a fit reads, as a run names them."""
    return {name: digest_bytes(spec_bytes(spec)) for name, spec in specs_read(project).items()}


def keep_specs(desk: Desk, project: Project) -> None:
    """Keep the specs that a fit reads."""
    for spec in specs_read(project).values():
        desk.home.artifacts.put(spec_bytes(spec))


def specs_that_differ(project: Project, run: Run) -> list[str]:
    """Return the files in which a project asks for something else than a run did."""
    now = specs_read(project)
    return [name for name, digest in _named(run).items() if not _is(now[name], digest, run)]


def _named(run: Run) -> dict[str, str]:
    first = {"cohort": run.cohort_spec, "features": run.feature_set, "model": run.model_spec}
    return run.specs or first


def _is(spec: Spec, digest: str, run: Run) -> bool:
    return digest == (digest_bytes(spec_bytes(spec)) if run.specs else spec.digest)


def asked_by(desk: Desk, project: Project, run: Run) -> Project:
    """Return a project as a run asked: from what was kept, the folder, or the run's own commit.

    Raises:
        NotFound: one of its specs is nowhere to be found.
        IntegrityBroken: a kept spec has other bytes than its name says.
    """
    said = {
        name: _found(desk, project, run, name=name, digest=digest)
        for name, digest in _named(run).items()
    }
    return replace(project, said=said)


#: What a version computes with. The contract is not among them: it is what the sources promise now.
_OF_A_VERSION = ("cohort", "features", "model", "validation")


def of_version(desk: Desk, project: Project, stands: Deployment) -> Project:
    """Return a project as a version of it was made, so that a newer one beside it changes nothing.

    The contract, the policy of the watch and the plan stay those of the folder.

    Raises:
        NotFound: the folder asks for something else now, and what was asked then is nowhere.
    """
    if project.adopted:
        return project
    run = desk.home.catalog.get(stands.run, Run)
    if not set(specs_that_differ(project, run)) & set(_OF_A_VERSION):
        return project
    said = asked_by(desk, project, run).said
    return replace(project, said={name: said[name] for name in _OF_A_VERSION if name in said})


def _found(desk: Desk, project: Project, run: Run, *, name: str, digest: str) -> Spec:
    if run.specs and digest in desk.home.artifacts:
        return KINDS[name].model_validate(json.loads(desk.home.artifacts.read(digest)))
    present = _or_none(project, name)
    if present is not None and _is(present, digest, run):
        return present
    text = file_at(project.folder.root, run.project_commit, f"{name}.yaml") if run.clean else None
    former = None if text is None else parse_spec(text, KINDS[name], name=f"{name}.yaml")
    if former is None or not _is(former, digest, run):
        raise NotFound(
            f"{name}.yaml is no longer what this run was made from, and was not kept",
            code="run.other_specs",
            hint="Check out the commit that the run names, then try again.",
            where=f"{name}.yaml",
        )
    return former


def _or_none(project: Project, name: str) -> Spec | None:
    """Return a spec of the folder, None where there is none that can be read."""
    try:
        found: Spec = getattr(project, name)
    except BadInput:
        return None
    return found
