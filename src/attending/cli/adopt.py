"""Verbs that take in a model in use: adopt, release enter, intake scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    ByOption,
    HomeOption,
    JsonOption,
    ProjectOption,
    clock,
    emit,
    home_path,
    progress,
    table,
)
from attending.lifecycle import adopted_feed, adopting, papers
from attending.lifecycle.projects import open_project
from attending.times import format_instant

if TYPE_CHECKING:
    from attending.records.adoption import ScoreParity
    from attending.records.predictions_file import ColumnRead

_MOST_SHOWN = 100


def adopt(
    scores: Annotated[
        Path, typer.Argument(help="CSV (also .gz) or Parquet: the scores, and what came of them.")
    ],
    model: Annotated[
        Path | None,
        typer.Option("--model", help="Its file: XGBoost JSON, LightGBM text or ONNX."),
    ] = None,
    mlflow: Annotated[
        Path | None, typer.Option("--mlflow", help="The folder of the MLflow run that made it.")
    ] = None,
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Propose to govern a model that others built: its scores judged, and what is not shown.

    Example: attending adopt history.csv --model model.json --project P --by dana --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        with progress("judging the scores, drawing report and card"):
            found = adopting.propose(desk, asked, scores, model=model, mlflow=mlflow)
        pages = {
            name: str(desk.home.artifacts.path(papers.page_of(desk, digest)))
            for name, digest in (("report", found.report), ("card", found.card))
        }
    if not as_json:
        table(
            ("not shown", "why, or what to do"),
            [(one.name, one.note) for one in found.accepts[:_MOST_SHOWN]],
            whole=("not shown",),
        )
    emit(
        {"digest": found.digest, **found.content(), "pages": pages},
        as_json=as_json,
        lines=[
            *(f"taken: {_column(one)}" for one in found.scores.columns),
            f"scores: {found.scores.used:,} with an outcome, of {found.scores.rows:,}",
            *(f"note: {note}" for note in found.scores.notes),
            f"the model file gives the old scores: {_parity(found.parity)}",
            f"{found.met} conditions met, {len(found.accepts)} not shown",
            f"report {pages['report']}",
            f"card {pages['card']}",
            f"to sign: release plan {found.release}",
            f"to sign: adoption {found.digest}, accepted until {format_instant(found.expires_at)}",
            "then: attending release enter",
        ],
    )


def _column(one: ColumnRead) -> str:
    """Return which column was taken as what, in one line."""
    how = f"column '{one.column}', {one.found}"
    return f"{one.taken_as} = {how}" + (f"; {one.reading}" if one.reading else "")


def _parity(found: ScoreParity | None) -> str:
    return f"all {found.rows:,} to {found.within:g}" if found else "not asked"


def release_enter(
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Let an adopted model enter its stage, once its adoption and its release plan are signed.

    Example: attending release enter --project P --by omar --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        stands = adopting.enter(desk, asked)
    emit(
        {"digest": stands.digest, **stands.content()},
        as_json=as_json,
        lines=[f"{stands.model}@{stands.version} stage={stands.stage}"],
    )


def intake_scores(
    file: Annotated[Path, typer.Argument(help="Further scores, or what came of earlier ones.")],
    project: ProjectOption = Path(),
    requests: Annotated[
        Path | None,
        typer.Option("--requests", help="A new CSV: the request id of each row's prediction."),
    ] = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Take further scores of an adopted model, and outcomes of those that are here.

    Example: attending intake scores day.csv --project P --by erik --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = adopted_feed.take(desk, asked.name, file, requests=requests)
    emit(
        vars(found),
        as_json=as_json,
        lines=[*_taken(found), *([f"request ids in {requests}"] if requests else [])],
    )


def _taken(found: adopted_feed.Taken) -> list[str]:
    """Return what became of a file, in lines; what did not happen has none."""
    before = f" ({found.before:,} of a time before the model came in)" if found.before else ""
    lines = [
        f"{found.rows:,} rows: {found.new:,} new scores{before}, {found.known:,} known",
        f"{found.matured:,} scores have an outcome by now",
    ]
    if found.changed:
        lines.append(f"{found.changed:,} outcome{'s' * (found.changed > 1)} changed")
    if found.history:
        whose = f"{found.history:,} rows are of the history that the model came in with"
        lines += [
            f"{whose}: they are no new scores, and the day's verdict leaves them out",
            "to have them judged: `attending adopt` again with the whole history",
        ]
    return lines
