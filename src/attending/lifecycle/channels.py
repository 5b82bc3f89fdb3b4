"""The ways out: a signed webhook to one configured address, and a gateway for secure messages."""

from __future__ import annotations

import hashlib
import hmac
import smtplib
import ssl
import urllib.request
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.error import URLError

from attending.digests import canonical
from attending.errors import DependencyDown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.specs.delivery import Mail, Webhook

#: Seconds that the other side may take.
PATIENCE = 10.0
#: By which we greet a gateway; to look up our own name may take long.
_NAME = "localhost"
SIGNATURE = "X-Attending-Signature"


def signature(secret: bytes, body: bytes, *, at: int) -> str:
    """Return what a message is signed with: its instant in seconds and HMAC-SHA-256 over both.

    >>> signature(b"k" * 32, b"{}", at=7).partition(",")[0]
    't=7'
    """
    made = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={made}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: an alert goes to the address that was configured."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def post(webhook: Webhook, message: Mapping[str, Any], *, secret: bytes, at: int) -> None:
    """Post one message.

    Args:
        webhook: where to.
        message: JSON; `id` is the same when it is sent again.
        secret: 32 bytes.
        at: now, in seconds.

    Raises:
        DependencyDown: the address cannot be reached, or did not say that it took the message.
    """
    body = canonical(dict(message))
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": str(message["id"]),
        SIGNATURE: signature(secret, body, at=at),
    }
    request = urllib.request.Request(webhook.url, data=body, headers=headers, method="POST")  # noqa: S310 - its scheme is checked by the spec
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            answer.read(1)
    except (URLError, OSError, ValueError) as error:
        _down("webhook", error)


def mail(gateway: Mail, subject: str, text: str, *, to: Sequence[str] = ()) -> None:
    """Hand one message to the gateway.

    Raises:
        DependencyDown: it cannot be reached, or refuses.
    """
    message = EmailMessage()
    message["Subject"], message["From"] = subject, gateway.sender
    message["To"] = ", ".join(to or gateway.to)
    message.set_content(text)
    try:
        with smtplib.SMTP(gateway.host, gateway.port, _NAME, timeout=PATIENCE) as server:
            if gateway.starttls:
                server.starttls(context=ssl.create_default_context())
            server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        _down("mail", error)


def _down(channel: str, error: Exception) -> NoReturn:
    raise DependencyDown(
        f"the {channel} did not take a message: {type(error).__name__}",
        code=f"delivery.{channel}",
        hint="It is tried again by the next `attending deliver run`.",
    ) from None
