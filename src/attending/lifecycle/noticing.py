"""The notice for patients, from the card of a run and the release plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.patient_notice import assemble_notice, notice_document
from attending.errors import NotFound
from attending.lifecycle.desk import keep
from attending.lifecycle.papers import keep_page
from attending.records.card import ModelCard

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.notice import PatientNotice
    from attending.records.run import Run


def newest_card(desk: Desk, run: Run) -> ModelCard:
    """Return the newest card of a run.

    Raises:
        NotFound: none was built.
    """
    card = desk.home.catalog.latest(ModelCard, run=run.digest)
    if card is None:
        raise NotFound(
            "there is no model card of this run",
            code="card.missing",
            hint="Run `attending validate model`, then `attending card build`.",
        )
    return card


def write_notice(desk: Desk, project: Project, run: Run) -> PatientNotice:
    """Return the notice for patients, kept, with its readable document.

    Raises:
        NotFound: the run has no card.
        Refused: something is missing, a word claims certainty, or the text is too hard to read.
    """
    notice = assemble_notice(newest_card(desk, run), project.release)
    keep(
        desk,
        notice,
        action="notice.write",
        keys={"model": run.model, "run": run.digest},
        details={"grade": f"{notice.grade:.1f}"},
    )
    keep_page(desk, notice_document(notice), of=notice.digest, title="Patient notice")
    return notice
