"""Search over everything that a home holds, and over the glossary.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from fastapi import Request, Response

from attending.errors import BadInput
from attending.lifecycle.finding import Found, everything
from attending.web.glossary import Word, words
from attending.web.policy import PEOPLE, READERS, Routes
from attending.web.show import asks, may, show
from attending.web.site import site_of

ROUTES = Routes()
MOST_LETTERS = 200
_PLACES = {
    "model": "/models/{}",
    "feature": "/catalogue/features/{}",
    "code list": "/catalogue#code-lists",
    "contract": "/catalogue#contracts",
    "cohort": "/catalogue#cohorts",
    "person": "/people",
    "incident": "/incidents/{}",
    "document": "/documents/{}",
}


@ROUTES.add("GET", "/search", policy=READERS, nav="Search")
def page(request: Request, q: str = "") -> Response:
    """Show everything in which the words stand."""
    asked, wrong = q.strip()[:MOST_LETTERS], ""
    found: tuple[Found, ...] = ()
    if asked:
        try:
            found = site_of(request).house.look(
                everything, asked, persons=may(request, PEOPLE), by=asks(request)
            )
        except BadInput as error:
            wrong = f"{error.message}. {error.hint}"
    return show(
        request,
        "search.html.j2",
        crumbs=[("Today", "/")],
        q=asked,
        wrong=wrong,
        found=[(one, place_of(one)) for one in found],
        told=_told(asked),
    )


def place_of(found: Found) -> str:
    """Return the path of what was found.

    >>> place_of(Found("model", "readmission-30d", "", ""))
    '/models/readmission-30d'
    """
    return _PLACES.get(found.kind, "/records/{}").format(found.name)


def _told(asked: str) -> list[Word]:
    """Return the words of the glossary that are asked for."""
    wanted = asked.lower().strip('"*')
    return [one for one in words() if wanted and wanted in one.word.lower()][:10]
