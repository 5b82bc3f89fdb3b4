"""A server that ends by draining: what was accepted is answered, nothing new is accepted."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from types import FrameType

#: How long accepted requests have to be answered.
DRAIN_SECONDS = 30


class Draining(uvicorn.Server):
    """Drains on SIGTERM, Ctrl-C and SIGHUP alike; a second signal cuts nobody short."""

    def run(self, *args: object, **kwargs: object) -> None:
        """Serve until told to stop, then drain."""
        before = signal.signal(signal.SIGHUP, self.handle_exit)
        try:
            super().run(*args, **kwargs)  # type: ignore[arg-type]  # the parent's own arguments
        finally:
            signal.signal(signal.SIGHUP, before)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Begin to drain; the signal is not raised again, for the process ends well."""
        self.should_exit = True
