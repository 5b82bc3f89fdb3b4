"""How a process ends: output written, exit functions called, nothing torn down."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# A thing that aborts when the interpreter destroys it, as a thread pool with a starting worker.
_FRAGILE = """
import atexit, os, sys, threading, time
class Fragile:
    def __del__(self):
        os.abort()
fragile = Fragile()
atexit.register(lambda: print("exit function"))
def late():
    time.sleep(0.2)
    print("thread")
def run():
    threading.Thread(target=late).start()
    print("said")
    {how}
"""


def _ended(how: str, end: str) -> subprocess.CompletedProcess[str]:
    code = _FRAGILE.format(how=how) + end
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_finished_process_is_not_aborted_by_its_own_teardown():
    control = _ended("return 3", "sys.exit(run())")
    assert control.returncode < 0  # the bad outcome, with the interpreter's teardown
    done = _ended("return 3", "from attending.cli.leaving import leave; leave(run)")
    assert done.returncode == 3
    assert done.stdout.split("\n")[:3] == ["said", "thread", "exit function"]


@pytest.mark.parametrize(
    ("how", "code"), [("sys.exit()", 0), ("sys.exit(5)", 5), ("sys.exit('no')", 1), ("return 0", 0)]
)
def test_the_code_is_what_the_run_asked_for(how: str, code: int):
    done = _ended(how, "from attending.cli.leaving import leave; leave(run)")
    assert done.returncode == code
    assert ("no\n" in done.stderr) == (code == 1)


def test_output_that_cannot_be_written_is_not_success():
    code = "import sys; from attending.cli.leaving import leave\n"
    code += "leave(lambda: sys.stdout.write('said') * 0)"
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=full,
            stderr=subprocess.DEVNULL,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": ""},  # written at the end, not at once
        )
    assert done.returncode == 120
