"""The fallback score that the signed plan names, at the predictions that need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.engines.tables import instants, numbers
from attending.serve.facts import NO_ENCOUNTER

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.serve.facts import Asked
    from attending.serve.served import Served
    from attending.types import Floats, Ints


def totals(served: Served, events: pa.Table, asked: Asked) -> Callable[[Ints], Floats]:
    """Return what gives the fallback's totals at some positions, NaN where there is none.

    Args:
        served: the version, with its fallback.
        events: rows of whole patients.
        asked: the predictions.
    """

    def at(positions: Ints) -> Floats:
        if served.fallback is None:
            return np.full(len(positions), np.nan)
        rows = pa.table(
            {
                "subject_id": asked.subject[positions],
                "encounter_id": pa.array(
                    asked.encounter[positions], mask=asked.encounter[positions] == NO_ENCOUNTER
                ),
                "prediction_time": instants(asked.time[positions]),
                "index_start": instants(asked.index_start[positions]),
            }
        )
        return numbers(served.fallback.score(events, rows)["total"])

    return at
