"""A verb under a limit of memory is watched: where a library aborts, somebody says so."""

from __future__ import annotations

import subprocess
import sys

import pytest

_VERB = """
import os, resource
from attending.cli.door import through
from attending.cli.leaving import leave
from attending.cli.supervised import supervised
def verb():
    {ends}
if {limited}:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32))
leave(lambda: supervised(lambda: through(verb, argv=[])))
"""


def ended(ends, *, limited=True):
    code = _VERB.format(ends=ends, limited=limited)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


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
    ],
)
def test_what_python_says_under_a_limit_is_told_by_its_kind(ends, code, said):
    done = ended(ends)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
