"""Verbs of the synthetic hospital: write an extract, with a fault in it when asked; list faults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attending.cli.face import JsonOption, emit, progress, table
from attending.lifecycle import simulating
from attending.times import parse_instant


def hospital_write(
    folder: Annotated[Path, typer.Argument(help="Where the extract will stand; a new folder.")],
    fault: Annotated[
        str, typer.Option(help="What goes wrong, such as D08; see `attending hospital faults`.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Another seed, another hospital.")] = 7,
    patients: Annotated[int, typer.Option(help="How many patients.")] = 1000,
    years: Annotated[int, typer.Option(help="How many years.")] = 2,
    until: Annotated[str, typer.Option(help="The moment of the extract. Else the end.")] = "",
    since: Annotated[str, typer.Option(help="From when the fault acts. Else half way.")] = "",
    site: Annotated[str, typer.Option(help="Where a fault of one site acts.")] = "VALLEY",
    as_json: JsonOption = False,
) -> None:
    """Write the synthetic hospital's extract; with --fault, with one thing wrong in it.

    Example: attending hospital write extracts/D08 --fault D08 --patients 500
    """
    with progress("writing the hospital"):
        written = simulating.write_hospital(
            folder,
            simulating.build_hospital(patients=patients, years=years, seed=seed),
            fault=fault,
            until=parse_instant(until, where="--until") if until else None,
            since=parse_instant(since, where="--since") if since else None,
            site=site,
        )
    rows = sum(written.rows.values())
    planted = f"; {fault} touched {written.planted} of them" if fault else ""
    emit(
        {
            "folder": str(folder),
            "fault": fault,
            "rows": written.rows,
            "planted": written.planted,
            "synthetic": True,
        },
        as_json=as_json,
        lines=[f"{folder}: {rows} rows of a SYNTHETIC hospital{planted}"],
    )


def hospital_faults(as_json: JsonOption = False) -> None:
    """List the faults that can be planted, and what each does.

    Example: attending hospital faults
    """
    found = simulating.faults()
    if not as_json:
        table(("fault", "what goes wrong"), list(found.items()))
        return
    emit({"faults": found}, as_json=True)
