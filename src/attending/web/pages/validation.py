"""The validation of a model: pictures with their tables, the trade-off, and the threshold decision.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from attending.errors import BadInput, NotFound
from attending.lifecycle import deciding, validation_pictures
from attending.lifecycle.desk import Desk
from attending.lifecycle.newest_validations import newest_validations
from attending.lifecycle.report_standing import report_standing
from attending.lifecycle.threshold_standing import ThresholdStanding, threshold_standing
from attending.lifecycle.trading import Traded, traded
from attending.records.run import Run
from attending.records.validation import ValidationReport
from attending.web.names import check_digest, check_picture, check_slug
from attending.web.policy import DECIDES, SIGNED_IN, Routes
from attending.web.show import asks, show
from attending.web.site import check_form, person_of, session_of, site_of

ROUTES = Routes()
_MEDIA = {
    "svg": "image/svg+xml",
    "csv": "text/csv; charset=utf-8",
    "pdf": "application/pdf",
}
#: A picture that is opened alone brings its own lines and nothing else.
_ALONE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
Text = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True)
class ValidationView:
    """What the page shows; figures are those of the report and of nothing else.

    Attributes:
        standing_on: of which run it is, and what that run may not do; one sentence each.
    """

    report: ValidationReport
    reports: tuple[ValidationReport, ...]
    page: str
    studied: str
    pictures: tuple[validation_pictures.Picture, ...]
    measures: validation_pictures.Table
    trade: Traded
    standing: ThresholdStanding
    prints: bool
    standing_on: tuple[str, ...]


def read(
    desk: Desk, name: str, *, digest: str, risk: float | None, alerts: float | None
) -> ValidationView:
    """Return one validation of a model, looked at from a risk or from a workload."""
    report = validation_pictures.report_of(desk, name, digest)
    return ValidationView(
        report=report,
        reports=validation_pictures.reports_of(desk, name),
        page=validation_pictures.page_of_report(desk, report),
        studied=validation_pictures.studied_by(report),
        pictures=validation_pictures.pictures_of(report),
        measures=validation_pictures.measures_of(report),
        trade=traded(report, risk=risk, alerts_per_day=alerts),
        standing=threshold_standing(desk, report.model.run),
        prints=validation_pictures.prints_here(),
        standing_on=report_standing(desk, report),
    )


def read_picture(desk: Desk, name: str, digest: str, *, file: str) -> bytes:
    """Return one picture of a report as SVG, its table as CSV, or both as PDF."""
    report = validation_pictures.report_of(desk, name, digest)
    picture, form = check_picture(file)
    if form == "pdf":
        return validation_pictures.picture_pdf(desk, report, picture)
    if form == "csv" and picture == "measures":
        return validation_pictures.table_csv(validation_pictures.measures_of(report))
    found = validation_pictures.picture_of(report, picture)
    return found.svg if form == "svg" else validation_pictures.table_csv(found.table)


def decide(desk: Desk, name: str, digest: str, *, place: str, threshold: float | None) -> str:
    """Return the digest of a threshold decision, put together to be read and signed."""
    report = validation_pictures.report_of(desk, name, digest)
    run = desk.home.catalog.get(report.model.run, Run)
    made = deciding.choose_threshold(desk, run, place=place, threshold=threshold)
    return made.digest


@ROUTES.add("GET", "/validation", policy=SIGNED_IN, nav="Validation")
def validations(request: Request) -> Response:
    """Show every model with its newest validation."""
    rows = site_of(request).house.look(newest_validations, by=asks(request))
    return show(request, "validations.html.j2", crumbs=[("Today", "/")], rows=rows)


@ROUTES.add("GET", "/models/{name}/validation", policy=SIGNED_IN)
def validation(
    request: Request, name: str, *, report: str = "", risk: str = "", alerts: str = ""
) -> Response:
    """Show a validation of a model, the newest when none is named."""
    house, person = site_of(request).house, person_of(request)
    by = asks(request)
    digest = check_digest(report) if report else ""
    asked = {
        "risk": _share(risk),
        "alerts": _number(alerts, most=1e6, what="alerts"),
    }
    crumbs = [("Today", "/"), ("Models", "/models"), (name, f"/models/{check_slug(name)}")]
    try:
        view = house.look(read, name, digest=digest, **asked, by=by)
    except NotFound:
        if digest:
            raise
        house.model(name)  # one that is not here is not found either
        return show(request, "unvalidated.html.j2", crumbs=crumbs, name=name)
    decides = bool(person and DECIDES.roles.intersection(person.roles))
    return show(
        request,
        "validation.html.j2",
        crumbs=crumbs,
        name=name,
        view=view,
        asked_alerts=asked["alerts"],
        decides=decides,
    )


@ROUTES.add("GET", "/models/{name}/validation/{digest}/{file}", policy=SIGNED_IN)
def picture(request: Request, name: str, *, digest: str, file: str) -> Response:
    """Return one picture, or its table, to look at or to take along."""
    _, form = check_picture(file)
    house = site_of(request).house
    data = house.look(
        read_picture, check_slug(name), check_digest(digest), file=file, by=asks(request)
    )
    headers = {"Content-Type": _MEDIA[form]}
    if form == "svg":
        headers["Content-Security-Policy"] = _ALONE
    else:
        headers["Content-Disposition"] = f'attachment; filename="{name}-{file}"'
    return Response(data, headers=headers)


@ROUTES.add("POST", "/models/{name}/validation/{digest}/threshold", policy=DECIDES)
def threshold(
    request: Request,
    name: str,
    digest: str,
    *,
    place: Text,
    threshold: Text = "",
    token: Text = "",
) -> Response:
    """Put a threshold decision together and lead to where it is read and signed."""
    check_form(request, token=token, bound_to=session_of(request))
    made = site_of(request).house.look(
        decide,
        check_slug(name),
        check_digest(digest),
        place=place,
        threshold=_number(threshold, most=1.0, what="threshold"),
        by=asks(request),
    )
    return RedirectResponse(f"/sign/{made}", status_code=303)


def _share(text: str) -> float | None:
    """Return a risk in percent as a share, None where none was asked for."""
    found = _number(text, most=100.0, what="risk")
    return None if found is None else found / 100.0


def _number(text: str, *, most: float, what: str) -> float | None:
    """Return a number from a form, None where the field was left empty.

    Raises:
        BadInput: it is no number from 0 on.
    """
    if not text.strip():
        return None
    try:
        found = float(text.replace(",", "."))
    except ValueError:
        found = -1.0
    if not 0.0 <= found <= most:
        raise BadInput(
            f"expected a number from 0 to {most:g}",
            code=f"web.{what}",
            hint="Go back and write one, such as 12.5.",
        )
    return found
