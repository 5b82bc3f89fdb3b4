"""The same bits on every processor: one choice among the kernels of the linear algebra library.

OpenBLAS takes the kernel of the processor that it finds, and another kernel sums in another order.
A model that was fitted on a laptop would then score in other last digits on a server, and a run
would not repeat there to the byte.
"""

from __future__ import annotations

import os
from pathlib import Path

#: What OpenBLAS reads when it is loaded, which is when numpy is first imported.
VARIABLE = "OPENBLAS_CORETYPE"
#: The kernel that runs on every x86 processor that has these, which is nearly all since 2013.
KERNEL, _NEEDED = "Haswell", frozenset({"avx2", "fma"})
_FLAGS = Path("/proc/cpuinfo")
_LOOKED_AT = 8192


def take_one_kernel() -> None:
    """Let OpenBLAS take the same kernel everywhere; what somebody chose for this machine stands.

    It does nothing for a process that imported numpy before.
    """
    if VARIABLE not in os.environ and _has_what_it_needs():
        os.environ[VARIABLE] = KERNEL


def kernel() -> str:
    """Return the name of the kernel that was chosen, `own` where the library chose.

    >>> kernel() != ""
    True
    """
    return os.environ.get(VARIABLE, "own")


def _has_what_it_needs() -> bool:
    """Return whether the kernel runs here; elsewhere the library knows best."""
    if not _FLAGS.exists():
        return False
    with _FLAGS.open(encoding="ascii", errors="replace") as file:
        return needs_met(file.read(_LOOKED_AT))


def needs_met(said: str) -> bool:
    r"""Return whether a processor's description has the instructions that the kernel uses.

    >>> needs_met("flags\t\t: fpu sse2 fma avx avx2"), needs_met("flags\t\t: fpu sse2")
    (True, False)
    """
    flags = next((line for line in said.splitlines() if line.startswith("flags")), "")
    return set(flags.split()) >= _NEEDED
