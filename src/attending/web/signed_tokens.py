"""Signed tokens (JWT) of issuers that we name: which key may have signed one, and by what alone.

The key decides the algorithm, never the token; and no address in a token is ever asked.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from attending.errors import BadInput
from attending.web.strict_json import strict_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Asymmetric only: with a shared secret whoever can check a token can make one.
ALGORITHMS = ("ES384", "RS384", "ES256", "RS256")
MOST_CHARACTERS = 16_384
_CURVES = {"P-256": "ES256", "P-384": "ES384"}
_LEAST_BITS = 2048
#: `jku` is told by record systems that follow CDS Hooks; it is read by nobody.
_KNOWN = frozenset({"alg", "kid", "typ", "jku"})
_PART = re.compile(r"[A-Za-z0-9_-]*")


class BadToken(Exception):
    """A token that is not what it must be; `code` says why, and nothing of the token."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class BadKeys(BadInput):
    """Keys of an issuer that are not what they must be."""

    default_code = "keys.issuer"

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            hint="Ask for its public JWK set: EC or RSA keys for signatures, no private part.",
        )


@dataclass(frozen=True)
class IssuerKey:
    """One public key of an issuer, and the algorithms by which it may have signed."""

    kid: str
    key: ECKey | RSAKey
    algorithms: tuple[str, ...]


@dataclass(frozen=True)
class Parts:
    """A token taken apart and not believed yet."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def issuer_keys(said: Mapping[str, Any], *, algorithms: Sequence[str]) -> tuple[IssuerKey, ...]:
    """Return the keys of a JWK set, each with what it may have signed by.

    Args:
        said: the JWK set, public keys alone.
        algorithms: that this issuer may use.

    Raises:
        BadKeys: not a JWK set of public EC or RSA keys, a key that is too small or is for
            something else, or one id twice.
    """
    held = said.get("keys")
    if not isinstance(held, list) or not held:
        raise BadKeys("got keys of an issuer that are no JWK set of public keys")
    found = tuple(_key(one, algorithms) for one in held)
    if len({one.kid for one in found}) < len(found):
        raise BadKeys("got an id of a key twice")
    return found


def usable_keys(said: Mapping[str, Any], algorithms: Sequence[str]) -> tuple[IssuerKey, ...]:
    """Return the keys of a JWK set that may sign tokens for us; others in it are passed over.

    Raises:
        BadKeys: there is none, or one id twice.
    """
    held = said.get("keys")
    usable = []
    for one in held if isinstance(held, list) else ():
        try:
            _key(one, algorithms)
        except BadKeys:
            continue
        usable.append(one)
    return issuer_keys({"keys": usable}, algorithms=algorithms)


def _key(said: Any, algorithms: Sequence[str]) -> IssuerKey:  # noqa: ANN401 - any JSON value
    # Looked at before it is read: a private key of another has no place here either.
    if not isinstance(said, dict) or said.get("kty") not in {"EC", "RSA"} or "d" in said:
        raise BadKeys("got keys of an issuer that are no JWK set of public keys")
    if said.get("use", "sig") != "sig":
        raise BadKeys("got a key of an issuer that is not for signatures")
    kind = ECKey if said["kty"] == "EC" else RSAKey
    try:
        key = kind.import_key(cast("Any", said))
        bits = key.public_key.key_size
    except (JoseError, ValueError, KeyError, TypeError):
        raise BadKeys("got keys of an issuer that cannot be read") from None
    fits = (_CURVES.get(said.get("crv", "")),) if kind is ECKey else ("RS256", "RS384")
    may = tuple(one for one in algorithms if one in fits and said.get("alg", one) == one)
    if not may or (kind is RSAKey and bits < _LEAST_BITS):
        raise BadKeys("got a key of an issuer for an algorithm that is not allowed")
    return IssuerKey(str(said.get("kid", "")), key, may)


def taken_apart(text: str) -> Parts:
    """Return a token's header and claims; nothing of them counts before `check_signature`.

    Raises:
        BadToken: not three parts of strict JSON, too long, or a header that asks for more than
            we do, such as a key of its own (`jwk`, `x5u`) or an extension (`crit`).
    """
    parts = text.split(".") if len(text) <= MOST_CHARACTERS else []
    if len(parts) != 3 or not all(parts):
        raise BadToken("malformed")
    header, claims = _object(parts[0]), _object(parts[1])
    if not header.keys() <= _KNOWN:
        raise BadToken("header")
    return Parts(text, header, claims)


def _object(part: str) -> dict[str, Any]:
    if not _PART.fullmatch(part):
        raise BadToken("malformed")
    try:
        found = strict_json(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (BadInput, binascii.Error):
        raise BadToken("malformed") from None
    if not isinstance(found, dict):
        raise BadToken("malformed")
    return found


def key_of(parts: Parts, keys: Sequence[IssuerKey]) -> IssuerKey | None:
    """Return the key that a token names; without a name, the only one that there is."""
    kid = parts.header.get("kid")
    if kid is None:
        return keys[0] if len(keys) == 1 else None
    return next((one for one in keys if one.kid and one.kid == kid), None)


def check_signature(parts: Parts, key: IssuerKey, *, types: Sequence[str | None]) -> None:
    """Refuse a token that this key did not sign, by an algorithm of the key.

    Args:
        parts: the token.
        key: of its issuer, from `key_of`.
        types: what its header may say in `typ`; None where it may say nothing.

    Raises:
        BadToken: another algorithm, type or signature.
    """
    if parts.header.get("alg") not in key.algorithms:
        raise BadToken("signature")
    typ = parts.header.get("typ")
    if (typ.upper() if isinstance(typ, str) else typ) not in types:
        raise BadToken("type")
    registry = jws.JWSRegistry(algorithms=list(key.algorithms))
    registry.max_header_length = MOST_CHARACTERS
    try:
        jws.deserialize_compact(parts.text, key.key, registry=registry)
    except (JoseError, ValueError):
        raise BadToken("signature") from None


def check_times(
    claims: Mapping[str, Any], *, now: float, skew_seconds: int, longest_seconds: int
) -> float:
    """Return when a token ends, in seconds since 1970, after a look at all its times.

    Raises:
        BadToken: no `iat` or `exp`, not begun, ended, or good for too long.
    """
    begun, ends = _instant(claims.get("iat")), _instant(claims.get("exp"))
    after = _instant(claims.get("nbf", begun))
    if begun is None or ends is None or after is None:
        raise BadToken("times")
    fresh = max(begun, after) - skew_seconds <= now < ends + skew_seconds
    if not fresh or not 0 < ends - begun <= longest_seconds:
        raise BadToken("expired")
    return ends


def _instant(said: object) -> float | None:
    if isinstance(said, bool) or not isinstance(said, (int, float)):
        return None
    try:
        found = float(said)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
