"""A bench that is killed leaves no service behind on its port."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

KEPT = Path(__file__).parents[2] / "benchmarks" / "kept_service.py"
#: Says its process id, and stays.
SERVICE = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
#: Starts the service as the bench does, and stays.
BENCH = """
import subprocess, sys, time
subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True)
time.sleep(600)
"""


@pytest.mark.parametrize("kept", [False, True])
def test_a_service_ends_when_the_bench_that_started_it_was_killed(kept):
    command = [sys.executable, "-c", SERVICE]
    wrapped = [sys.executable, str(KEPT), *command] if kept else command
    bench = subprocess.Popen([sys.executable, "-c", BENCH, *wrapped], stdout=subprocess.PIPE)
    service = int(bench.stdout.readline())
    try:
        bench.kill()
        bench.wait(60)
        # The control: alone it goes on without the bench.
        assert gone(service, within=60.0 if kept else 0.5) == kept
    finally:
        bench.stdout.close()
        if not gone(service, within=0.0):
            os.kill(service, signal.SIGKILL)


def gone(pid, *, within):
    """Return whether a process has ended, waiting for it so many seconds."""
    deadline = time.monotonic() + within
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True


#: As `mlflow models serve` does: it starts the server, and is gone before it when told to end.
STARTS = """
import signal, subprocess, sys
server = 'import signal, sys, time; signal.signal(15, lambda *_: '
server += '(time.sleep(0.5), sys.stdin.read(), sys.exit())); '
server += 'print(1, flush=True); time.sleep(600)'
started = subprocess.Popen([sys.executable, '-c', server])
print(started.pid, flush=True)
started.wait()
"""


@pytest.mark.parametrize("kept", [False, True])
def test_it_ends_after_the_last_process_that_the_service_started(kept):
    command = [sys.executable, "-c", STARTS]
    wrapped = [sys.executable, str(KEPT), *command] if kept else command
    with subprocess.Popen(
        wrapped, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as bench:
        # One says its id, the other that it listens to what it is told.
        server = max(int(bench.stdout.readline()), int(bench.stdout.readline()))
        os.killpg(bench.pid, signal.SIGTERM)
        bench.wait(60)
        # The control: alone the command is gone while its server still answers.
        assert gone(server, within=0.0) == kept
        bench.stdin.close()
        assert gone(server, within=60.0)


def test_who_waits_for_it_waits_for_the_service():
    command = [sys.executable, str(KEPT), sys.executable, "-c", "raise SystemExit(7)"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as done:
        assert done.wait(60) == 7
