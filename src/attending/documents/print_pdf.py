"""A document as PDF, printed by the same style sheet as a browser does; the extra `pdf` does it."""

from __future__ import annotations

from typing import Any, NoReturn

from attending.errors import DependencyDown, Refused


def print_pdf(page: bytes) -> bytes:
    """Return a stand-alone HTML document as PDF; the same page gives the same bytes.

    Pictures inside the page are printed; nothing is fetched from a file or a network.

    Raises:
        DependencyDown: the extra `pdf` or the system's Pango is not installed.
        Refused: the page asks for something outside itself.
    """
    weasyprint = _library()
    outside: list[str] = []

    def fetch(self: Any, url: str, headers: Any = None) -> Any:  # noqa: ANN401 - the library's
        if not url.startswith("data:"):
            outside.append(url)
            _refuse()
        return weasyprint.URLFetcher.fetch(self, url, headers)

    inside = type("Inside", (weasyprint.URLFetcher,), {"fetch": fetch})
    made: bytes = weasyprint.HTML(string=page.decode("utf-8"), url_fetcher=inside()).write_pdf()
    if outside:
        _refuse()
    return made


def _library() -> Any:  # noqa: ANN401 - a module without types
    try:
        import weasyprint
    except (ImportError, OSError):
        raise DependencyDown(
            "documents cannot be printed as PDF here",
            code="pdf.missing",
            hint="Install `attending[pdf]` and the system's Pango (Debian: libpangoft2-1.0-0), or "
            "print the HTML from a browser; it has the same style.",
        ) from None
    return weasyprint


def _refuse() -> NoReturn:
    raise Refused(
        "the document asks for something outside itself",
        code="pdf.outside",
        hint="Documents stand alone; make it again with `attending document write` or its verb.",
    )
