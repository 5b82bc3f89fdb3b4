"""Signing in at the hospital's provider: OpenID Connect, authorization code with PKCE.

A flow is what one browser began: it is bound to that browser, counts once and ends soon.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attending.errors import AttendingError, Denied, DependencyDown
from attending.keys import same
from attending.web.id_tokens import SKEW_SECONDS, Expected, checked
from attending.web.provider_keys import ProviderKeys
from attending.web.signed_tokens import BadToken, taken_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import httpx2

    from attending.lifecycle.provider import ProviderPolicy
    from attending.specs.provider import ProviderSpec
    from attending.web.ehr_tokens import Once

FLOW_SECONDS = 600
#: For these a sign-in from before will not do: another may sit at the same machine by now.
_ANEW = frozenset({"invitation", "confirm"})
_TIMEOUT_SECONDS = 5.0
_DOWN = "Sign in with a name and a passphrase, or try again in a minute."


class NotBelieved(Denied):
    """What came back from the provider is not what was asked for (HTTP 403): `why`, in a word."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "what came back from the provider is not what was asked for",
            code=f"provider.{why}",
            hint="Begin again from the sign-in page. If it stays so, tell who runs this service.",
        )


@dataclass(frozen=True)
class Flow:
    """One sign-in that a browser began.

    Attributes:
        purpose: `sign_in`, `invitation` or `confirm`.
        state, nonce, verifier: random; each is told to one party only.
        begun: seconds since 1970.
        back: the page to go to afterwards.
        invitation: the token of the invitation that is taken up.
        person: who is signed in here and confirms.
    """

    purpose: str
    state: str
    nonce: str
    verifier: str
    begun: int
    back: str = "/"
    invitation: str = ""
    person: str = ""


@dataclass
class Provider:
    """The provider, as the pages ask it.

    Args:
        policy: what the home says of it.
        once: remembers which flows came back.
        transport: what sends our requests; only the policy's addresses when None.
        clock: gives seconds since 1970.
    """

    policy: ProviderPolicy
    once: Once
    transport: httpx2.BaseTransport | None = None
    clock: Callable[[], float] = time.time

    @property
    def spec(self) -> ProviderSpec:
        """Return what the policy says."""
        return self.policy.spec

    def begin(self, purpose: str, **about: str) -> tuple[Flow, str]:
        """Return a new flow, and the address at the provider to which the browser goes.

        Args:
            purpose: `sign_in`, `invitation` or `confirm`; for the last two the
                person signs in anew.
            about: further fields of the flow.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        flow = Flow(purpose, state, nonce, verifier, int(self.clock()), **about)
        anew = {"prompt": "login", "max_age": "0"} if purpose in _ANEW else {}
        with self._client() as client:
            address, _ = client.create_authorization_url(
                self.spec.authorization, state=state, nonce=nonce, code_verifier=verifier, **anew
            )
        return flow, str(address)

    def finish(self, flow: Flow, said: Mapping[str, str]) -> str:
        """Return the subject who signed in.

        Args:
            flow: what this browser began.
            said: the query with which the provider sent it back.

        Raises:
            NotBelieved: another flow, a second time, too late, refused there, or a token that is
                not what was asked for.
            DependencyDown: the provider does not answer.
        """
        self._check_back(flow, said)
        token = self._exchange(said["code"], flow)
        anew = float(flow.begun) if flow.purpose in _ANEW else None
        try:
            parts = taken_apart(token)
            return checked(
                parts,
                self._keys.key(parts),
                self.spec,
                expected=Expected(flow.nonce, since=anew),
                now=self.clock(),
            )
        except BadToken as error:
            raise NotBelieved(error.code) from None

    def _check_back(self, flow: Flow, said: Mapping[str, str]) -> None:
        now = int(self.clock())
        if not same(said.get("state", ""), flow.state):
            raise NotBelieved("state")
        if not 0 <= now - flow.begun <= FLOW_SECONDS:
            raise NotBelieved("late")
        until = flow.begun + FLOW_SECONDS + SKEW_SECONDS
        if not self.once("provider.state", flow.state, ends=until, now=now):
            raise NotBelieved("replay")
        if said.get("iss", self.spec.issuer) != self.spec.issuer:
            raise NotBelieved("issuer")
        if "error" in said or not said.get("code"):
            raise NotBelieved("declined")

    def _exchange(self, code: str, flow: Flow) -> str:
        """Return the ID token for which the provider exchanges a code."""
        import httpx2  # noqa: PLC0415 - only where a provider is named
        from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415

        try:
            with self._client() as client:
                found: Mapping[str, Any] = client.fetch_token(
                    self.spec.token, code=code, code_verifier=flow.verifier,
                    grant_type="authorization_code", redirect_uri=self.spec.redirect,
                )  # fmt: skip
        except AuthlibBaseError:
            raise NotBelieved("code") from None
        except (httpx2.HTTPError, ValueError):
            raise _down() from None
        token = found.get("id_token")
        if not isinstance(token, str):
            raise NotBelieved("no_token")
        return token

    @cached_property
    def _keys(self) -> ProviderKeys:
        return ProviderKeys(self._fetch_keys, self.spec.algorithms)

    def _fetch_keys(self) -> bytes:
        import httpx2  # noqa: PLC0415 - only where a provider is named

        try:
            with httpx2.Client(**self._carefully()) as client:
                answer = client.get(self.spec.keys)
        except httpx2.HTTPError:
            raise _down() from None
        if answer.status_code != 200:
            raise _down()
        data: bytes = answer.content
        return data

    def _client(self) -> Any:  # noqa: ANN401 - Authlib tells no types
        from authlib.integrations.httpx_client import OAuth2Client  # noqa: PLC0415

        return OAuth2Client(
            self.spec.client_id,
            self.policy.secret,
            scope="openid",
            redirect_uri=self.spec.redirect,
            code_challenge_method="S256",
            **self._carefully(),
        )

    def _carefully(self) -> dict[str, Any]:
        """Return how every request of ours is sent: to the policy's addresses, and no further."""
        from attending.web.outbound import Outbound  # noqa: PLC0415 - loads httpx2

        transport = self.transport or Outbound(
            (self.spec.token, self.spec.keys),
            networks=self.spec.networks,
            certificates=self.policy.certificates,
        )
        return {
            "transport": transport,
            "timeout": _TIMEOUT_SECONDS,
            "follow_redirects": False,
            "trust_env": False,
        }


def _down() -> AttendingError:
    return DependencyDown("the provider does not answer", code="provider.down", hint=_DOWN)
