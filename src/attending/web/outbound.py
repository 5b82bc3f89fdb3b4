"""The only way out: to addresses that a policy names, resolved once, looked at, and then kept to.

No redirect is followed, no proxy of the environment is used, and no answer is read without end.
"""

from __future__ import annotations

import socket
import ssl
import time
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, TypeAlias

import httpx2

from attending.errors import DependencyDown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

Address: TypeAlias = IPv4Address | IPv6Address
_MOST_BYTES = 256 * 1024
_SECONDS = 10.0
#: Where machines in a cloud tell their own secrets, beside what is link-local.
_NEVER = frozenset({ip_address("fd00:ec2::254"), ip_address("100.100.100.200")})


class NotAllowed(DependencyDown):
    """An address that no policy names, or a name that leads where it may not."""

    default_code = "outbound.refused"


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a host, by the system's resolver."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(one[4][0]) for one in found]


class Outbound(httpx2.BaseTransport):
    """Sends requests to the addresses that it was given, and to nothing else.

    Args:
        addresses: whole URLs; another URL is refused before anything is sent.
        networks: in which every address of a host must lie; anywhere but link-local when empty.
        certificates: of those who sign the other side's; the well-known ones when None.
        resolve: gives the addresses of a host.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        *,
        networks: Sequence[str] = (),
        certificates: Path | None = None,
        resolve: Callable[[str, int], list[str]] = resolved,
    ) -> None:
        self._allowed = frozenset(str(httpx2.URL(one)) for one in addresses)
        self._networks = tuple(ip_network(one) for one in networks)
        self._resolve = resolve
        verify = ssl.create_default_context(cafile=certificates) if certificates else True
        self._inner = httpx2.HTTPTransport(verify=verify, trust_env=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the answer to a request, read up to a size and within a time.

        Raises:
            NotAllowed: no policy names the address, or its host leads where it may not.
        """
        if str(request.url) not in self._allowed:
            raise NotAllowed("got an address that no policy names")
        host = request.url.host
        pinned = self._pinned(host, request.url.port or 443)
        # The name stays in the Host header and in TLS; the connection goes where we looked.
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=pinned)
        answer = self._inner.handle_request(request)
        return httpx2.Response(
            answer.status_code, headers=answer.headers, stream=_Bounded(answer.stream)
        )

    def _pinned(self, host: str, port: int) -> str:
        found = [_plain(ip_address(one.partition("%")[0])) for one in self._resolve(host, port)]
        here = host in {"localhost", "127.0.0.1", "::1"}
        if not found or not all(self._may(one, here=here) for one in found):
            raise NotAllowed("an address that a policy names leads nowhere, or where it may not")
        return str(found[0])

    def _may(self, address: Address, *, here: bool) -> bool:
        odd = address.is_link_local or address.is_multicast or address.is_unspecified
        if odd or address in _NEVER or address.is_loopback != here:
            return False
        return not self._networks or any(address in one for one in self._networks)

    def close(self) -> None:
        """Close all connections."""
        self._inner.close()


def _plain(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, where it stands for one."""
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if isinstance(mapped, IPv4Address) else address


class _Bounded(httpx2.SyncByteStream):
    """An answer of which no more is read than is allowed, nor for longer."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[bytes]:
        if not isinstance(self._inner, httpx2.SyncByteStream):
            raise NotAllowed("got an answer of another kind")
        size, until = 0, time.monotonic() + _SECONDS
        for part in self._inner:
            size += len(part)
            if size > _MOST_BYTES or time.monotonic() > until:
                raise NotAllowed("got an answer that is too long, or too slow")
            yield part

    def close(self) -> None:
        if isinstance(self._inner, httpx2.SyncByteStream):
            self._inner.close()
