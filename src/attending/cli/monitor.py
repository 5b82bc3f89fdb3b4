"""Verbs of the watch: monitor, today."""

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
    SparkOption,
    clock,
    emit,
    home_path,
    progress,
    table,
)
from attending.cli.live import VersionOption
from attending.digests import short
from attending.lifecycle import (
    after,
    canaries,
    digesting,
    printing,
    references,
    skewing,
    training,
    trying_policy,
    watching,
)
from attending.lifecycle.projects import open_project
from attending.times import parse_instant


def monitor_reference(
    run: Annotated[str, typer.Option(help="The start of a run's digest. Else the newest.")] = "",
    version: VersionOption = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Freeze the picture of the test rows that every later day is compared with.

    Example: attending monitor reference --version v1 --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = training.latest_run(desk, asked, run)
        made = references.make_reference(desk, asked, found, version=version)
    emit(
        {"digest": made.digest, **made.content()},
        as_json=as_json,
        lines=[f"reference {short(made.digest)}: {made.n} rows, {len(made.features)} features"],
    )


def monitor_run(
    project: ProjectOption = Path(),
    version: VersionOption = "",
    spark: SparkOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Look for drift of data, concept and workflow, and give today's verdict.

    Example: attending monitor run --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk:
        report = watching.monitor(desk, asked, version=version)
        verdict = watching.give_verdict(desk, asked, version=version)
    if report.findings and not as_json:
        table(
            ("drift", "severity", "finding", "about", "what it means"),
            [(f.drift, f.severity, f.name, f.subject, f.meaning) for f in report.findings],
        )
    emit(
        {"digest": report.digest, "report": report.content(), "verdict": verdict.content()},
        as_json=as_json,
        lines=[
            f"report {report.digest}",
            f"read it: attending document show {short(report.digest)} --by WHO --out day.html",
            f"verdict: {verdict.answer} ({verdict.drift}): {verdict.because}",
        ],
    )


def monitor_simulate(
    years: Annotated[int, typer.Option(help="Quiet years to live through.")] = 20,
    runs: Annotated[int, typer.Option(help="Years for each planted shift.")] = 5,
    picture: Annotated[Path | None, typer.Option(help="Write the delays as SVG here.")] = None,
    resume: Annotated[
        Path | None, typer.Option(help="Keep each year in this file, and go on from it.")
    ] = None,
    project: ProjectOption = Path(),
    version: VersionOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Test the policy before go-live: wrong stops in quiet years, delays of planted shifts.

    Example: attending monitor simulate --years 20 --project P --home H
    """
    asked = open_project(project)
    with (
        open_desk(home_path(home), at=clock(at), by=by) as desk,
        progress("living through years") as each,
    ):
        trial = trying_policy.Trial(years=years, runs=runs, resume=resume, each=each)
        found = trying_policy.try_policy(desk, asked, trial, version=version)
    words = trying_policy.in_words(found)
    if picture is not None:
        picture.write_bytes(trying_policy.as_picture(found))
    if not as_json:
        table(*words.delays)
        table(*words.policies)
    emit(found.content(), as_json=as_json, lines=words.lines)


def monitor_skew(
    since: Annotated[str, typer.Option(help="First prediction time. Else all.")] = "",
    project: ProjectOption = Path(),
    version: VersionOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Hold what was served online against the newest snapshot: which inputs differ, and why.

    Inputs that differ end it with exit 3, after the report is kept.

    Example: attending monitor skew --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        begin = parse_instant(since, where="--since") if since else None
        found = skewing.check_skew(desk, asked, version=version, since=begin)
    lines = [
        (
            f"{found.compared} of {found.predictions} predictions compared: {found.differ} differ, "
            f"{found.flags_change} would alert otherwise"
        ),
        *(
            f"  {one.feature}: {one.cause} in {one.n}"
            + (f" (served = {one.factor:g} x offline)" if one.factor is not None else "")
            for one in found.features
        ),
    ]
    emit(found.content(), as_json=as_json, lines=lines)
    skewing.require_same(found)


def monitor_digest(
    html: Annotated[Path | None, typer.Option(help="Write the page into this file.")] = None,
    project: Annotated[
        Path | None,
        typer.Option("--project", "-p", help="Only the model of this folder. Else every model."),
    ] = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Show the page of the day: every model's verdict, reason and owner, and what needs whom.

    Example: attending monitor digest --html today.html --home H
    """
    model = open_project(project).name if project is not None else ""
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        page, text, content = digesting.page_of_day(desk, model=model)
    if html is not None:
        html.write_bytes(page)
    emit(content, as_json=as_json, lines=text.splitlines())


def monitor_canaries(
    renew: Annotated[
        str, typer.Option(help="Why what they got before no longer counts, in one sentence.")
    ] = "",
    project: ProjectOption = Path(),
    version: VersionOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Score the canary patients of a release; a change opens an incident and ends with exit 3.

    They are kept when a stage is entered, else the first time they are looked for.

    Example: attending monitor canaries --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        if renew:
            why = canaries.reason_of(renew)
            canaries.keep_canaries(desk, asked, version=version, renewed_because=why)
        found = canaries.check_canaries(desk, asked, version=version)
    said = "as when the release was made" if found.quiet else "changed"
    lines = [f"{found.n} canary patients: {said}"]
    emit(found.content(), as_json=as_json, lines=lines)
    canaries.require_quiet(found)


def monitor_outcomes(
    project: ProjectOption = Path(),
    version: VersionOption = "",
    spark: SparkOption = "",
    pdf: PdfOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Report what became of patients, care and work since the model went live, and who gained.

    Example: attending monitor outcomes --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk:
        report = after.report_after(desk, asked, version=version)
        page = printing.page_path(desk, report.digest, pdf=pdf)
    emit(
        {"digest": report.digest, "page": str(page), **report.content()},
        as_json=as_json,
        lines=[*after.in_words(report), *report.limits, f"page: {page}"],
    )


def today(
    project: ProjectOption = Path(),
    version: VersionOption = "",
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer: should we continue using this model today?

    Example: attending today --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at)) as desk:
        verdict, lines = watching.today(desk, asked, version=version)
    emit(
        {"verdict": verdict.content() if verdict else None, "lines": list(lines)},
        as_json=as_json,
        lines=lines,
    )
