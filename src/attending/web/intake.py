"""Routes for feeds: push FHIR resources or HL7 v2 messages, and see what became of them.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from attending.errors import AttendingError
from attending.lifecycle.intake import ERROR, REFUSED, TAKEN, Taken
from attending.web.names import check_message, check_slug
from attending.web.policy import INTAKE, Routes
from attending.web.site import person_of, site_of

ROUTES = Routes()
#: What a body may be, by its media type; the second word tells lines from one document.
FHIR = {
    "application/fhir+json": False,
    "application/json": False,
    "application/fhir+ndjson": True,
    "application/x-ndjson": True,
}
HL7 = frozenset({"application/hl7-v2", "x-application/hl7-v2+er7", "application/hl7-v2+er7"})
SCORES = frozenset({"text/csv", "application/vnd.apache.parquet"})
_ANSWER = "application/hl7-v2; charset=utf-8"
#: How HTTP says what an HL7 answer says.
_STATUS = {TAKEN: 200, ERROR: 422, REFUSED: 400}


class OtherMedia(AttendingError):
    """The body is of a kind that no feed sends (HTTP 415)."""

    http_status = 415


@ROUTES.add("POST", "/v1/intake/{feed}", policy=INTAKE)
async def push(request: Request, feed: str) -> Response:
    """Return what became of a message; what is taken is on the disk before the answer leaves.

    Raises:
        OtherMedia: a body of another kind.
    """
    house, person = site_of(request).house, person_of(request)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    by, body = person.person if person else "", await request.body()
    check_slug(feed)
    if media in HL7:
        taken, answer = await run_in_threadpool(house.take_hl7, feed, body, by=by)
        headers = {"Content-Type": _ANSWER}
        return Response(answer, status_code=_STATUS[taken.code], headers=headers)
    if media in SCORES:
        return JSONResponse(await run_in_threadpool(house.take_scores, feed, body, by=by))
    if media not in FHIR:
        raise OtherMedia(
            "got a body of another kind",
            code="request.media_type",
            hint=f"Send one of {', '.join(sorted({*FHIR, *HL7, *SCORES}))}.",
        )
    message = check_message(request.headers.get("idempotency-key", ""))
    found = await run_in_threadpool(
        house.take_fhir, feed, body, lines=FHIR[media], message=message, by=by
    )
    return JSONResponse(told(found))


def told(taken: Taken) -> dict[str, object]:
    """Return what the sender of a message is told: counts, and why what was not taken was not."""
    account = taken.account
    return {
        "code": taken.code,
        "made_before": taken.before,
        "rows_in": account.rows_in,
        "accepted": account.accepted,
        "quarantined": account.quarantined,
        "rejected": account.rejected,
        "duplicate": account.duplicate,
        "letters": [dict(one) for one in account.letters],
    }


@ROUTES.add("GET", "/v1/intake", policy=INTAKE)
def feeds(request: Request) -> Response:
    """Return by feed what came and what became of it, and how old its newest event is."""
    return JSONResponse(site_of(request).house.feeds())


@ROUTES.add("GET", "/v1/intake/{feed}/letters", policy=INTAKE)
def letters(request: Request, feed: str) -> Response:
    """Return the messages of a feed of which something was not taken, newest first."""
    return JSONResponse(site_of(request).house.letters(check_slug(feed)))
