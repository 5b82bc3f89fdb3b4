"""Being told to stop: Ctrl-C, SIGTERM and SIGHUP end a verb with a message and an exit code.

The first signal stops the verb where it stands, and what it had begun is cleared away. A second one
ends the process at once, as a kill does: whatever is written is written whole or not at all.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NoReturn

from attending.errors import DependencyDown

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal told this process to stop; no step catches it."""


def stoppable(run: Callable[[], object]) -> Callable[[], object]:
    """Return the command line, stopped by a signal with a refusal.

    A signal that was ignored when the process began, as `nohup` does, stays ignored.

    Args:
        run: the command line.
    """

    def stopped() -> object:
        before = {one: signal.getsignal(one) for one in SIGNALS}
        for one in SIGNALS:
            if before[one] is not signal.SIG_IGN:
                signal.signal(one, _stop)
        try:
            return run()
        except Stopped:
            raise DependencyDown(
                "stopped by a signal",
                code="process.stopped",
                hint="Nothing was half done; run the same command again.",
            ) from None
        finally:
            for one in SIGNALS:
                signal.signal(one, before[one])

    return stopped


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    for one in SIGNALS:
        if signal.getsignal(one) is _stop:
            signal.signal(one, signal.SIG_DFL)
    raise Stopped
