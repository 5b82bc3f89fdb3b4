"""Run a service for as long as whoever started it is there: python kept_service.py COMMAND ...

Its standard input is a pipe that the starter holds. When that is closed, also because the starter
was killed, the service and all its processes are told to end. So no port stays taken.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    """Return the status of the command, which is told to end when the starter is gone."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    # The group is told as a whole; this one goes last, for who waits for it waits for the service.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_starter, daemon=True).start()
    return process.wait()


def _end_with_starter() -> None:
    while os.read(0, 4096):
        pass
    os.killpg(os.getpgid(0), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
