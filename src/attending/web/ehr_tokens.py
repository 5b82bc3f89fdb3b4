"""Tokens of record systems: signed by a key that we hold, for us, fresh, and each used once."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from attending.errors import AttendingError, BadInput, Denied
from attending.web.signed_tokens import (
    ALGORITHMS,
    BadToken,
    check_signature,
    check_times,
    issuer_keys,
    key_of,
    taken_apart,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from attending.lifecycle.ehr import EhrPolicy
    from attending.specs.ehr import EhrSpec, Issuer
    from attending.web.signed_tokens import IssuerKey, Parts

_SKEW_SECONDS, _LONGEST_SECONDS = 60, 300
_SAYS = {
    "malformed": "got a token that is none",
    "header": "got a token that asks for more than a signature by a key that we hold",
    "type": "got a token of another type",
    "signature": "got a token that no key of its issuer signed",
    "times": "expected iat and exp in the token",
    "expired": "got a token out of its time, or for too long a time",
}


class NoToken(AttendingError):
    """Nobody says who asks (HTTP 401)."""

    http_status = 401
    default_code = "ehr.token"


class Once(Protocol):
    """Tells whether a name is used for the first time, in every process of the home."""

    def __call__(self, space: str, name: str, *, ends: int, now: int) -> bool:
        """Return whether it is; it is used from now on."""
        ...


@dataclass
class EhrTokens:
    """Checks the tokens of the record systems that are named.

    Args:
        spec: who they are.
        keys: the public keys of each issuer, by `iss`.
        once: remembers which tokens were used.
        clock: gives seconds since 1970.
    """

    spec: EhrSpec
    keys: Mapping[str, Sequence[IssuerKey]]
    once: Once
    clock: Callable[[], float] = time.time

    def checked(self, header: str, *, path: str) -> str:
        """Return the issuer of a request's token, as the ledger calls it.

        Args:
            header: the `Authorization` header.
            path: that is asked; the token must be made for it.

        Raises:
            NoToken: there is none, or it is not what it must be.
            Denied: its issuer or tenant may not ask here.
        """
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise NoToken("expected a bearer token", code="ehr.no_token")
        try:
            parts = taken_apart(token)
            issuer = self._issuer(parts)
            self._signed(parts, issuer)
            self._check(parts.claims, issuer, path=path)
        except BadToken as error:
            raise NoToken(_SAYS[error.code], code=f"ehr.{error.code}") from None
        return f"ehr:{issuer.iss}"[:190]

    def _issuer(self, parts: Parts) -> Issuer:
        """Return who the token says it is from; nothing else of it counts before it is checked."""
        said = parts.claims.get("iss")
        found = next((one for one in self.spec.issuers if one.iss == said), None)
        if found is None:
            raise Denied("this issuer may not ask here", code="ehr.issuer")
        return found

    def _signed(self, parts: Parts, issuer: Issuer) -> None:
        key = key_of(parts, self.keys[issuer.iss])
        if key is None:
            raise BadToken("signature")
        check_signature(parts, key, types=("JWT", None))

    def _check(self, claims: Mapping[str, Any], issuer: Issuer, *, path: str) -> None:
        now = self.clock()
        ends = check_times(
            claims, now=now, skew_seconds=_SKEW_SECONDS, longest_seconds=_LONGEST_SECONDS
        )
        wanted = f"{self.spec.base_url}{path}".rstrip("/")
        said = claims.get("aud")
        audience = said if isinstance(said, list) else [said]
        if wanted not in {str(one).rstrip("/") for one in audience}:
            raise NoToken("got a token that is made for another address", code="ehr.audience")
        if issuer.tenants and claims.get("tenant") not in issuer.tenants:
            raise Denied("this tenant may not ask here", code="ehr.tenant")
        self._use(issuer.iss, claims.get("jti"), ends=ends, now=now)

    def _use(self, iss: str, jti: object, *, ends: float, now: float) -> None:
        if not isinstance(jti, str) or not jti:
            raise NoToken("expected jti in the token", code="ehr.jti")
        until = math.ceil(ends) + _SKEW_SECONDS
        if not self.once("ehr.token", f"{iss}\0{jti}", ends=until, now=math.floor(now)):
            raise NoToken("got a token a second time", code="ehr.replay")


@dataclass(frozen=True)
class Ehr:
    """The record systems that may ask: what is said of them, and the check of their tokens."""

    spec: EhrSpec
    tokens: EhrTokens


def asking(policy: EhrPolicy, once: Once) -> Ehr:
    """Return the record systems that may ask, with their keys as the check takes them.

    Args:
        policy: what the home says of them.
        once: remembers which tokens were used.

    Raises:
        BadInput: the keys of an issuer are not a JWK set of public asymmetric keys.
    """
    keys = {iss: _keys(said) for iss, said in policy.keys}
    return Ehr(policy.spec, EhrTokens(policy.spec, keys, once))


def _keys(said: Mapping[str, Any]) -> tuple[IssuerKey, ...]:
    try:
        return issuer_keys(said, algorithms=ALGORITHMS)
    except BadInput as error:
        raise BadInput(error.message, code="ehr.keys", hint=error.hint) from None
