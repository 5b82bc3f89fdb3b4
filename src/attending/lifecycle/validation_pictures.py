"""The pictures of a validation report one by one: as SVG, as rows and as a page to print."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from attending.documents.csv_cells import csv_bytes
from attending.documents.picture import Picture as Picture  # noqa: PLC0414, TC001 - pages read it
from attending.documents.picture import Table as Table  # noqa: PLC0414, TC001 - pages read it
from attending.documents.picture_page import picture_page
from attending.documents.print_pdf import print_pdf
from attending.documents.validation_report import measures, pictures, studied
from attending.errors import NotFound, did_you_mean
from attending.lifecycle.papers import newest_pages
from attending.records.validation import ValidationReport

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk

#: In the order in which they are asked about; what is not named here comes after, as in the report.
ORDER = ("discrimination", "calibration", "decision-curve", "thresholds", "subgroups", "over_time")
_KEPT = 16


def reports_of(desk: Desk, model: str) -> tuple[ValidationReport, ...]:
    """Return every validation report of a model, the newest at the end."""
    return desk.home.catalog.all(ValidationReport, model=model)


def report_of(desk: Desk, model: str, digest: str = "") -> ValidationReport:
    """Return a validation report of a model, the newest when none is named.

    Raises:
        NotFound: the model has none, or no such one.
    """
    found = reports_of(desk, model)
    named = [one for one in found if one.digest.startswith(digest)]
    if not named:
        raise NotFound(
            "this model has no such validation report" if found else "nothing was validated yet",
            code="validation.missing",
            hint="Run `attending validate model` in the project.",
        )
    return named[-1]


def page_of_report(desk: Desk, report: ValidationReport) -> str:
    """Return the digest of the readable report, empty when there is none."""
    return newest_pages(desk).get(report.digest, "")


def pictures_of(report: ValidationReport) -> tuple[Picture, ...]:
    """Return the pictures of a report, drawn only when one is looked at."""
    place = {name: at for at, name in enumerate(ORDER)}
    return tuple(sorted(_pictures(report.digest, report), key=lambda one: place.get(one.name, 99)))


@lru_cache(maxsize=_KEPT)
def _kept(digest: str) -> list[tuple[Picture, ...]]:  # noqa: ARG001 - the key of what is kept
    return []


def _pictures(digest: str, report: ValidationReport) -> tuple[Picture, ...]:
    """Return the pictures of a report; what was drawn once is kept while reports are few."""
    held = _kept(digest)
    if not held:
        held.append(tuple(pictures(report)))
    return held[0]


def picture_of(report: ValidationReport, name: str) -> Picture:
    """Return one picture of a report.

    Raises:
        NotFound: the report has no figures for one of that name.
    """
    found = {one.name: one for one in pictures_of(report)}
    if name not in found:
        raise NotFound(
            f"this report has no picture '{name}'",
            code="picture.missing",
            hint=did_you_mean(name, list(found)),
        )
    return found[name]


def measures_of(report: ValidationReport) -> Table:
    """Return every measure of the model and its baselines."""
    return measures(report)


def studied_by(report: ValidationReport) -> str:
    """Return one sentence on who was studied."""
    return studied(report)


def table_csv(table: Table) -> bytes:
    """Return a table as CSV in which no cell is a formula."""
    return csv_bytes(table.header, table.rows)


def prints_here() -> bool:
    """Return whether the library that prints PDF is installed."""
    return find_spec("weasyprint") is not None


def picture_pdf(desk: Desk, report: ValidationReport, name: str) -> bytes:
    """Return one picture with its table as PDF.

    Raises:
        NotFound: no such picture.
        DependencyDown: the extra `pdf` is not installed.
    """
    about = f"{report.model.name}: validation"
    page = picture_page(
        picture_of(report, name),
        about=about,
        digest=report.digest,
        synthetic=desk.home.synthetic,
    )
    return print_pdf(page)
