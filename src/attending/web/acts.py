"""An act that is asked for on one page, confirmed on the next, and done through lifecycle.

What was written is not lost when it is refused: the same page comes again, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi.responses import RedirectResponse

from attending.errors import AttendingError
from attending.web.show import show
from attending.web.site import check_form, session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fastapi import Request, Response

#: As long as a text may be that people write into a form.
MOST_LETTERS = 4000


@dataclass(frozen=True)
class Field:
    """One thing that is asked for.

    Attributes:
        kind: `text`, `area`, `choice`, `secret`, `instant` or `check`.
        value: what stands there at first.
        choices: word that is sent, and what people read.
    """

    name: str
    label: str
    kind: str = "text"
    help: str = ""
    value: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = True


@dataclass(frozen=True)
class Act:
    """What is confirmed.

    Attributes:
        title: what is done.
        says: what it does, and what it leaves; a sentence a line.
        path: where the form is sent.
        button: the word on it.
        back: where one comes from.
        grave: whether it changes what patients get.
    """

    title: str
    says: tuple[str, ...]
    path: str
    button: str
    back: str
    fields: tuple[Field, ...] = ()
    grave: bool = False


PASSPHRASE = Field(
    "passphrase", "Your passphrase, once more", kind="secret",
    help="This act carries your name. Who signs in elsewhere gives a code instead: see /confirm.",
)  # fmt: skip


def ask(
    request: Request,
    act: Act,
    *,
    crumbs: Sequence[tuple[str, str]],
    said: Mapping[str, str] | None = None,
    error: AttendingError | None = None,
) -> Response:
    """Return the page on which an act is confirmed."""
    return show(
        request,
        "act.html.j2",
        status=error.http_status if error else 200,
        crumbs=crumbs,
        act=act,
        said=said or {},
        error=error.as_problem() if error else None,
    )


def done(
    request: Request,
    act: Act,
    *,
    crumbs: Sequence[tuple[str, str]],
    token: str,
    said: Mapping[str, str],
    do: Callable[[], str],
) -> Response:
    """Return to the page that `do` names once the act is done; else ask again, with the reason.

    Args:
        request: that sent the form.
        act: what it confirms.
        crumbs: the pages above.
        token: of the form.
        said: what was written, by field.
        do: does it; returns the path of the next page.

    Raises:
        Denied: the form was not made here.
    """
    check_form(request, token=token, bound_to=session_of(request))
    try:
        to = do()
    except AttendingError as error:
        hidden = {one.name for one in act.fields if one.kind == "secret"}
        kept = {name: text for name, text in said.items() if name not in hidden}
        return ask(request, act, crumbs=crumbs, said=kept, error=error)
    return RedirectResponse(to, status_code=303)
