"""Print a kept document as PDF beside the page that signatures are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.print_pdf import print_pdf

if TYPE_CHECKING:
    from pathlib import Path


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
