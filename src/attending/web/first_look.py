"""The first look at a made-up hospital: for each role where to look, until the reader puts it away.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from attending.web.navigation import Entry
from attending.web.policy import SIGNED_IN, Routes
from attending.web.site import check_form, session_of, site_of

ROUTES = Routes()
_YEAR_SECONDS = 365 * 24 * 3600
_AWAY = "away"
Text = Annotated[str, Form(max_length=200)]
#: By role, an entry of the navigation and what to look for there.
NOTES: dict[str, tuple[tuple[str, str], ...]] = {
    "data_scientist": (
        ("Models", "Follow a model from prototype to now, and see which gate waits for what."),
        ("Validation", "Move the threshold and see sensitivity, alerts and net benefit together."),
        ("Catalogue", "See where each feature comes from, who owns it and which models use it."),
    ),
    "data_engineer": (
        ("Watch", "Find the feed that changed: findings stand by their cause."),
        ("Catalogue", "See each source with its owner, and how fresh it is now."),
        ("Incidents", "Read what the open incident asks of you, and by when."),
    ),
    "clinical_lead": (
        ("Validation", "Choose the threshold of the model that waits for it, with its workload."),
        ("Sign", "Read the exact document, and sign it with your passphrase."),
        ("Watch", "See whether the risks still hold, and what the wards said about the alerts."),
    ),
    "nurse_leader": (("Patients", "See whom the score flags, and what became of the alerts."),),
    "operator": (
        ("Watch", "Go from a finding to an act in two clicks: incident, disabling, rollback."),
        ("Incidents", "Work the playbook; each step has an owner and a clock."),
    ),
    "compliance_officer": (
        ("Audit", "Ask who approved what, on which document, and verify the ledger."),
        ("Sign", "See what waits for your signature."),
        ("People", "See who may do what, and which roles one person may not hold together."),
    ),
    "privacy_officer": (
        ("Audit", "Ask who looked at patients, and for which purpose."),
        ("People", "See who may look at patients."),
        ("Catalogue", "See which data are used, under which permission."),
    ),
    "auditor": (
        ("Audit", "Ask, verify the ledger, and take an export along."),
        ("Models", "Read what was decided at each gate, and on which document."),
    ),
    "administrator": (("People", "Invite a person, give a role, end one."),),
}

#: What everybody may look at first.
COMMON = (
    ("Today", "Read the verdict of each model: may it be used today, and why."),
    ("Glossary", "Look up any word; every page links to it."),
)


@dataclass(frozen=True)
class Note:
    """One place to look at first: its word, where it leads, and what to look for."""

    word: str
    path: str
    says: str


def notes(roles: Sequence[str], entries: Sequence[Entry]) -> tuple[Note, ...]:
    """Return where a person with some roles looks first, of the pages that they may open.

    >>> home = Entry("Today", "/", here=True)
    >>> [note.path for note in notes(["nurse_leader"], [home])]
    ['/']
    """
    paths = {entry.word: entry.path for entry in entries}
    said = [note for role in roles for note in NOTES.get(role, ())]
    return tuple(
        Note(word, paths[word], says)
        for word, says in dict([*COMMON, *said]).items()
        if word in paths
    )


def put_away(request: Request) -> bool:
    """Return whether the reader has put the notes away in this browser."""
    return request.cookies.get(site_of(request).cookie_name("first-look"), "") == _AWAY


@ROUTES.add("POST", "/first-look", policy=SIGNED_IN)
def choose(request: Request, *, show: Text = "", token: Text = "") -> Response:
    """Put the notes away for a year, or bring them back."""
    check_form(request, token=token, bound_to=session_of(request))
    site = site_of(request)
    answer = RedirectResponse("/", status_code=303)
    name = site.cookie_name("first-look")
    if show:
        answer.delete_cookie(name, path="/", secure=site.secure, httponly=True)
    else:
        answer.set_cookie(
            name,
            _AWAY,
            max_age=_YEAR_SECONDS,
            httponly=True,
            samesite="strict",
            secure=site.secure,
            path="/",
        )
    return answer
