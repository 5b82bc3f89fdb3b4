"""A verb under a limit of memory is watched: where a library aborts, somebody says so."""

from __future__ import annotations

import subprocess
import sys

import pytest

_VERB = """
import os, resource, threading
from attending.cli.door import through
from attending.cli.leaving import leave
from attending.cli.supervised import supervised
def starved(*_):
    raise MemoryError
def no():
    return MemoryError, MemoryError(), None
def verb():
    {ends}
    threading.Event().wait()
if {limited}:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32))
leave(lambda: supervised(lambda: through(verb, argv=[])))
"""


def ended(ends, *, limited=True):
    code = _VERB.format(ends=ends, limited=limited)
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_library_that_aborts_under_a_limit_is_told():
    assert ended("os.abort()", limited=False).returncode < 0  # the control: nobody watches
    done = ended("os.abort()")
    assert done.returncode == 5
    assert "refused [memory.short]" in done.stderr


@pytest.mark.parametrize(
    ("ends", "code", "said"),
    [
        ("raise MemoryError", 5, "memory.short"),
        ("raise RuntimeError", 5, "memory.short"),
        ("raise KeyError", 5, "internal.defect"),
        ("return 0", 0, ""),
        ("raise SystemExit", 0, ""),  # what help ends with
        ("raise SystemExit(2)", 2, ""),  # and what a verb that is not there ends with
    ],
)
def test_what_python_says_under_a_limit_is_told_by_its_kind(ends, code, said):
    done = ended(ends)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "ends",
    [
        # A thread that dies of it, while the main one waits for its answer for ever.
        "import threading as t; t.Thread(target=starved).start(); t.Event().wait()",
        # A pool that cannot hand the error on: it logs it, and the answer never comes.
        "import logging\n    logging.getLogger('concurrent.futures').critical('', exc_info=no())",
        # A clean-up, whose errors are ignored.
        "class Lost: __del__ = starved\n    Lost()",
    ],
)
def test_a_thread_that_is_lost_to_memory_ends_the_process_instead_of_being_waited_for(ends):
    done = ended(ends)
    assert done.returncode == 5
    assert "refused [memory.short]" in done.stderr
    assert "Traceback" not in done.stderr
