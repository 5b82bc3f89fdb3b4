"""One thread of a process computes at a time; the others wait for the disk, or for their turn.

Python runs one thread at a time anyway. Threads that all compute take turns piece by piece, each is
late, and the handing over costs a quarter of the processor.
"""

from __future__ import annotations

import threading

#: Held while a request is read or scored, never while anything waits for the disk or the network.
ONE = threading.Lock()
