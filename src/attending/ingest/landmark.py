"""Count what had happened by a prediction time and nobody could see yet: the trap of one clock."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def not_yet_known(events: pa.Table, stays: pa.Table, *, code_prefix: str) -> pa.Table:
    """Return, for each prediction, how many rows of its stay had happened but were not known.

    Args:
        events: the events of one shard.
        stays: subject_id, encounter_id and prediction_time, one row a prediction.
        code_prefix: of the codes to count.

    Returns:
        The columns of `stays`, in their order, and `rows`: happened (time <= p), not known
        (known_at > p).

    >>> from attending.records.events import EVENTS
    >>> row = {"subject_id": 7, "encounter_id": 9, "code": "LAB//1", "source": "s"}
    >>> table = pa.Table.from_pylist([{**row, "time": 1, "known_at": 5}], schema=EVENTS)
    >>> at = pa.array([4, 5], type=pa.timestamp("us"))
    >>> stays = pa.table({"subject_id": [7, 7], "encounter_id": [9, 9], "prediction_time": at})
    >>> not_yet_known(table, stays, code_prefix="LAB//")["rows"].to_pylist()
    [1, 0]
    """
    names = ["encounter_id", "time", "known_at"]
    meant = events.filter(pc.starts_with(events["code"], code_prefix)).select(names)
    place = pa.array(np.arange(stays.num_rows))
    asked = stays.select(["encounter_id", "prediction_time"]).append_column("place", place)
    pairs = meant.join(asked, keys="encounter_id", join_type="inner")
    hidden = pairs.filter(
        pc.and_(
            pc.less_equal(pairs["time"], pairs["prediction_time"]),
            pc.greater(pairs["known_at"], pairs["prediction_time"]),
        )
    )
    counts = np.bincount(np.asarray(hidden["place"], dtype=np.int64), minlength=stays.num_rows)
    columns = ["subject_id", "encounter_id", "prediction_time"]
    return stays.select(columns).append_column("rows", pa.array(counts))
