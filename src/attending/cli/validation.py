"""Verbs of validation beside that of a run: later cohorts, silent periods, threshold decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    ByOption,
    HomeOption,
    JsonOption,
    PdfOption,
    ProjectOption,
    RunArgument,
    SnapshotOption,
    SparkOption,
    clock,
    emit,
    home_path,
    progress,
    table,
    to_read,
)
from attending.cli.study import report_lines
from attending.digests import short
from attending.lifecycle import deciding, later, printing, silent, training
from attending.lifecycle.projects import open_project


def validate_later(
    run: RunArgument = "",
    project: ProjectOption = Path(),
    snapshot: SnapshotOption = "",
    spark: SparkOption = "",
    pdf: PdfOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Validate a run on later predictions, which no step of it has seen, and write the report.

    Example: attending validate later --project P --home H
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk,
        progress("validating"),
    ):
        found = training.latest_run(desk, asked, run)
        report = later.validate_later(desk, asked, found, snapshot=snapshot)
        page = printing.page_path(desk, report.digest, pdf=pdf)
    if not as_json:
        report_lines(report)
    emit(
        {"digest": report.digest, "page": str(page), **report.content()},
        as_json=as_json,
        lines=[
            f"{report.n} later predictions; report {short(report.digest)}: {page}",
            to_read(report.digest, by=by),
        ],
    )


def validate_silent(
    version: Annotated[str, typer.Option("--version", help="Such as v1. Else the newest.")] = "",
    project: ProjectOption = Path(),
    pdf: PdfOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Report a silent period: what was missing and late, and the gates on scores made then.

    Example: attending validate silent --project P --home H
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by) as desk,
        progress("looking at the silent period"),
    ):
        report = silent.report_silent(desk, asked, version=version)
        page = printing.page_path(desk, report.digest, pdf=pdf)
    if not as_json:
        table(("gate", "answer"), [(name[3:], said) for name, said in report.gates.items()])
    gap = "not shown" if report.with_gap is None else f"{report.with_gap:.1%}"
    in_time = "not shown" if report.in_time is None else f"{report.in_time:.1%}"
    emit(
        {"digest": report.digest, "page": str(page), **report.content()},
        as_json=as_json,
        lines=[
            f"{report.n} predictions, {report.matured} with a mature outcome",
            f"a feature was missing in {gap}; made within {report.action_window}: {in_time}",
            f"silent report {short(report.digest)}: {page}",
            to_read(report.digest, by=by),
        ],
    )


def validate_threshold(
    run: RunArgument = "",
    place: Annotated[str, typer.Option(help="One place of the plan. Else every one.")] = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Keep the threshold of each place with what follows an alert there, so that it can be signed.

    Example: attending validate threshold --place NORTH --project P --by dana --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = training.latest_run(desk, asked, run)
        made = deciding.decide_thresholds(desk, asked, found, place=place)
    emit(
        [{"digest": one.digest, **one.content()} for one in made],
        as_json=as_json,
        lines=[line for one in made for line in _lines(one.digest, one.content())],
    )


def _lines(digest: str, said: dict[str, object]) -> list[str]:
    return [
        f"{said.get('place', 'all')}: flag from {said['threshold']}, decision {digest}",
        f"  {said['responder']} within {said['within']}: {said['action']}",
        f"  otherwise {said['escalation']}",
    ]
