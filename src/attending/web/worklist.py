"""The worklist of a model: a page, rows for machines, and the answer to an alert.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

import csv
import io
from datetime import timedelta
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from attending.web.names import check_request, check_slug
from attending.web.policy import PATIENTS, WARD, Routes
from attending.web.show import show
from attending.web.site import check_form, person_of, session_of, site_of
from attending.web.tables import cell

ROUTES = Routes()
COLUMNS = (
    *("request_id", "subject_id", "encounter_id", "site", "version", "prediction_time", "score"),
    *("scored_by", "state", "escalated", "by", "since", "wording"),
)


@ROUTES.add("GET", "/worklist/{name}", policy=WARD)
def worklist_page(request: Request, name: str) -> Response:
    """Show whom to look at, unanswered first, and what changed in the last 14 days."""
    site, person = site_of(request), person_of(request)
    by = person.person if person else ""
    model = site.house.model(check_slug(name))
    return show(
        request,
        "worklist.html.j2",
        crumbs=[("Today", "/"), (name, f"/models/{name}")],
        model=model,
        rows=site.house.worklist(name, site="", unit="", by=by),
    )


@ROUTES.add("POST", "/worklist/{name}", policy=WARD)
def worklist_answer(  # noqa: PLR0913 - the fields of one form
    request: Request,
    name: str,
    *,
    request_id: Annotated[str, Form(max_length=32)],
    says: Annotated[str, Form(max_length=500)],
    act: Annotated[str, Form(max_length=20)],
    token: Annotated[str, Form(max_length=200)],
    reason: Annotated[str, Form(max_length=500)] = "",
    minutes: Annotated[int, Form(ge=1, le=24 * 60)] = 120,
) -> Response:
    """Take up an alert, or put it off for a while."""
    check_form(request, token=token, bound_to=session_of(request))
    site, person = site_of(request), person_of(request)
    wait = timedelta(minutes=minutes) if act == "snooze" else None
    by = person.person if person else ""
    said = {"says": says, "reason": reason if wait else ""}
    site.house.answer_alert(check_request(request_id), **said, snooze=wait, by=by)
    return RedirectResponse(f"/worklist/{check_slug(name)}", status_code=303)


@ROUTES.add("GET", "/v1/models/{name}/worklist", policy=PATIENTS)
def worklist_rows(request: Request, name: str, *, site: str = "", unit: str = "") -> Response:
    """Return the worklist as JSON, or as CSV where that is asked for; of one site, unit or all."""
    person = person_of(request)
    by = person.person if person else ""
    where = {"site": site[:200], "unit": unit[:200]}
    rows = site_of(request).house.worklist(check_slug(name), **where, by=by)
    if "text/csv" not in request.headers.get("accept", ""):
        return JSONResponse(rows)
    return Response(as_csv(rows), headers={"Content-Type": "text/csv; charset=utf-8"})


def as_csv(rows: list[dict[str, object]]) -> str:
    """Return rows as CSV in which no cell is a formula.

    >>> as_csv([{"site": "=1+1"}]).splitlines()[1].split(",")[3]
    "'=1+1"
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([cell(row.get(name)) for name in COLUMNS])
    return out.getvalue()
