"""CDS Hooks 2.0: discovery, the call of a hook, feedback. Every call carries the system's token.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from attending.errors import NotFound
from attending.lifecycle.hooks import NEEDED, PREFETCH, Asked, Said
from attending.specs.ehr import HookSpec
from attending.web.hook_wire import MissingContext, feedback, hook_call, resources
from attending.web.names import check_slug
from attending.web.policy import EHR, Routes
from attending.web.site import Site, site_of

ROUTES = Routes()


@ROUTES.add("GET", "/cds-services", policy=EHR)
def discovery(request: Request) -> Response:
    """Return the services: one for each hook of each model."""
    site = site_of(request)
    services = [_service(site, one) for one in site.ehr.spec.hooks]
    return JSONResponse({"services": services})


def _service(site: Site, one: HookSpec) -> dict[str, Any]:
    plan = site.house.plan(one.model)
    return {
        "hook": one.hook,
        "id": one.model,
        "title": f"{one.model}: {plan.intended_use.outcome}"[:80],
        "description": f"Risk of {plan.intended_use.outcome} for "
        f"{plan.intended_use.population}, {plan.intended_use.decision_point}.",
        "prefetch": PREFETCH,
        "usageRequirements": "; ".join(f"not for {words}" for words in plan.non_intended),
    }


@ROUTES.add("POST", "/cds-services/{name}", policy=EHR)
async def call(request: Request, name: str) -> Response:
    """Return the cards of one firing of a hook.

    Raises:
        NotFound: there is no such service.
        MissingContext: the hook is not the service's, or its context is not whole.
        PrefetchNeeded: what a score needs did not come.
    """
    site = site_of(request)
    asked = hook_call(await request.body())
    hook = _hook(site, check_slug(name), asked.hook)
    found, gaps = resources(asked, needed=NEEDED, known=PREFETCH)
    question = Asked(
        model=name,
        decision_point=hook.decision_point,
        patient=asked.context.patientId,
        encounter=asked.context.encounterId,
        resources=tuple(found),
        gaps=tuple(gaps),
        asker=request.state.asker,
        call=str(asked.hookInstance),
    )
    made = await site.turns.take(site.house.hook, question)
    return JSONResponse({"cards": made})


def _hook(site: Site, model: str, hook: str) -> HookSpec:
    mine = [one for one in site.ehr.spec.hooks if one.model == model]
    if not mine:
        raise NotFound("there is no such service here", code="hook.service")
    found = next((one for one in mine if one.hook == hook), None)
    if found is None:
        raise MissingContext(
            "got another hook than the service's", code="hook.other", hint="See /cds-services."
        )
    return found


@ROUTES.add("POST", "/cds-services/{name}/feedback", policy=EHR)
async def card_feedback(request: Request, name: str) -> Response:
    """Keep what became of cards: taken up, or set aside and why."""
    site = site_of(request)
    check_slug(name)
    said = [
        Said(
            request_id=one.card.hex,
            outcome=one.outcome,
            at=one.outcomeTimestamp,
            reason=one.overrideReason.reason.code
            if one.overrideReason and one.overrideReason.reason
            else "",
            comment=(one.overrideReason.userComment or "") if one.overrideReason else "",
        )
        for one in feedback(await request.body()).feedback
    ]
    await run_in_threadpool(site.house.feedback, said, by=request.state.asker)
    return Response(status_code=200)
