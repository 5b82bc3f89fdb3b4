"""Print a kept document as PDF beside the page that signatures are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.print_pdf import print_pdf
from attending.lifecycle.papers import page_of

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.desk import Desk


def page_path(desk: Desk, record: str, *, pdf: Path | None) -> Path:
    """Return where the page of a record lies, printed as PDF too where that is asked for.

    Args:
        desk: of the home.
        record: its digest.
        pdf: where the print goes; None for none.

    Raises:
        NotFound: nothing readable was made of the record.
        DependencyDown: the extra `pdf` is not installed.
    """
    page = desk.home.artifacts.path(page_of(desk, record))
    if pdf is not None:
        write_pdf(page.read_bytes(), pdf)
    return page


def write_pdf(page: bytes, out: Path) -> None:
    """Write a document's page as PDF.

    Args:
        page: the bytes that a signature is over; the PDF itself is signed by nobody.
        out: where it goes.

    Raises:
        DependencyDown: the extra `pdf` is not installed.
        Refused: the page asks for something outside itself.
    """
    out.write_bytes(print_pdf(page))
