"""Routes for machines: ask for a prediction, and read one with all that it was made from.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from attending.errors import BadInput
from attending.lifecycle.one_at_a_time import ONE
from attending.web.fhir_prediction import as_fhir
from attending.web.names import check_request, check_slug
from attending.web.openapi import described
from attending.web.policy import DESCRIPTION, PATIENTS, SCORES, Routes
from attending.web.site import Site, person_of, site_of
from attending.web.wire import asked

ROUTES = Routes()
_JSON = "application/json"
_FHIR = "application/fhir+json"


@ROUTES.add("GET", "/v1/openapi.json", policy=DESCRIPTION)
def openapi() -> Response:
    """Return what machines may ask, as OpenAPI 3.1 describes it."""
    return JSONResponse(described())


@ROUTES.add("POST", "/v1/models/{name}/predictions", policy=SCORES)
async def predict(request: Request, name: str) -> Response:
    """Return a prediction for one patient, which is on the disk before it leaves.

    Raises:
        BadInput: not JSON, or a field that is not what it must be.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise BadInput(f"expected a body of {_JSON}", code="request.media_type")
    site, person = site_of(request), person_of(request)
    by = person.person if person else ""
    return await site.turns.take(_predicted, site, check_slug(name), await request.body(), by=by)


def _predicted(site: Site, name: str, body: bytes, *, by: str) -> Response:
    with ONE:  # until the score is made, or something must be waited for
        answer = site.house.predict(name, asked(body), by=by)
    return JSONResponse(
        answer.model_dump(mode="json"),
        status_code=200 if answer.made_before else 201,
        headers={"Location": answer.provenance},
    )


@ROUTES.add("GET", "/v1/predictions/{request_id}", policy=PATIENTS)
def prediction(request: Request, request_id: str) -> Response:
    """Return a stored prediction whole; as FHIR R4 where that is asked for."""
    house, person = site_of(request).house, person_of(request)
    found = house.prediction(check_request(request_id), by=person.person if person else "")
    if _FHIR not in request.headers.get("accept", ""):
        return JSONResponse(found)
    outcome = house.plan(found["model"]).intended_use.outcome
    return JSONResponse(as_fhir(request_id, found, outcome=outcome), media_type=_FHIR)
