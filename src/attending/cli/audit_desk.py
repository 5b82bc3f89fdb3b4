"""Verbs of the audit desk beside the ledger's own: recall, search."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pyarrow.compute as pc
import typer

from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    ByOption,
    HomeOption,
    JsonOption,
    clock,
    emit,
    home_path,
    table,
)
from attending.digests import short
from attending.lifecycle import recalling, searching
from attending.times import parse_instant


def audit_recall(
    model: Annotated[str, typer.Argument(help="The model's name.")],
    purpose: Annotated[str, typer.Option(help="Why, in a sentence; it stands in the ledger.")],
    version: Annotated[str, typer.Option("--version", help="Who was scored by it: v3.")] = "",
    code_list: Annotated[str, typer.Option(help="Who was scored with it: chronic@7.")] = "",
    code: Annotated[str, typer.Option(help="Whose score saw an observation of it.")] = "",
    since: Annotated[str, typer.Option(help="The observation was made then or later.")] = "",
    until: Annotated[str, typer.Option(help="The observation was made before then.")] = "",
    site: Annotated[str, typer.Option(help="The observation was made there.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write the list here: .csv or .parquet.")] = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """List everyone who was scored by a version, with a code list, or with an observation.

    Example: attending audit recall readmission-30d --version v3
    --purpose "v3 read a wrong unit" --out v3.csv --by clara --home H
    """
    asked = recalling.Recall(
        model=model,
        version=version,
        code_list=code_list,
        code=code,
        since=parse_instant(since, where="--since") if since else None,
        until=parse_instant(until, where="--until") if until else None,
        site=site,
    )
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = recalling.recall(desk, asked, purpose=purpose)
    if out is not None:
        recalling.write(found, out)
    said = {
        "predictions": found.num_rows,
        "patients": len(pc.unique(found["subject_id"])),
        "file": "" if out is None else str(out),
    }
    emit(said, as_json=as_json, lines=[f"{key}: {value}" for key, value in said.items()])


def audit_search(
    words: Annotated[str, typer.Argument(help='Words; "two words" together, calib* by its start.')],
    model: Annotated[str, typer.Option(help="Only about this model.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the words of approvals, reports, cards and documents; the best hit comes first.

    Example: attending audit search "recalibrat* cardiac" --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        hits = searching.search(desk, words, model=model, limit=limit)
    if not as_json:
        table(
            ("digest", "kind", "title", "around"),
            [(short(one.digest), one.kind, one.title, one.around) for one in hits],
        )
    emit([vars(one) for one in hits], as_json=as_json)
