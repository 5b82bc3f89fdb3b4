"""Verbs of checklists: one answered from records, and all of them by evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attending.cli.deployer import RunOption
from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    ByOption,
    HomeOption,
    JsonOption,
    PdfOption,
    ProjectOption,
    clock,
    emit,
    home_path,
    table,
)
from attending.digests import short
from attending.lifecycle import checklisting, number_paging, printing, training
from attending.lifecycle.projects import open_project


def document_checklist(
    profile: Annotated[str, typer.Argument(help="Such as tripod_ai, onc_hti1 or change_plan.")],
    run: RunOption = "",
    project: ProjectOption = Path(),
    pdf: PdfOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Answer a checklist from records and card.yaml; what nothing answers is listed as missing.

    Profiles: tripod_ai, onc_hti1, chai, probast_ai, change_plan, eu_ai_act, nhs_dcb. None of them
    stops a model; one with a missing item cannot be signed.

    Example: attending document checklist onc_hti1 --project P --by dana --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = training.latest_run(desk, asked, run)
        made = checklisting.write_checklist(desk, asked, found, name=profile)
        page = printing.page_path(desk, made.digest, pdf=pdf)
    emit(
        {"digest": made.digest, "page": str(page), **made.content()},
        as_json=as_json,
        lines=[
            f"{made.title} {short(made.digest)}: {page}",
            made.tally,
            *(f"missing: {one}" for one in made.missing),
        ],
    )


def document_crosswalk(
    out: Annotated[Path, typer.Option("--out", help="Where the page is written.")],
    run: RunOption = "",
    project: ProjectOption = Path(),
    pdf: PdfOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Write which evidence answers which items of the checklists that card.yaml names, else of all.

    Example: attending document crosswalk --out crosswalk.html --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = training.latest_run(desk, asked, run)
        made, page = checklisting.write_crosswalk(desk, asked, found)
    out.write_bytes(page)
    if pdf is not None:
        printing.write_pdf(page, pdf)
    told = [{"profile": one.profile, "missing": list(one.missing)} for one in made]
    if not as_json:
        table(("checklist", "how far"), [(one.profile, one.tally) for one in made])
    emit(told, as_json=as_json, lines=[str(out)])


def document_numbers(
    out: Annotated[Path, typer.Option("--out", help="Where the page is written.")],
    run: RunOption = "",
    project: ProjectOption = Path(),
    pdf: PdfOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Write one page on a model of numbers or counts: how far off it is, and whether ranges hold.

    Example: attending document numbers --out stays.html --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        report, page = number_paging.write_page(desk, training.latest_run(desk, asked, run))
    out.write_bytes(page)
    if pdf is not None:
        printing.write_pdf(page, pdf)
    emit({"page": str(out), "report": report}, as_json=as_json, lines=[str(out)])
