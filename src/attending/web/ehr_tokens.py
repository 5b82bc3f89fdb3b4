"""Tokens of record systems: signed by a key that we hold, for us, fresh, and each used once."""

from __future__ import annotations

import base64
import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from attending.errors import AttendingError, BadInput, Denied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attending.lifecycle.ehr import EhrPolicy
    from attending.specs.ehr import EhrSpec, Issuer

#: Asymmetric only: with a shared secret whoever can check a token can make one.
ALGORITHMS = ("ES384", "RS384", "ES256", "RS256")
_KINDS = ("EC", "RSA")
_SKEW_SECONDS, _LONGEST_SECONDS = 60, 300


class NoToken(AttendingError):
    """Nobody says who asks (HTTP 401)."""

    http_status = 401
    default_code = "ehr.token"


@dataclass
class EhrTokens:
    """Checks the tokens of the record systems that are named.

    Args:
        spec: who they are.
        keys: the public keys of each issuer, by `iss`.
        clock: gives seconds since 1970.
    """

    spec: EhrSpec
    keys: Mapping[str, KeySet]
    clock: Callable[[], float] = time.time
    _used: dict[tuple[str, str], float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

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
        issuer = self._issuer(token)
        claims = self._claims(token, issuer)
        self._check(claims, issuer, path=path)
        return f"ehr:{issuer.iss}"[:190]

    def _issuer(self, token: str) -> Issuer:
        """Return who the token says it is from; nothing else of it counts before it is checked."""
        try:
            said = _unchecked(token)
        except (JoseError, ValueError):
            raise NoToken("got a token that is none", code="ehr.malformed") from None
        found = next((one for one in self.spec.issuers if one.iss == said.get("iss")), None)
        if found is None:
            raise Denied("this issuer may not ask here", code="ehr.issuer")
        return found

    def _claims(self, token: str, issuer: Issuer) -> dict[str, Any]:
        try:
            return jwt.decode(token, self.keys[issuer.iss], algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError):
            raise NoToken(
                "got a token that no key of its issuer signed", code="ehr.signature"
            ) from None

    def _check(self, claims: Mapping[str, Any], issuer: Issuer, *, path: str) -> None:
        now = self.clock()
        begun, ends = claims.get("iat"), claims.get("exp")
        if not isinstance(begun, (int, float)) or not isinstance(ends, (int, float)):
            raise NoToken("expected iat and exp in the token", code="ehr.times")
        fresh = begun - _SKEW_SECONDS <= now <= ends + _SKEW_SECONDS
        if not fresh or ends - begun > _LONGEST_SECONDS:
            raise NoToken("got a token out of its time, or for too long a time", code="ehr.expired")
        wanted = f"{self.spec.base_url}{path}".rstrip("/")
        said = claims.get("aud")
        audience = said if isinstance(said, list) else [said]
        if wanted not in {str(one).rstrip("/") for one in audience}:
            raise NoToken("got a token that is made for another address", code="ehr.audience")
        if issuer.tenants and claims.get("tenant") not in issuer.tenants:
            raise Denied("this tenant may not ask here", code="ehr.tenant")
        self._use(issuer.iss, claims.get("jti"), ends=float(ends), now=now)

    def _use(self, iss: str, jti: object, *, ends: float, now: float) -> None:
        if not isinstance(jti, str) or not jti:
            raise NoToken("expected jti in the token", code="ehr.jti")
        with self._lock:
            old = [key for key, end in self._used.items() if end + _SKEW_SECONDS < now]
            for key in old:
                del self._used[key]
            if (iss, jti) in self._used:
                raise NoToken("got a token a second time", code="ehr.replay")
            self._used[iss, jti] = ends


@dataclass(frozen=True)
class Ehr:
    """The record systems that may ask: what is said of them, and the check of their tokens."""

    spec: EhrSpec
    tokens: EhrTokens


def asking(policy: EhrPolicy) -> Ehr:
    """Return the record systems that may ask, with their keys as the check takes them.

    Raises:
        BadInput: the keys of an issuer are not a JWK set of public asymmetric keys.
    """
    return Ehr(policy.spec, EhrTokens(policy.spec, {iss: _keys(said) for iss, said in policy.keys}))


def _keys(said: Mapping[str, Any]) -> KeySet:
    held = said.get("keys") or ()
    kinds = [one.get("kty") if isinstance(one, dict) else None for one in held]
    # Looked at before they are read: a private key of another has no place here either.
    if not kinds or any(kind not in _KINDS for kind in kinds) or any("d" in one for one in held):
        raise BadInput(
            "got keys of an issuer that are no JWK set of public keys",
            code="ehr.keys",
            hint="Ask for its public JWK set: EC or RSA keys without a private part.",
        )
    try:
        return KeySet.import_key_set(cast("Any", said))
    except (JoseError, ValueError, KeyError, TypeError):
        raise BadInput("got keys of an issuer that cannot be read", code="ehr.keys") from None


def _unchecked(token: str) -> dict[str, Any]:
    """Return what a token claims, unchecked; only its issuer is looked at.

    Raises:
        ValueError: it is no token.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("not three parts")
    found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    return found if isinstance(found, dict) else {}
