"""Warming: every compiled function of a feature run is called once, so that it is kept on disk."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from attending.engines import kernel
from attending.engines.kernel_states import count_states
from attending.engines.plan import AGGREGATES, Column, Predictions, compile_plan
from attending.records.events import EVENTS


def warm_kernel() -> int:
    """Return in how many forms the kernel is compiled: one, whatever it is given.

    The first call on a machine compiles it, and keeps it beside the code where that can be
    written, else in the folder that NUMBA_CACHE_DIR names.
    """
    plan = compile_plan([Column(("A",), name, window_us=10) for name in AGGREGATES])
    row = {
        "subject_id": 1,
        "time": 1,
        "code": "A",
        "numeric_value": 1.0,
        "known_at": 1,
        "source": "",
    }
    rows = pa.table({name: [row.get(name)] for name in EVENTS.names}, schema=EVENTS)
    number = np.ones(1, np.int64)
    for trace in (False, True):
        filled = plan.fill(rows, Predictions.at(number, number + 1, number), trace=trace)
        count_states(filled.state)
    return len(kernel.run.signatures)  # type: ignore[attr-defined]  # numba's own
