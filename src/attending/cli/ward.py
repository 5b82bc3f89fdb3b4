"""Verbs of the synthetic hospital: write an extract, with faults on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attending.cli.face import JsonOption, emit, progress, table
from attending.lifecycle import simulating
from attending.times import parse_instant

hospital_app = typer.Typer(help="A synthetic hospital, with faults on demand.")


@hospital_app.command("write")
def hospital_write(
    folder: Annotated[Path, typer.Argument(help="A folder that is not there yet.")],
    patients: Annotated[int, typer.Option(help="How many patients.")] = 2000,
    years: Annotated[int, typer.Option(help="How many years.")] = 2,
    seed: Annotated[int, typer.Option(help="Another seed, another hospital.")] = 7,
    until: Annotated[
        str | None, typer.Option(help="Only what was recorded by this instant. Else all.")
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option("--fault", help="D06 or D06:all; again for each.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the extract of a synthetic hospital, wrong in the ways that are asked for.

    Example: attending hospital write extract --seed 7 --fault D08:no_unit
    """
    with progress("writing an extract"):
        made = simulating.build_hospital(patients=patients, years=years, seed=seed)
        end = parse_instant(until, where="--until") if until else made.plan.end
        touched = simulating.write_with_faults(made, folder, until=end, faults=fault or [])
    emit(
        {"folder": str(folder), "faults": touched},
        as_json=as_json,
        lines=[f"extract written to {folder}: SYNTHETIC"]
        + [f"fault {name}: {count} rows or cells" for name, count in touched.items()],
    )


@hospital_app.command("faults")
def hospital_faults(as_json: JsonOption = False) -> None:
    """List the faults that the hospital can plant.

    Example: attending hospital faults
    """
    found = simulating.known_faults()
    if not as_json:
        table(("fault", "what is wrong"), found)
    emit(dict(found), as_json=as_json)
