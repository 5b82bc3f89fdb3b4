"""Run one side of a comparison as a process of its own: seconds, peak memory, what it printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Where `make bench` puts the peers.
PEERS = Path(".venv-oracles/bin/python")
#: ACES needs an older polars than the other peers.
ACES = Path(".venv-aces/bin/python")
#: MEDS-Tab brings much that no other peer needs.
MEDSTAB = Path(".venv-medstab/bin/python")


@dataclass(frozen=True)
class Side:
    """What one process took, and the JSON that its last line was."""

    seconds: float
    peak_mib: float
    said: Any


def ours(module: str, *arguments: str) -> Side:
    """Run a module of the benchmarks in our environment."""
    return run([sys.executable, "-m", module, *arguments])


def peer(program: str, *arguments: str) -> Side:
    """Run a program of the benchmarks in the environment of the peers."""
    return run([str(PEERS), str(Path(__file__).with_name(program)), *arguments])


def named(venv: str, program: str, *arguments: str) -> Side:
    """Run a program of the benchmarks in the environment of one kind of peers."""
    python = f".venv-{venv}/bin/python"
    return run([python, str(Path(__file__).with_name(program)), *arguments])


def aces(task: str, *paths: str) -> Side:
    """Run one task of ACES over the files that are named."""
    return run([str(ACES), str(Path(__file__).with_name("peer_aces.py")), task, *paths])


def medstab(*arguments: str) -> Side:
    """Run MEDS-Tab, as released or mended."""
    return run([str(MEDSTAB), str(Path(__file__).with_name("peer_medstab.py")), *arguments])


def run(command: list[str]) -> Side:
    """Run a command whose output ends with JSON, or with a line of text."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[1]} failed with status {status}")
    seconds = time.perf_counter() - start
    return Side(seconds, used.ru_maxrss / 1024, _said(said))


def _said(text: str) -> Any:  # noqa: ANN401 - any JSON value
    last = text.strip().rpartition("\n")[2]
    return json.loads(last) if last[:1] in "{[" else last
