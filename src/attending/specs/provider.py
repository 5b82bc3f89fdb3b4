"""The hospital's own sign-in (`policy/provider.yaml` of a home): an OpenID Connect provider."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from attending.specs.base import Spec

Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Address: TypeAlias = Annotated[str, Field(pattern=r"^https?://[^\s#@\\]+$", max_length=300)]
Algorithm: TypeAlias = Literal["ES256", "ES384", "RS256", "RS384"]
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class ProviderSpec(Spec):
    """`policy/provider.yaml`. Every address that is asked stands here; none is looked up.

    Attributes:
        title: what the button says: Sign in with TITLE.
        issuer: exactly as its tokens say it.
        client_id: what the provider calls this installation.
        secret_file: file in `keys/` that holds the client's secret, or
        secret_variable: the environment variable that does.
        redirect: our own address to which it sends people back, as it is registered there.
        authorization: where people sign in.
        token: where a code is exchanged.
        keys: its public keys (a JWK set), asked again once a minute at most.
        algorithms: by which it signs; fixed here, never by a token.
        networks: in which its addresses must lie; anywhere but link-local when empty.
        certificates: file beside this one with the certificates that sign the provider's own; the
            well-known ones when absent.
    """

    title: Text
    issuer: Address
    client_id: Text
    secret_file: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,60}$")] | None = None
    secret_variable: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,60}$")] | None = None
    redirect: Address
    authorization: Address
    token: Address
    keys: Address
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)]
    networks: tuple[Text, ...] = ()
    certificates: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}\.pem$")] | None = None

    @field_validator("issuer", "redirect", "authorization", "token", "keys")
    @classmethod
    def _encrypted(cls, said: str) -> str:
        parts = urlsplit(said)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ValueError("expected an https address; plain http is for this machine alone")
        return said

    @field_validator("networks")
    @classmethod
    def _are_networks(cls, said: tuple[str, ...]) -> tuple[str, ...]:
        for one in said:
            ip_network(one)  # says itself what is wrong
        return said

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if (self.secret_file is None) == (self.secret_variable is None):
            raise ValueError("expected secret_file or secret_variable, one of the two")
        if not self.redirect.endswith("/login/provider/back"):
            raise ValueError("expected a redirect that ends with /login/provider/back")
        return self
