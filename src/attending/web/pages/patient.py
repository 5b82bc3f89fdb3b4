"""Predictions of patients, re-lived one by one; each look says why and stays in the ledger.

These forms are answered with the page itself, which is kept nowhere: an address that could be
opened again would show patients without asking why.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import HTMLResponse

from attending.errors import BadInput
from attending.lifecycle.desk import Desk
from attending.lifecycle.overview import standing_of
from attending.lifecycle.reliving import newest_predictions, one_pager, relive
from attending.web.names import check_request, check_slug
from attending.web.policy import PATIENTS, Routes
from attending.web.routes import document_policy
from attending.web.show import asks, show
from attending.web.site import check_form, session_of, site_of

ROUTES = Routes()
Text = Annotated[str, Form(max_length=300)]


def read_page(desk: Desk, name: str, request_id: str, *, purpose: str) -> bytes:
    """Return the clinician's page of a prediction; the look is kept."""
    return one_pager(desk, relive(desk, name, request_id, purpose=purpose))


@ROUTES.add("GET", "/patients", policy=PATIENTS, nav="Patients")
def patients(request: Request) -> Response:
    """Show where predictions of patients are looked at."""
    models = site_of(request).house.models()
    return show(request, "patients.html.j2", crumbs=[("Today", "/")], models=models)


@ROUTES.add("GET", "/models/{name}/predictions", policy=PATIENTS)
def predictions(request: Request, name: str) -> Response:
    """Ask why somebody looks, before any prediction of a model is shown."""
    site_of(request).house.look(standing_of, check_slug(name), by=asks(request))
    return _ask(request, name)


@ROUTES.add("POST", "/models/{name}/predictions", policy=PATIENTS)
def listed(
    request: Request, name: str, *, purpose: Text = "", prediction: Text = "", token: Text = ""
) -> Response:
    """Show the newest predictions of a model, or the one whose id was given."""
    check_form(request, token=token, bound_to=session_of(request))
    check_slug(name)
    if prediction.strip():
        return _relived(request, name, check_request(prediction.strip()), purpose=purpose)
    try:
        rows = site_of(request).house.look(
            newest_predictions, name, purpose=purpose, by=asks(request)
        )
    except BadInput as error:
        return _ask(request, name, refused=error)
    return show(
        request,
        "predictions.html.j2",
        crumbs=_crumbs(name),
        name=name,
        rows=rows,
        purpose=" ".join(purpose.split()),
    )


@ROUTES.add("GET", "/models/{name}/predictions/{request_id}", policy=PATIENTS)
def prediction(request: Request, name: str, request_id: str) -> Response:
    """Ask why somebody looks, before a prediction is shown."""
    return _ask(request, check_slug(name), prediction=check_request(request_id))


@ROUTES.add("POST", "/models/{name}/predictions/{request_id}", policy=PATIENTS)
def relived(
    request: Request, name: str, request_id: str, *, purpose: Text = "", token: Text = ""
) -> Response:
    """Show one prediction as it was."""
    check_form(request, token=token, bound_to=session_of(request))
    return _relived(request, check_slug(name), check_request(request_id), purpose=purpose)


@ROUTES.add("POST", "/models/{name}/predictions/{request_id}/page", policy=PATIENTS)
def page(
    request: Request, name: str, request_id: str, *, purpose: Text = "", token: Text = ""
) -> Response:
    """Return the clinician's page of a prediction, to read beside the patient or to print."""
    check_form(request, token=token, bound_to=session_of(request))
    data = site_of(request).house.look(
        read_page, check_slug(name), check_request(request_id), purpose=purpose, by=asks(request)
    )
    return HTMLResponse(data, headers={"Content-Security-Policy": document_policy(data)})


def _relived(request: Request, name: str, request_id: str, *, purpose: str) -> Response:
    try:
        found = site_of(request).house.look(
            relive, name, request_id, purpose=purpose, by=asks(request)
        )
    except BadInput as error:
        return _ask(request, name, prediction=request_id, refused=error)
    return show(
        request,
        "prediction.html.j2",
        crumbs=[*_crumbs(name), ("Predictions", f"/models/{name}/predictions")],
        name=name,
        found=found,
        said=found.said,
        purpose=" ".join(purpose.split()),
    )


def _ask(
    request: Request, name: str, *, prediction: str = "", refused: BadInput | None = None
) -> Response:
    return show(
        request,
        "purpose.html.j2",
        crumbs=_crumbs(name),
        status=refused.http_status if refused else 200,
        name=name,
        prediction=prediction,
        refused=refused,
    )


def _crumbs(name: str) -> list[tuple[str, str]]:
    return [("Today", "/"), ("Models", "/models"), (name, f"/models/{name}")]
