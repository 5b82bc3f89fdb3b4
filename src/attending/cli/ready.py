"""The verb on ready features: what there is for a source, and a copy to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attending.cli.face import JsonOption, emit, table
from attending.lifecycle.constructs import chosen, ready_features, write_ready
from attending.specs.base import dump


def features_ready(
    source: Annotated[str, typer.Argument(help="How results are coded: loinc or mimic-iv.")],
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="A feature, with all that it is derived from; again for more."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Copy all of them into this new file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List ready features: comorbidities, encounters, vital signs, results, medications.

    Example: attending features ready mimic-iv --only charlson_index
    """
    spec = chosen(ready_features(source), only or [])
    lines = []
    if out is not None:
        lines.append(f"wrote {write_ready(source, out)}; every feature is a draft until approved")
    if not as_json and out is None:
        table(
            ("feature", "label", "kind", "aggregate", "unit"),
            [
                (one.name, one.label, one.kind, one.aggregate or "", one.unit or "")
                for one in spec.features
            ],
        )
    emit(dump(spec), as_json=as_json, lines=lines)
