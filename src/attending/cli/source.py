"""Verbs on a hospital's own systems: what is new in its database."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from attending.cli.face import JsonOption, emit, progress, table
from attending.lifecycle.pulling import pull


def source_pull(
    queries: Annotated[Path, typer.Argument(help="The queries, such as database.yaml.")],
    address_file: Annotated[
        Path, typer.Option("--address-file", help="One line: the address. Only yours to read.")
    ],
    into: Annotated[Path, typer.Option("--into", help="A folder that is not there yet.")],
    after: Annotated[
        Path | None, typer.Option("--after", help="The folder of the last pull, to go on from.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Pull what is new from a database into a folder that `ingest mapped` reads.

    Example: attending source pull database.yaml --address-file db.address --into pulls/day-2
    """
    with progress("pulling") as each:
        found = pull(queries, address_file=address_file, into=into, after=after, each=each)
    if not as_json:
        table(("file", "rows", "watermark"), [(o.file, o.rows, o.watermark) for o in found])
    emit([asdict(one) for one in found], as_json=as_json, lines=[f"{into} is whole"])
