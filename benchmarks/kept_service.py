"""Run a service for as long as whoever started it is there: python kept_service.py COMMAND ...

Its standard input is a pipe that the starter holds. When that is closed, also because the starter
was killed, the service and all its processes are told to end. So no port stays taken. It ends when
the last of these processes has: `mlflow` is gone before the server that it started, which would
answer a little longer in the place of whoever listens there next.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading

#: Of prctl: whose parent is gone becomes our child, so that it can be waited for.
_SUBREAPER = 36
#: Seconds after which what was told to end is ended.
_PATIENCE = 30.0


def main(command: list[str]) -> int:
    """Return the status of the command, once it and all that it started have ended."""
    if ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit("this system does not say when the processes of a service have ended")
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)  # else the group would be the starter's, and told to end too
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    # The group is told as a whole; this one goes last, for who waits for it waits for the service.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_starter, daemon=True).start()
    status = process.wait()
    os.killpg(0, signal.SIGTERM)  # what it started does not go on without it
    last = threading.Timer(_PATIENCE, os.killpg, (0, signal.SIGKILL))
    last.daemon = True
    last.start()
    with contextlib.suppress(ChildProcessError):  # none is left
        while True:
            os.wait()
    return status


def _end_with_starter() -> None:
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
