"""The glossary: every word of the house, and what it means.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from itertools import groupby

from fastapi import Request, Response

from attending.web.glossary import words
from attending.web.policy import SIGNED_IN, Routes
from attending.web.show import show

ROUTES = Routes()


@ROUTES.add("GET", "/glossary", policy=SIGNED_IN, nav="Glossary")
def glossary(request: Request) -> Response:
    """Show every word by its first letter."""
    letters = [
        (a, tuple(some)) for a, some in groupby(words(), key=lambda one: one.word[0].upper())
    ]
    return show(request, "glossary.html.j2", letters=letters)
