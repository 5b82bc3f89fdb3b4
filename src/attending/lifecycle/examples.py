"""The example projects that come with the source, and a copy of one to start from."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import attending
from attending.errors import BadInput, DependencyDown, did_you_mean
from attending.specs.base import dump
from attending.specs.deployer import DeployerSpec
from attending.specs.read_yaml import read_spec
from attending.specs.release import ReleaseSpec

#: What lies beside the specs of an example, and is no part of another project.
_NOT_SAID = ("*.py", "model.json", "__pycache__")


def examples_folder() -> Path:
    """Return the folder of the example projects.

    Raises:
        DependencyDown: they were not installed with the program.
    """
    folder = Path(attending.__file__).resolve().parents[2] / "examples"
    if not folder.is_dir():
        raise DependencyDown(
            "the example projects are not here",
            code="examples.missing",
            hint="Run from a checkout of the source.",
        )
    return folder


def shipped_release() -> dict[str, Any]:  # a JSON object
    """Return the release plan that projects begin from, as its template says it."""
    folder = examples_folder() / "readmission-synthetic"
    return dump(read_spec(folder / "release.yaml", ReleaseSpec))


def shipped_deployer() -> dict[str, Any]:  # a JSON object
    """Return deployer.yaml as its template says it."""
    folder = examples_folder() / "readmission-synthetic"
    return dump(read_spec(folder / "deployer.yaml", DeployerSpec))


def copy_example(name: str, into: Path) -> Path:
    """Return the folder of a new project, copied from an example.

    Raises:
        BadInput: no such example, or there is something at the place already.
    """
    known = sorted(path.name for path in examples_folder().iterdir() if path.is_dir())
    if name not in known:
        raise BadInput(
            f"got example '{name}'", code="examples.unknown", hint=did_you_mean(name, known)
        )
    if into.exists() and any(into.iterdir()):
        raise BadInput(
            "there is something here already",
            code="project.exists",
            hint="Name a folder that is not there yet.",
            where=str(into),
        )
    shutil.copytree(
        examples_folder() / name,
        into,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns(*_NOT_SAID),
    )
    return into
