"""Which routes of the application the page bench opens, and why it does not open the others."""

from __future__ import annotations

from attending.web.app import ROUTES

_MACHINE = "a machine asks it; `make bench B=serving` times what machines ask"
_ACT = "an act: it changes the home and leads on to a page that is timed"
_FILE = "a file, not a page"
_OUTSIDE = "before anybody is signed in: it reads no store but for the person's own row"
_PROVIDER = "it needs an identity provider, which the bench has none of"
_MADE_ALONE = "a document as it is kept, byte for byte; its size is what takes time"

#: By `METHOD path` why a route is not timed; one that is neither timed nor here fails the bench.
NOT_TIMED: dict[str, str] = {
    "GET /healthz": _MACHINE,
    "GET /livez": _MACHINE,
    "GET /readyz": _MACHINE,
    "GET /metrics": _MACHINE,
    "GET /static/{file}": _FILE + "; every page that is timed waits for its own",
    "GET /v1/openapi.json": _MACHINE,
    "POST /v1/models/{name}/predictions": _MACHINE,
    "GET /v1/predictions/{request_id}": _MACHINE,
    "GET /v1/models/{name}/worklist": _MACHINE,
    "GET /v1/intake": _MACHINE,
    "GET /v1/intake/{feed}/letters": _MACHINE,
    "POST /v1/intake/{feed}": _MACHINE,
    "GET /cds-services": _MACHINE,
    "POST /cds-services/{name}": _MACHINE,
    "POST /cds-services/{name}/feedback": _MACHINE,
    "GET /login/provider": _PROVIDER,
    "GET /login/provider/back": _PROVIDER,
    "GET /confirm": _PROVIDER,
    "GET /confirm/provider": _PROVIDER,
    "GET /invitation": _OUTSIDE,
    "POST /invitation": _ACT,
    "POST /login": _ACT + "; most of its time is the hash of the passphrase, slow by design",
    "POST /logout": _ACT,
    "POST /theme": _ACT,
    "POST /first-look": _ACT,
    "GET /login": _OUTSIDE,
    "GET /documents/{digest}": _MADE_ALONE,
    "GET /sign/{digest}/paper/{page}": _MADE_ALONE,
    "GET /models/{name}/validation/{digest}/{file}": _FILE,
    "GET /audit/export/{form}": _FILE + "; it holds the whole ledger",
    "POST /audit/verify": "it reads the whole ledger by design; `make bench B=ledger` times it",
    "POST /incidents/{digest}/list": _FILE,
    "POST /worklist/{name}": _ACT,
    "POST /models/{name}/validation/{digest}/threshold": _ACT,
    "POST /sign/{digest}": _ACT,
    "POST /sign/{digest}/withdraw": _ACT,
    "POST /models/{name}/watch/acknowledge": _ACT,
    "POST /models/{name}/watch/incident": _ACT,
    "POST /models/{name}/watch/recalibrate": _ACT,
    "POST /models/{name}/watch/roll-back": _ACT,
    "POST /incidents/{digest}/step": _ACT,
    "POST /incidents/{digest}/impact": _ACT,
    "POST /incidents/{digest}/review": _ACT,
    "POST /people/{person}/change": _ACT,
    "POST /people/invite": _ACT,
}


def unexplained(timed: set[str]) -> list[str]:
    """Return the routes that are neither timed nor named here with a reason.

    Args:
        timed: routes as `METHOD path`.
    """
    every = {f"{one.method} {one.path}" for one in ROUTES.declared()}
    return sorted(every - timed - NOT_TIMED.keys())


def gone() -> list[str]:
    """Return the routes that are named here and are in the application no more."""
    every = {f"{one.method} {one.path}" for one in ROUTES.declared()}
    return sorted(NOT_TIMED.keys() - every)
