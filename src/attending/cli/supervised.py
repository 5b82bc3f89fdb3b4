"""A verb under a limit of memory runs in a process of its own, which another one watches.

Where Python asks for memory in vain it says so, and the verb is refused. A compiled library may
only abort: its process is then gone without a word, and the one that watched says it.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import TYPE_CHECKING

from attending.cli.door import through
from attending.errors import DependencyDown

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOADER_ABORTS = 127  # the C library's own end when a thread gets no memory


def supervised(run: Callable[[], int]) -> int:
    """Return the exit code of the command line, also where a limit of memory ended its process.

    Args:
        run: the command line; returns its exit code. Without a limit it runs in this process.
    """
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        return run()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        code = 1
        try:
            code = run()
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    code = _watched(child)
    if code >= 0 and code != _LOADER_ABORTS:
        return code
    return through(lambda: _refuse(code), argv=sys.argv)


def _watched(child: int) -> int:
    def pass_on(number: int, _frame: FrameType | None) -> None:
        os.kill(child, number)

    before = {one: signal.signal(one, pass_on) for one in _PASSED_ON}
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _refuse(code: int) -> None:
    raise DependencyDown(
        f"the process of this step was ended under a limit of memory (by {abs(code)})",
        code="memory.short",
        hint="Nothing was half done: raise the limit (ulimit -v), then run the same again.",
    )
