"""What one app holds: its house, its secret, its cookie names; and who is asking."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.errors import Denied, NotFound
from attending.web.throttle import Throttle
from attending.web.turns import Turns

if TYPE_CHECKING:
    from fastapi import Request, Response

    from attending.web.ehr_tokens import Ehr
    from attending.web.house import House
    from attending.web.provider import Provider
    from attending.web.views import PersonView


@dataclass(frozen=True)
class Site:
    """The values that every page may use.

    Args:
        house: what lifecycle answers with.
        ehr_or_none: the record systems that may ask; None where none may.
        provider_or_none: where persons may sign in beside here; None where there is none.
        secure: true behind TLS; cookies then carry `Secure` and the `__Host-` prefix.
        secret: key of the form tokens; several workers must share one.
        turns: in which scores are worked on.
    """

    house: House
    ehr_or_none: Ehr | None = None
    provider_or_none: Provider | None = None
    secure: bool = False
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    throttle: Throttle = field(default_factory=Throttle)
    turns: Turns = field(default_factory=Turns)

    @property
    def ehr(self) -> Ehr:
        """Return the record systems that may ask.

        Raises:
            NotFound: none may.
        """
        if self.ehr_or_none is None:
            raise NotFound(
                "no record system is named here",
                code="ehr.none",
                hint="Write policy/ehr.yaml in the home and serve a project.",
            )
        return self.ehr_or_none

    @property
    def provider(self) -> Provider:
        """Return where persons may sign in beside here.

        Raises:
            NotFound: no provider is named.
        """
        if self.provider_or_none is None:
            raise NotFound(
                "no provider is named here",
                code="provider.none",
                hint="Write policy/provider.yaml in the home; sign in with a passphrase.",
            )
        return self.provider_or_none

    @property
    def provider_title(self) -> str:
        """Return the title of the provider, empty where none is named."""
        return self.provider_or_none.spec.title if self.provider_or_none else ""

    def cookie_name(self, purpose: str) -> str:
        """Return the name of our cookie for `session`, `form` or `flow`."""
        return f"{'__Host-' if self.secure else ''}attending-{purpose}"

    def form_token(self, bound_to: str) -> str:
        """Return the token that a form must carry, bound to a cookie of the same browser."""
        return hmac.new(self.secret, f"form:{bound_to}".encode(), "sha256").hexdigest()

    def set_cookie(self, response: Response, *, purpose: str, value: str) -> None:
        """Set one of our cookies: not readable by scripts, never sent from another site."""
        response.set_cookie(
            self.cookie_name(purpose),
            value,
            httponly=True,
            samesite="strict",
            secure=self.secure,
            path="/",
        )


def site_of(request: Request) -> Site:
    """Return the site that answers this request."""
    site: Site = request.app.state.site
    return site


def asker_of(request: Request) -> str:
    """Return the record system that asks, by its token.

    Raises:
        NotFound: none is named here.
        NoToken: the token is not what it must be.
        Denied: its issuer or tenant may not ask here.
    """
    header = request.headers.get("authorization", "")
    return site_of(request).ehr.tokens.checked(header, path=request.url.path)


def session_of(request: Request) -> str:
    """Return the session token that the browser sent, or an empty text."""
    return request.cookies.get(site_of(request).cookie_name("session"), "")


def person_of(request: Request) -> PersonView | None:
    """Return who is asking, by a token or a session; the house is asked once for each request."""
    if not hasattr(request.state, "person"):
        house = site_of(request).house
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        session = session_of(request)
        if kind.lower() == "bearer":
            request.state.person = house.token_person(token)
        else:
            request.state.person = house.person_of(session) if session else None
    person: PersonView | None = request.state.person
    return person


def check_form(request: Request, *, token: str, bound_to: str) -> None:
    """Refuse a form that another site could have sent.

    A browser under `no-referrer` sends `Origin: null` even to its own site, so the origin alone
    does not decide: the token does, and `Sec-Fetch-Site` where the browser sends it.

    Raises:
        Denied: the token is not ours, or the form came from elsewhere.
    """
    wanted = site_of(request).form_token(bound_to)
    headers = request.headers
    origin = headers.get("origin", "null")
    elsewhere = (
        headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
        or origin not in {"null", f"{request.url.scheme}://{headers.get('host', '')}"}
    )  # fmt: skip
    if not bound_to or elsewhere or not hmac.compare_digest(wanted.encode(), token.encode()):
        raise Denied(
            "this form was not made by this site for you, or is too old",
            code="web.form_token",
            hint="Go back, reload the page and send the form again.",
        )
