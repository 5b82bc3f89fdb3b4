"""P12: memory runs out while a model is fitted and while patients are scored."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from attending.lifecycle.auditing import fsck
from attending.lifecycle.desk import open_desk
from attending.times import format_instant
from tests.lifecycle.ward import SECOND, make_ward

if TYPE_CHECKING:
    from pathlib import Path

#: More than a light verb has at its peak, and less than fitting (180 MiB) or scoring (80) takes.
MARGIN_KB = 40 * 1024
_PEAK = """
import sys
from attending.cli.app import app
app(sys.argv[1:], standalone_mode=False)
sys.stderr.write(open("/proc/self/status").read())
"""
_UNGUARDED = """
import sys
from attending.cli.app import app
app(sys.argv[1:], standalone_mode=False)
"""
#: One thread each, and one pool of the allocator: how much is asked for is the same every time.
_ONE = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "MALLOC_ARENA_MAX"), "1"
)


class Ended(NamedTuple):
    """How a process ended and what it said; -9 also when it stood still and was ended."""

    code: int
    said: str


def run(*command: str, limit_kb: int | str = "unlimited") -> Ended:
    """Run a process, and all that it starts, under a limit of memory."""
    limited = f'ulimit -v {limit_kb} && exec "$@"'
    with subprocess.Popen(
        ["/bin/sh", "-c", limited, "sh", sys.executable, *command],
        env={**os.environ, **_ONE},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said = process.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            said = process.communicate()[0]
        return Ended(process.returncode, said)


@pytest.fixture
def ward(tmp_path):
    made = make_ward(tmp_path)
    made.desk.home.close()
    return tmp_path


def acts(home: Path) -> list[str]:
    """Return what the ledger's entries say was done, in a home in which all is sound."""
    with open_desk(home, at=SECOND) as desk:
        assert not any(fsck(desk).values())
        return [entry.action for entry in desk.home.ledger.entries()]


@pytest.mark.fault("P12")
def test_p12_a_step_that_gets_no_memory_is_refused_and_loses_nothing(ward):
    home = ward / "home"
    at, project = format_instant(SECOND), str(ward / "project")
    where = ("--home", str(home), "--project", project, "--at", at)
    light = run("-c", _PEAK, "run", "ls", *where)
    peak = re.search(r"VmPeak:\s+(\d+) kB", light.said)
    assert light.code == 0 and peak is not None, light.said
    limit = int(peak[1]) + MARGIN_KB
    # Control: without the guard it ends by a signal or with a traceback.
    control = run("-c", _UNGUARDED, "train", "fit", *where, limit_kb=limit)
    assert control.code < 0 or "Traceback" in control.said, control
    before = acts(home)
    for verb, done in ((("train", "fit"), "run.fit"), (("score",), "score.batch")):
        # Guard: a typed refusal, and nothing is half written. The cohort that is built before
        # patients are scored is a whole record of its own.
        short = run("-m", "attending", *verb, *where, limit_kb=limit)
        assert short.code == 5, (verb, short)
        assert "refused [memory.short]" in short.said
        assert "Traceback" not in short.said
        now = acts(home)
        assert now[: len(before)] == before
        assert set(now[len(before) :]) <= {"cohort.build"}
        # With the memory that it needs the same verb succeeds, with no other step between.
        whole = run("-m", "attending", *verb, *where)
        assert whole.code == 0, (verb, whole)
        before = acts(home)
        assert before[len(now) :].count(done) == 1
