"""Serve the app: on this machine only, unless TLS or a named proxy stands in front."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    import uvicorn
    from fastapi import FastAPI

    from attending.web.shared import Shared


@dataclass(frozen=True)
class Front:
    """What stands between the network and us: our own TLS, a proxy that we trust, or nothing."""

    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: tuple[str, ...] = ()

    @property
    def tls(self) -> bool:
        """Return whether we speak TLS ourselves."""
        return self.certificate is not None and self.key is not None

    @property
    def secure(self) -> bool:
        """Return whether browsers reach us by TLS."""
        return self.tls or bool(self.behind_proxy)


def check_bind(host: str, front: Front) -> None:
    """Refuse to listen beyond this machine in plain text.

    Raises:
        BadInput: not loopback, and neither TLS nor a proxy that is named.

    >>> check_bind("127.0.0.1", Front())
    >>> check_bind("0.0.0.0", Front())
    Traceback (most recent call last):
    ...
    attending.errors.BadInput: got host '0.0.0.0', which other machines reach in plain text
    Let a proxy end TLS (--behind-proxy ADDRESS), or listen on 127.0.0.1.
    """
    if "*" in front.behind_proxy:
        raise BadInput(
            "got '*' as a trusted proxy, expected addresses",
            code="web.proxy",
            hint="Name the proxy's address: --behind-proxy 10.0.0.5.",
        )
    if not (_loopback(host) or front.secure):
        raise BadInput(
            f"got host '{host}', which other machines reach in plain text",
            code="web.bind",
            hint="Let a proxy end TLS (--behind-proxy ADDRESS), or listen on 127.0.0.1.",
        )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(
    app: FastAPI,
    host: str,
    port: int,
    *,
    front: Front | None = None,
    shared: Shared | None = None,
) -> None:
    """Serve the app until it is told to stop; what was accepted by then is answered first.

    Args:
        app: what answers.
        host: where to listen, unless the socket of several workers is shared.
        port: on which port; the same holds.
        front: what stands between the network and us.
        shared: what this worker shares with the others; nothing where it is alone.
    """
    from attending.web.draining import Draining  # noqa: PLC0415
    from attending.web.workers import Member  # noqa: PLC0415

    front = front or Front()
    check_bind(host, front)
    config = settings(app, host, port, front=front)
    if shared is None or shared.board is None:
        Draining(config).run()
        return
    member = Member(config, shared.board)
    member.end_with(lambda: os.read(sys.stdin.fileno(), 1))
    member.run(sockets=[socket.socket(fileno=shared.listener)])


def settings(app: FastAPI, host: str, port: int, *, front: Front) -> uvicorn.Config:
    """Return how we listen: bounds on what clients may hold open, and nothing said of ourselves."""
    import uvicorn  # noqa: PLC0415

    from attending.web.draining import DRAIN_SECONDS  # noqa: PLC0415
    from attending.web.slow_clients import TimedProtocol  # noqa: PLC0415

    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        http=TimedProtocol,
        ws="none",
        timeout_keep_alive=5,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
        proxy_headers=bool(front.behind_proxy),
        forwarded_allow_ips=list(front.behind_proxy),
        ssl_certfile=front.certificate,
        ssl_keyfile=front.key,
    )
