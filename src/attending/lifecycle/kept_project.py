"""A project as the home keeps it: the specs of a run, and the plan that was proposed last.

Pages have no folder of specs. What a run was made from is kept with it, and what is to be signed
is kept when it is proposed, so that a page asks the same functions as the command line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from attending.errors import Refused
from attending.lifecycle.projects import Project
from attending.lifecycle.run_specs import KINDS
from attending.lifecycle.said_specs import spec_said
from attending.records.decisions import SpecDocument
from attending.specs.project import ProjectFolder
from attending.specs.release import ReleaseSpec

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.run import Run
    from attending.specs.base import Spec

#: No folder stands behind it: a spec that the home does not keep cannot be read.
_NOWHERE = Path("(kept in the home)")


def proposed_plan(desk: Desk, model: str) -> ReleaseSpec | None:
    """Return the release plan that was proposed last, None when none was."""
    found = desk.home.catalog.latest(SpecDocument, model=model, spec="release")
    return spec_said(found, ReleaseSpec) if found else None


def kept_project(desk: Desk, run: Run, *, plan: ReleaseSpec | None = None) -> Project:
    """Return a project as a run asked, under a plan; the one that was proposed last when none.

    Raises:
        Refused: no plan was proposed, or the run kept no specs.
        IntegrityBroken: a kept spec has other bytes than its name says.
    """
    release = plan or proposed_plan(desk, run.model)
    if release is None:
        raise Refused(
            "no release plan was proposed for this model",
            code="threshold.no_plan",
            hint="Run `attending release propose` in the project first.",
        )
    said: dict[str, Spec] = {"release": release}
    for name, digest in (run.specs or {}).items():
        if digest in desk.home.artifacts:
            said[name] = KINDS[name].model_validate(json.loads(desk.home.artifacts.read(digest)))
    if not {"model", "validation"} <= set(said):
        raise Refused(
            "this run is of a release that kept no specs with it",
            code="run.no_specs",
            hint="Use `attending validate threshold` in the project's folder.",
        )
    return Project(folder=ProjectFolder(root=_NOWHERE), said=said)
