"""One picture as a document of its own: with its words and its table, to print or to send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.pages import document

if TYPE_CHECKING:
    from attending.documents.picture import Picture


def picture_page(picture: Picture, *, about: str, digest: str, synthetic: bool) -> bytes:
    """Return a picture as a stand-alone document.

    Args:
        picture: with its words and its table.
        about: whose picture it is.
        digest: of the record that its figures are of.
        synthetic: whether the home is.
    """
    return document(
        "picture.html.j2", picture=picture, about=about, digest=digest, synthetic=synthetic
    )
