"""Run verbs for which permissions count: `python -m tests.faults.unprivileged`.

Root may read and write whatever the permissions say; a process gives that right away first, and
stays the owner of its files. Each line of the input is a JSON list, the verb's words; each line of
the output its exit code and what it said. Processes are forked from this one, which has imported
what they need and started no thread.
"""

from __future__ import annotations

import ctypes
import importlib
import io
import json
import os
import sys

from attending.cli.app import app
from attending.cli.door import through

_VERSION_3 = 0x20080522
_SETS = 2


def give_rights_away() -> None:
    """Drop every capability of this process (capset(2), version 3)."""
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    none = (ctypes.c_uint32 * (3 * _SETS))()
    if ctypes.CDLL(None, use_errno=True).capset(header, none) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def run(words: list[str]) -> None:
    """Run one verb in a process of its own, which prints how it ended."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    give_rights_away()
    real, said = sys.stdout, io.StringIO()
    sys.stdout = sys.stderr = said
    code = through(lambda: app(words, standalone_mode=False), argv=words)
    real.write(json.dumps([code, said.getvalue()]) + "\n")
    real.flush()
    os._exit(0)


if __name__ == "__main__":
    for name in ("auditing", "people", "accounts"):
        importlib.import_module(f"attending.lifecycle.{name}")
    for line in sys.stdin:
        run(json.loads(line))
