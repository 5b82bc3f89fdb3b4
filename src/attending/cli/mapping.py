"""Verbs on mappings, and the ingest of what a mapping describes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attending.cli.face import JsonOption, emit, table
from attending.lifecycle import mapping

mapping_app = typer.Typer(help="Mappings: how files of any shape become events.")


@mapping_app.command("propose")
def mapping_propose(
    file: Annotated[Path, typer.Argument(help="One CSV or Parquet file.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the mapping here; else print it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look at a file and propose a mapping, with the questions it could not answer.

    Example: attending mapping propose labs.csv --out mapping.yaml
    """
    proposal = mapping.propose_for(file)
    text = mapping.as_yaml(proposal)
    if out is not None:
        mapping.write_new(text, out)
    content = {"mapping": proposal.mapping, "left_out": proposal.left_out}
    lines = [text] if out is None else [
        f"wrote {out}",
        f"{len(proposal.questions)} questions to answer in it:",
        *(f"  {number}. {one}" for number, one in enumerate(proposal.questions, start=1)),
    ]  # fmt: skip
    emit(content, as_json=as_json, lines=lines)


@mapping_app.command("check")
def mapping_check(
    file: Annotated[Path, typer.Argument(help="The mapping.")],
    data: Annotated[Path, typer.Option("--data", help="The folder of its files, or its one file.")],
    as_json: JsonOption = False,
) -> None:
    """Try a mapping on the first rows of each table; nothing is kept.

    Example: attending mapping check mapping.yaml --data labs.csv
    """
    trial = mapping.check(file, data)
    if not as_json:
        rows = [
            (t.table, t.rows_in, t.accepted, t.quarantined, t.rejected, t.duplicate, t.events)
            for t in trial.tables.values()
        ]
        table(("table", "in", "accepted", "quarantined", "rejected", "duplicate", "events"), rows)
    lines = [f"quarantined: {reason}: {count}" for reason, count in trial.quarantined.items()]
    lines += [f"rejected: {reason}: {count}" for reason, count in trial.rejected.items()]
    lines += [f"availability assumed: {one}" for one in trial.assumed]
    lines += [f"question: {one}" for one in trial.open]
    emit(trial.content(), as_json=as_json, lines=lines)
    mapping.require_answers(trial, where=str(file))
