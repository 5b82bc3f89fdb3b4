"""The audit: ask the ledger, verify it, take it out of the house.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Form, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from attending.errors import BadInput, NotFound
from attending.lifecycle import asking, auditing, people, witnessing
from attending.lifecycle.asking import ACTS, Answer, Asked
from attending.lifecycle.desk import Desk
from attending.records.ledger import LedgerEntry
from attending.times import format_instant, parse_instant
from attending.web.names import check_slug
from attending.web.policy import EXPORTERS, READERS, Routes
from attending.web.show import asks, may, show
from attending.web.site import check_form, session_of, site_of
from attending.web.tables import cell

ROUTES = Routes()
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
#: Entries that are read from the store at once while they leave the house.
AT_ONCE = 2000
COLUMNS = (*("seq", "at", "actor", "action", "subject_kind", "subject", "details", "previous"),)


class Filters(BaseModel):
    """What narrows a question, as the address says it."""

    model: str = ""
    person: str = ""
    act: str = ""
    since: str = ""
    until: str = ""
    before: int | None = None

    def asked(self) -> Asked:
        """Return the question.

        Raises:
            BadInput: a word or a day cannot be one.
        """
        return Asked(
            model=check_slug(self.model) if self.model else "",
            person=_word(self.person, "person"),
            act=_word(self.act, "act"),
            since=parse_instant(f"{_day(self.since)}T00:00:00Z") if self.since else None,
            until=parse_instant(f"{_day(self.until)}T00:00:00Z") + timedelta(days=1)
            if self.until
            else None,
        )

    @property
    def query(self) -> str:
        """Return the filters as the query of an address, without the page."""
        return urlencode({k: v for k, v in self.model_dump(exclude={"before"}).items() if v})


def _word(text: str, what: str) -> str:
    if text and not _WORD.fullmatch(text.rstrip(".")):
        raise BadInput(
            f"got another {what} than letters, digits, dots and hyphens",
            code=f"audit.{what}",
            hint="Choose one from the list.",
        )
    return text


def _day(text: str) -> str:
    if not _DAY.fullmatch(text):
        raise BadInput(
            "got a day in another form", code="audit.day", hint="Write it as 2026-03-02."
        )
    return text


@dataclass(frozen=True)
class Desked:
    """What the page shows: the answer, and what may be chosen.

    Attributes:
        about: of one model, who approved, data, metrics, incidents, retirement; else nothing.
        names: by login the printed name; `system` and persons of elsewhere have none.
    """

    answer: Answer
    about: dict[str, Any]
    models: tuple[str, ...]
    names: dict[str, str]


@ROUTES.add("GET", "/audit", policy=READERS, nav="Audit")
def page(request: Request, filters: Annotated[Filters, Query()]) -> Response:
    """Show who did what, newest first, as it was narrowed."""
    found = site_of(request).house.look(
        _read, filters.asked(), before=filters.before, by=asks(request)
    )
    return show(
        request,
        "audit.html.j2",
        crumbs=[("Today", "/")],
        found=found,
        filters=filters,
        acts=ACTS,
        may_export=may(request, EXPORTERS),
    )


def _read(desk: Desk, asked: Asked, *, before: int | None) -> Desked:
    return Desked(
        answer=asking.ask(desk, asked, before=before),
        about=auditing.ask(desk, model=asked.model) if asked.model else {},
        models=tuple(desk.home.deployments.models()),
        names=people.printed_names(desk),
    )


@ROUTES.add("POST", "/audit/verify", policy=READERS)
def verify(request: Request, token: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Verify the whole ledger against all its witnesses, and show what was found."""
    check_form(request, token=token, bound_to=session_of(request))
    report = site_of(request).house.look(witnessing.verify, by=asks(request))
    return show(
        request,
        "verified.html.j2",
        crumbs=[("Today", "/"), ("Audit", "/audit")],
        report=report,
    )


@ROUTES.add("GET", "/audit/export/{form}", policy=EXPORTERS)
def export(request: Request, form: str, filters: Annotated[Filters, Query()]) -> Response:
    """Return the entries that were asked for as JSON Lines or CSV, newest first.

    Raises:
        NotFound: another form is asked for.
    """
    kinds = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}
    if form not in kinds:
        raise NotFound("got another form than jsonl or csv", code="audit.form")
    asked, by = filters.asked(), asks(request)
    house = site_of(request).house
    # A question that is refused is refused before anything leaves.
    first = house.look(asking.entries, asked, limit=AT_ONCE, by=by)

    def pieces() -> Iterator[str]:
        some = first
        yield _head(form)
        while some:
            yield "".join(_told(one, form) for one in some)
            if len(some) < AT_ONCE:
                return
            some = house.look(asking.entries, asked, before=some[-1].seq, limit=AT_ONCE, by=by)

    headers = {
        "Content-Type": kinds[form],
        "Content-Disposition": f'attachment; filename="ledger.{form}"',
    }
    return StreamingResponse(pieces(), headers=headers)


def _head(form: str) -> str:
    return _line(COLUMNS) if form == "csv" else ""


def _told(entry: LedgerEntry, form: str) -> str:
    content = entry.content()
    if form == "jsonl":
        return json.dumps(content, sort_keys=True, separators=(",", ":")) + "\n"
    said = {**content, "details": json.dumps(content["details"], sort_keys=True)}
    said["at"] = format_instant(entry.at)
    return _line([said[name] for name in COLUMNS])


def _line(values: tuple[object, ...] | list[object]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([cell(one) for one in values])
    return out.getvalue()
