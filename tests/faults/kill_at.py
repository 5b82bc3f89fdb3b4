"""Run verbs in processes that are killed at a named point: `python -m tests.faults.kill_at`.

Each line of the input is a JSON list, the point and then the verb's words; each line of the output
is how that process ended. Processes are forked from this one, which has imported what they need
and started no thread.

A point is `module:function@n:before` or `:after`: the n-th call of the function that the module
holds, just before it or just after it. `commits` first makes durable what the transaction holds,
which is what would happen without one.
"""

from __future__ import annotations

import functools
import importlib
import io
import json
import os
import signal
import sys
from typing import Any

from attending.cli.app import app
from attending.cli.door import through


def arm(point: str) -> None:
    """Put a trap at a point."""
    where, _, when = point.rpartition(":")
    module, _, called = where.partition(":")
    name, _, number = called.partition("@")
    holder: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        holder = getattr(holder, part)
    setattr(holder, last, _trapped(getattr(holder, last), int(number or 1), when))


def _trapped(function: Any, number: int, when: str) -> Any:
    calls = 0

    @functools.wraps(function)
    def trapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and when == "commits":
            args[1]._connection.commit()
        if calls == number and when in {"before", "commits"}:
            os.kill(os.getpid(), signal.SIGKILL)
        given = function(*args, **kwargs)
        if calls == number and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return given

    return trapped


def ended(point: str, argv: list[str]) -> int:
    """Return how a process ended that ran one verb with a trap: -9 when it was killed."""
    child = os.fork()
    if not child:
        arm(point)
        sys.stdout = io.StringIO()
        os._exit(through(lambda: app(argv, standalone_mode=False), argv=argv))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for heavy in ("lightgbm", "numba", "pyarrow.parquet", "scipy.stats"):
        importlib.import_module(heavy)
    for line in sys.stdin:
        point, *argv = json.loads(line)
        print(ended(point, argv), flush=True)
