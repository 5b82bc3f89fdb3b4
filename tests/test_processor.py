"""The same bits on every processor: a process takes one kernel, unless somebody chose another."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attending.lifecycle.provenance import machine
from attending.processor import KERNEL, VARIABLE, kernel, needs_met

_TOLD = """
import json, os, attending, numpy
from threadpoolctl import threadpool_info
kernels = [one["architecture"] for one in threadpool_info() if one["internal_api"] == "openblas"]
print(json.dumps([os.environ.get("OPENBLAS_CORETYPE"), kernels]))
"""


def told(**chosen):
    """Return the variable and the kernels of a process that imported `attending` first."""
    plain = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", _TOLD], env=plain | chosen, capture_output=True, check=True
    )
    return json.loads(done.stdout)


def test_a_process_takes_the_kernel_that_all_processors_have():
    here = needs_met(Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace"))
    variable, kernels = told()
    assert variable == (KERNEL if here else None)
    assert not here or set(kernels) == {KERNEL}


def test_what_was_chosen_for_a_machine_stands():
    variable, kernels = told(**{VARIABLE: "Nehalem"})
    assert variable == "Nehalem"
    assert set(kernels) == {"Nehalem"}


def test_a_processor_without_the_instructions_is_left_alone():
    assert not needs_met("vendor_id : none\nflags : fpu sse2 avx avx2x fmax\n")
    assert not needs_met("")


@pytest.mark.requirement("C2")
def test_a_run_says_what_its_processor_can_do_and_which_kernel_it_took():
    said = machine()
    assert said.startswith(f"{sys.platform} {platform.machine()} {' '.join(platform.libc_ver())} ")
    assert all(one in said for one in np.show_config("dicts")["SIMD Extensions"]["found"])
    assert said.endswith(f"kernel {kernel()}")
