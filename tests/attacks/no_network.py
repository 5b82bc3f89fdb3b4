"""Nobody is called: every connection and every look-up of a name outside this machine fails."""

from __future__ import annotations

import ipaddress
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_WATCHED = frozenset({"socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg"})
_state: dict[str, Any] = {"on": False, "set": False, "called": []}


class Called(OSError):
    """Something outside this machine was called."""


def _here(host: object) -> bool:
    if not isinstance(host, str):
        return host is None or isinstance(host, bytes)  # a socket of this machine's file system
    if host in {"", "localhost"} or host.startswith(("/", "\0")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _state["on"] or event not in _WATCHED:
        return
    where = args[0] if event == "socket.getaddrinfo" else args[1]
    host = where[0] if isinstance(where, tuple) else where
    if not _here(host):
        _state["called"].append((event, str(host)))
        raise Called(f"called {host}")


@contextmanager
def cut_off() -> Iterator[list[tuple[str, str]]]:
    """Give the list of calls outwards; each fails while the block lasts."""
    if not _state["set"]:
        sys.addaudithook(_hook)  # stays for the process, and does nothing when it is off
        _state["set"] = True
    _state.update(on=True, called=[])
    try:
        yield _state["called"]
    finally:
        _state["on"] = False


def main(lines: list[str]) -> int:
    """Return what the first verb that was refused ended with, else 0; 9 when one called.

    Args:
        lines: command lines, each run in this process, cut off.
    """
    from attending.cli.app import app
    from attending.cli.door import through
    from attending.cli.guard import guarded

    run = guarded(app)
    with cut_off() as called:
        for line in lines:
            sys.argv = ["attending", *line.split()]
            try:
                code = through(run, argv=sys.argv)
            except SystemExit as ended:
                code = int(ended.code or 0)
            if called or code:
                break
    return 9 if called else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
