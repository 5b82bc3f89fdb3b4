"""The end of a process: what was said is written out, then nothing is torn down any more."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

OUTPUT_LOST = 120  # what the interpreter itself answers when its last flush fails


def leave(run: Callable[[], int]) -> NoReturn:
    """Run the command line and end the process with its code.

    The interpreter's own teardown is not run. It would destroy the thread pools of the columnar
    reader while a worker may still be starting, which now and then aborts a process whose work
    is done (apache/arrow issue 34314). Threads of ours are waited for and the registered exit
    functions are called first, as the interpreter would.

    Args:
        run: the command line; returns its exit code, or raises `SystemExit` with one.

    """
    code = code_of(run)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()  # noqa: SLF001 - the only way to call what others registered
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or OUTPUT_LOST
    os._exit(code)


def code_of(run: Callable[[], int]) -> int:
    """Return the code of the command line, returned or raised.

    Args:
        run: the command line; returns its exit code, or raises `SystemExit` with one.

    >>> code_of(lambda: 3)
    3
    >>> import sys
    >>> code_of(sys.exit)
    0
    """
    try:
        return run()
    except SystemExit as ended:
        return _code(ended)


def _code(ended: SystemExit) -> int:
    if ended.code is None:
        return 0
    if isinstance(ended.code, int):
        return ended.code
    sys.stderr.write(f"{ended.code}\n")
    return 1
