"""Where alerts go beside the record system (`policy/delivery.yaml` of a home)."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from attending.specs.base import Length, Spec

Address: TypeAlias = Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$", max_length=200)]
File: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}\.key$")]


class Webhook(Spec):
    """One address that is posted to; no other ever is, and no redirect is followed.

    Attributes:
        url: https, or http on this machine.
        secret: the file in `keys/` with the 32 bytes (hexadecimal) that messages are signed with.
    """

    url: Annotated[str, Field(pattern=r"^https?://[^\s#@]+$", max_length=300)]
    secret: File

    @model_validator(mode="after")
    def _private_or_near(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme == "https" or parts.hostname == "localhost" or _loopback(parts.hostname):
            return self
        raise ValueError("expected https, or an address of this machine")


def _loopback(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


class Mail(Spec):
    """The hospital's gateway for secure messages (SMTP); a message names no patient.

    Attributes:
        to: who is told of alerts.
        starttls: whether the connection must become TLS; only a gateway on this machine may not.
    """

    host: Annotated[str, Field(min_length=1, max_length=200)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    sender: Address
    to: Annotated[tuple[Address, ...], Field(min_length=1)]
    starttls: bool = True

    @model_validator(mode="after")
    def _private_or_near(self) -> Self:
        if self.starttls or self.host == "localhost" or _loopback(self.host):
            return self
        raise ValueError("expected starttls, or a gateway on this machine")


class DeliverySpec(Spec):
    """`policy/delivery.yaml`.

    Attributes:
        link: where the worklist is opened, without the last slash.
        contacts: by role of the plan's responses, who is told when nobody has answered.
        snooze: a stay makes no further alert for this long after one.
    """

    link: Annotated[str, Field(pattern=r"^https?://[^\s#]+[^\s#/]$", max_length=300)]
    webhook: Webhook | None = None
    mail: Mail | None = None
    contacts: dict[str, Address] = Field(default_factory=dict)
    snooze: Length = 0
