"""Forged tokens: each a whole token with one thing wrong, made for any issuer and audience."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEYS: dict[str, ECKey | RSAKey] = {
    "ES384": ECKey.generate_key("P-384", {"kid": "one", "use": "sig", "alg": "ES384"}),
    "RS256": RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"}),
}
PUBLIC = {"keys": [key.as_dict(private=False) for key in KEYS.values()]}
#: The order of P-384: a signature of it is zero, counted around.
_ORDER = f"{2**384 - 1 - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68C:096x}"
_KIDS = {"ES384": "one", "RS256": "two"}


Claims: TypeAlias = dict[str, Any]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(said: Any) -> str:
    return b64(json.dumps(said).encode())


def signed(claims: bytes | dict[str, Any], *, alg: str = "ES384", **header: Any) -> str:
    """Return a token that a key of the issuer signed; a header of None is left out."""
    head = {"alg": alg, "kid": _KIDS[alg], "typ": "JWT"} | header
    whole = {name: value for name, value in head.items() if value is not None}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    registry.check_header = lambda header: None  # type: ignore[method-assign] # forge any header
    return jws.serialize_compact(whole, payload, KEYS[alg], registry=registry)


def unsigned(claims: dict[str, Any], alg: str, signature: str = "") -> str:
    return f"{part({'alg': alg, 'kid': 'one', 'typ': 'JWT'})}.{part(claims)}.{signature}"


def shared(claims: dict[str, Any], secret: bytes, *, alg: str = "HS256", kid: str = "two") -> str:
    """Return a token that a shared secret signed: what is public, taken for a secret."""
    body = f"{part({'alg': alg, 'kid': kid, 'typ': 'JWT'})}.{part(claims)}"
    return f"{body}.{b64(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


@dataclass(frozen=True)
class Forged:
    """One forgery: its fault, its name, and what makes it of whole claims."""

    fault: str
    name: str
    make: Callable[[dict[str, Any]], str]


def _edited(token: str, **claims: Any) -> str:
    head, body, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    return f"{head}.{part(said | claims)}.{signature}"


def _nothing_signed() -> Iterator[Forged]:
    for alg in ("none", "None", "NONE", "nOnE", "", " none"):
        yield Forged("X13", f"alg {alg!r}", partial(unsigned, alg=alg))
        yield Forged("X13", f"alg {alg!r}, padded", partial(unsigned, alg=alg, signature="AAAA"))
    yield Forged("X13", "no signature", lambda c: signed(c).rpartition(".")[0] + ".")
    yield Forged("X13", "two parts", lambda c: signed(c).rpartition(".")[0])
    yield Forged("X13", "edited after", lambda c: _edited(signed(c), admin=True))
    yield Forged("X13", "no alg", lambda c: f"{part({'kid': 'one'})}.{part(c)}.AAAA")
    yield Forged("X13", "alg a list", lambda c: f"{part({'alg': ['none']})}.{part(c)}.AAAA")


def _keys_confused() -> Iterator[Forged]:
    for kid, alg in (("one", "ES384"), ("two", "RS256")):
        key = KEYS[alg]
        for form, secret in (
            ("pem", key.as_pem(private=False)),
            ("der", key.as_der(private=False)),
            ("jwk", json.dumps(key.as_dict(private=False)).encode()),
        ):
            yield Forged("X14", f"{alg} {form} as secret", partial(shared, secret=secret, kid=kid))
    yield Forged("X14", "RS key named, ES signed", lambda c: signed(c, kid="two"))
    yield Forged("X14", "ES key named, RS signed", lambda c: signed(c, alg="RS256", kid="one"))
    yield Forged("X14", "ES256 said for a P-384 key", lambda c: _said(c, "ES256", "one", 64))
    yield Forged("X14", "PS256 said for an RS256 key", lambda c: _said(c, "PS256", "two", 256))
    yield Forged("X14", "RS512 said for an RS256 key", lambda c: _said(c, "RS512", "two", 256))
    yield Forged("X14", "ECDSA of zeros", lambda c: _said(c, "ES384", "one", 96))
    whole = bytes.fromhex(_ORDER) * 2
    yield Forged("X14", "ECDSA of the order", lambda c: _said(c, "ES384", "one", whole))
    yield Forged("X14", "crit", lambda c: signed(c, crit=["exp"]))
    yield Forged("X14", "crit unknown", lambda c: signed(c, crit=["urn:x"], **{"urn:x": 1}))
    yield Forged("X14", "b64 false", lambda c: signed(c, b64=False, crit=["b64"]))
    yield Forged("X14", "nested", lambda c: signed(signed(c).encode(), cty="JWT"))
    yield Forged("X14", "key of its own", _own_key)
    yield Forged("X14", "a claim twice", lambda c: signed(_twice(c)))
    yield Forged("X14", "a header twice", _header_twice)
    yield Forged(
        "X14", "encrypted", lambda c: ".".join(["eyJhbGciOiJkaXIifQ", "", "AA", "AA", "AA"])
    )


def _said(claims: dict[str, Any], alg: str, kid: str, signature: int | bytes) -> str:
    data = bytes(signature) if isinstance(signature, int) else signature
    return f"{part({'alg': alg, 'kid': kid, 'typ': 'JWT'})}.{part(claims)}.{b64(data)}"


def _own_key(claims: dict[str, Any]) -> str:
    mine = ECKey.generate_key("P-384")
    head = {"alg": "ES384", "kid": "one", "jwk": mine.as_dict(private=False)}
    registry = jws.JWSRegistry(algorithms=["ES384"])
    return jws.serialize_compact(head, json.dumps(claims).encode(), mine, registry=registry)


def _twice(claims: dict[str, Any]) -> bytes:
    return b'{"iss": "https://other.example", ' + json.dumps(claims).encode()[1:]


def _header_twice(claims: dict[str, Any]) -> str:
    whole = signed(claims)
    head = b64(b'{"alg": "none", "alg": "ES384", "kid": "one", "typ": "JWT"}')
    return f"{head}.{whole.partition('.')[2]}"


CHANGES: tuple[tuple[str, Callable[[Claims], Claims]], ...] = (
    ("expired", lambda c: {"iat": c["iat"] - 4000, "exp": c["iat"] - 3900}),
    ("expired beyond the skew", lambda c: {"iat": c["iat"] - 200, "exp": c["iat"] - 61}),
    ("not yet begun", lambda c: {"iat": c["iat"] + 400, "exp": c["iat"] + 500}),
    ("not before", lambda c: {"nbf": c["iat"] + 400}),
    ("ten years", lambda c: {"exp": c["iat"] + 10 * 365 * 24 * 3600}),
    ("backwards", lambda c: {"exp": c["iat"] - 1}),
    ("no exp", lambda c: {"exp": None}),
    ("no iat", lambda c: {"iat": None}),
    ("exp true", lambda c: {"exp": True}),
    ("exp a text", lambda c: {"exp": str(c["exp"])}),
    ("exp without end", lambda c: {"exp": 10**400}),
    ("another audience", lambda c: {"aud": "https://another.example/"}),
    ("no audience", lambda c: {"aud": None}),
    ("audience nested", lambda c: {"aud": [[c["aud"]]]}),
    ("audience a prefix", lambda c: {"aud": c["aud"][:-1]}),
    ("another issuer", lambda c: {"iss": "https://other.example"}),
    ("issuer a prefix", lambda c: {"iss": c["iss"] + ".evil.example"}),
    ("no issuer", lambda c: {"iss": None}),
)


def _after(claims: Claims, change: Callable[[Claims], Claims]) -> str:
    changed = claims | change(claims)
    return signed({name: value for name, value in changed.items() if value is not None})


def _out_of_bounds() -> Iterator[Forged]:
    for name, change in CHANGES:
        yield Forged("X15", name, partial(_after, change=change))
    for typ in ("at+jwt", "logout+jwt", "JWE", "jwt ", 7):
        yield Forged("X15", f"typ {typ!r}", partial(signed, typ=typ))
    yield Forged("X15", "1 MB", lambda c: signed(c | {"pad": "x" * 2**20}))
    yield Forged("X15", "1 MB of dots", lambda c: "." * 2**20)
    yield Forged("X15", "deep", lambda c: f"{b64(b'[' * 9000)}.{part(c)}.AAAA")


CORPUS = (*_nothing_signed(), *_keys_confused(), *_out_of_bounds())


def of(fault: str) -> list[Forged]:
    """Return the forgeries of one fault."""
    return [one for one in CORPUS if one.fault == fault]
