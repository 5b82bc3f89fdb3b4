"""A verb under a limit of memory runs in a process of its own, which another one watches.

Where Python asks for memory in vain it says so, and the verb is refused. A compiled library may
only abort: its process is then gone without a word, and the one that watched says it. A thread
may die of it while another waits for its answer for ever: such a process ends itself.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import sys
import threading
from typing import TYPE_CHECKING

from attending.cli.door import through
from attending.cli.leaving import code_of
from attending.errors import DependencyDown

if TYPE_CHECKING:
    from collections.abc import Callable
    from sys import UnraisableHookArgs
    from threading import ExceptHookArgs
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
        code = _LOADER_ABORTS
        try:
            _end_with_a_lost_thread()
            code = code_of(run)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    code = _watched(child)
    if code >= 0 and code != _LOADER_ABORTS:
        return code
    return through(lambda: _refuse(code), argv=sys.argv)


def _end_with_a_lost_thread() -> None:
    """End this process once a thread or a clean-up had no memory: somebody may wait for it.

    Python loses such an error in three places: at a thread's start, at its end, and where a pool
    cannot even hand the error to the one that asked.
    """
    thread_hook, lost_hook = threading.excepthook, sys.unraisablehook

    def in_thread(told: ExceptHookArgs) -> None:
        _end_if_starved(told.exc_type)
        thread_hook(told)

    def lost(told: UnraisableHookArgs) -> None:
        _end_if_starved(told.exc_type)
        lost_hook(told)

    def in_pool(told: logging.LogRecord) -> bool:
        _end_if_starved(told.exc_info[0] if told.exc_info else None)
        return True

    threading.excepthook, sys.unraisablehook = in_thread, lost
    logging.getLogger("concurrent.futures").addFilter(in_pool)


def _end_if_starved(kind: type[BaseException] | None) -> None:
    if kind is not None and issubclass(kind, MemoryError):
        os._exit(_LOADER_ABORTS)


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
