"""The verb for people who have no project: judge predictions that stand in a file."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from attending.cli.face import JsonOption, emit, progress, table
from attending.cli.study import report_lines
from attending.errors import BadInput
from attending.lifecycle import recorded
from attending.lifecycle.recorded import Asked, Read, Ways

_TOLD = ("auroc", "observed_expected", "calibration_slope", "brier", "scaled_brier", "ici")


def validate_recorded(
    file: Annotated[Path, typer.Argument(help="CSV (also .gz) or Parquet, one prediction a row.")],
    outcome: Annotated[str, typer.Option(help="The column of outcomes. Else found.")] = "",
    event: Annotated[str, typer.Option(help="The word in it that is the event. Else found.")] = "",
    risk: Annotated[str, typer.Option(help="The column of risks. Else found.")] = "",
    percent: Annotated[
        bool | None,
        typer.Option("--percent/--no-percent", help="Whether risks are percentages."),
    ] = None,
    patient: Annotated[str, typer.Option(help="The column of patients. Else found.")] = "",
    time: Annotated[str, typer.Option(help="The column of prediction times. Else found.")] = "",
    site: Annotated[str, typer.Option(help="The column of sites. Else found.")] = "",
    group: Annotated[
        list[str] | None, typer.Option(help="A column of groups to look at; give it for each.")
    ] = None,
    baseline: Annotated[
        list[str] | None, typer.Option(help="A column of scores to compare with; for each.")
    ] = None,
    follow_up: Annotated[
        str, typer.Option(help="The column of how long rows were followed. Else found.")
    ] = "",
    horizon: Annotated[
        float | None,
        typer.Option(min=1e-9, help="When an outcome is settled, in the unit of that column."),
    ] = None,
    competing: Annotated[
        str, typer.Option(help="The column of other events that came first. Else found.")
    ] = "",
    threshold: Annotated[
        list[float] | None, typer.Option(help="A risk, 0 to 1, at which you act; for each.")
    ] = None,
    spec: Annotated[
        Path | None, typer.Option(help="A validation.yaml that asks more than the defaults.")
    ] = None,
    delimiter: Annotated[str, typer.Option(help="Between two cells. Else found.")] = "",
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="Leave out rows without a risk, and say so.")
    ] = False,
    name: Annotated[str, typer.Option(help="What the model is called in the report.")] = "",
    draws: Annotated[int, typer.Option(min=50, max=10_000, help="Draws of patients.")] = 500,
    out: Annotated[
        Path | None, typer.Option(help="The report. Else beside the file, as .validation.html.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Validate anyone's predictions from a plain file: no project, one HTML report, JSON beside it.

    Columns are found by their names and cells, and the answer says which was taken as what.

    Example: attending validate predictions scores.csv
    """
    asked = Asked(
        outcome=outcome, event=event, risk=risk, percent=percent, patient=patient, time=time,
        site=site, groups=tuple(group or ()), baselines=tuple(baseline or ()),
        follow_up=follow_up, horizon=horizon, competing=competing,
    )  # fmt: skip
    ways = Ways(spec=spec, thresholds=tuple(threshold or ()), draws=draws, model=name)
    marks = {"tab": "\t", "\\t": "\t"}
    found = _read(file, asked, marks.get(delimiter, delimiter), drop_missing=drop_missing)
    if not as_json:
        _tell_columns(found)
    with progress(f"validating {found.file.used:,} predictions, {draws} draws"):
        judged = recorded.judge(found, ways)
    with progress("drawing the report"):
        page, figures = recorded.write(judged, file, out)
    report = judged.report
    if not as_json:
        _tell_figures(judged)
        report_lines(report)
    emit(
        {
            "digest": report.digest,
            "page": str(page),
            "figures": str(figures),
            "file": judged.file.content(),
            **report.content(),
        },
        as_json=as_json,
        lines=[*(f"note: {note}" for note in report.notes), f"report {page}", f"figures {figures}"],
    )


def _read(file: Path, asked: Asked, delimiter: str, *, drop_missing: bool) -> Read:
    """Return the file as it is read; on a terminal, ask whether risks are percentages."""
    try:
        with progress(f"reading {file.name}"):
            return recorded.read(file, asked, delimiter=delimiter, drop_missing=drop_missing)
    except BadInput as error:
        unsure = error.code in {"predictions.percent", "predictions.points"}
        if not unsure or asked.percent is not None or not sys.stdin.isatty():
            raise
        if not typer.confirm(f"{error.message} Are they percentages?", err=True):
            raise
    with progress(f"reading {file.name}"):
        said = replace(asked, percent=True)
        return recorded.read(file, said, delimiter=delimiter, drop_missing=drop_missing)


def _tell_columns(found: Read) -> None:
    table(
        ("taken as", "column", "found", "read as"),
        [(one.taken_as, one.column, one.found, one.reading) for one in found.file.columns],
    )
    if found.file.unused:
        emit(None, as_json=False, lines=[f"not used: {', '.join(found.file.unused)}"])


def _tell_figures(judged: recorded.Judged) -> None:
    report = judged.report
    held = [found for name in _TOLD if (found := report.estimate(name)) is not None]
    table(
        ("measure", "value", "95 % interval"),
        [
            (
                one.label,
                "" if one.value is None else f"{one.value:.3f}",
                "" if one.low is None or one.high is None else f"{one.low:.3f} to {one.high:.3f}",
            )
            for one in held
        ],
    )
