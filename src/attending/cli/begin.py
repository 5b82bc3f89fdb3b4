"""Verbs to begin with: new, demo."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from attending.cli.face import JsonOption, emit
from attending.cli.story import DEMO_EXAMPLE, tell
from attending.cli.tour import TOUR_YEARS, for_this_size, go_on
from attending.errors import BadInput
from attending.lifecycle.examples import copy_example

DEMO_PATIENTS = 8000
DEMO_YEARS = 4
_NEXT = "next: git init, change them, commit them"
_NEXT_ADOPTED = "next: change them, then `attending adopt SCORES --project FOLDER --by WHO`"


def new(
    folder: Annotated[Path, typer.Argument(help="Where the project will stand.")],
    example: Annotated[
        str, typer.Option("--from", help="The example to start from.")
    ] = DEMO_EXAMPLE,
    as_json: JsonOption = False,
) -> None:
    """Start a project from an example: YAML files with comments, to be changed and committed.

    Example: attending new my-project --from readmission-synthetic
    """
    made = copy_example(example, folder)
    files = sorted(path.name for path in made.iterdir())
    emit(
        {"folder": str(made), "files": files},
        as_json=as_json,
        lines=[f"{made}: {', '.join(files)}", _NEXT_ADOPTED if "adopt.yaml" in files else _NEXT],
    )


def demo(
    home: Annotated[Path, typer.Option("--home", help="A folder for the simulated home.")] = Path(
        ".attending-demo"
    ),
    seed: Annotated[int, typer.Option(help="Another seed, another hospital.")] = 7,
    patients: Annotated[int, typer.Option(help="How many patients.")] = DEMO_PATIENTS,
    fresh: Annotated[bool, typer.Option("--fresh", help="Remove an older demo first.")] = False,
    tour: Annotated[
        bool, typer.Option("--tour", help="Go on to three models in three stages, to be looked at.")
    ] = False,
) -> None:
    """Run the whole journey once on the synthetic hospital, told as it goes.

    Example: attending demo --seed 7 --home build/demo --fresh
    """
    if home.exists() and fresh:
        _remove(home)
    if tour:
        hospital = tell(home, seed=seed, patients=patients, years=TOUR_YEARS, edit=for_this_size)
        go_on(home, hospital)
    else:
        tell(home, seed=seed, patients=patients, years=DEMO_YEARS)


def _remove(home: Path) -> None:
    """Remove a folder only when it is plainly an older demo."""
    settings = home / "settings.yaml"
    if any(home.iterdir()) and not (
        settings.is_file() and "synthetic: true" in settings.read_text(encoding="utf-8")
    ):
        raise BadInput(
            "this folder is not an older demo and is left alone",
            code="demo.not_a_demo",
            hint="Name another with --home.",
            where=str(home),
        )
    shutil.rmtree(home)
