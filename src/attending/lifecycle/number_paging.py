"""The one page on a model of numbers, from its newest report; nothing is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.number_page import number_page
from attending.errors import NotFound
from attending.records.validation import ValidationReport

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.run import Run


def write_page(desk: Desk, run: Run) -> tuple[str, bytes]:
    """Return the digest of the newest report of a run, and the page made of it.

    Raises:
        NotFound: the run was not validated.
        BadInput: it foretells a risk.
    """
    report = desk.home.catalog.latest(ValidationReport, run=run.digest)
    if report is None:
        raise NotFound(
            "this run was not validated yet",
            code="page.no_report",
            hint="Run `attending validate model` first.",
        )
    return report.digest, number_page(report, run, synthetic=desk.home.synthetic)
