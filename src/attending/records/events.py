"""The one event table: every clinical fact is a row with two clocks. A superset of MEDS.

`time` is when it happened; `known_at` is when the row could first be seen. Both are UTC without
a zone in the type, as MEDS asks. A row is visible at p when `known_at <= p` and `superseded_at`
is null or later than p.
"""

from __future__ import annotations

import pyarrow as pa

_INSTANT = pa.timestamp("us")

EVENTS = pa.schema(
    [
        pa.field("subject_id", pa.int64(), nullable=False),
        pa.field("time", _INSTANT),
        pa.field("code", pa.string(), nullable=False),
        pa.field("numeric_value", pa.float32()),
        pa.field("text_value", pa.large_string()),
        pa.field("unit", pa.string()),
        pa.field("known_at", _INSTANT, nullable=False),
        pa.field("superseded_at", _INSTANT),
        pa.field("encounter_id", pa.int64()),
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string()),
        pa.field("site", pa.string()),
    ]
)

#: Rows that were not let in, kept beside the snapshot: where they came from and why, no value.
QUARANTINE = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_row", pa.string()),
        pa.field("code", pa.string()),
        pa.field("reason", pa.string(), nullable=False),
    ]
)

#: The canonical order of rows in a shard; the kernel refuses another.
ORDER = ("subject_id", "time", "known_at", "code", "numeric_value", "unit")

BIRTH = "MEDS_BIRTH"
#: A birth told of a record that was merged into one which has a birth of its own.
MERGED_BIRTH = "MERGED//MEDS_BIRTH"
DEATH = "MEDS_DEATH"
ADMISSION = "ENCOUNTER//ADMISSION//"
DISCHARGE = "ENCOUNTER//DISCHARGE//"
#: Says of a record that it is nobody: made to try a system out, and scored by no model.
TEST_PATIENT = "PATIENT//TEST"


def plain(table: pa.Table) -> pa.Table:
    """Return rows with the column types of `EVENTS`; a reader may hold text as a dictionary.

    >>> coded = pa.table({"code": pa.array(["A", "A"]).dictionary_encode()})
    >>> str(plain(coded).schema.field("code").type)
    'string'
    """
    wanted = pa.schema([EVENTS.field(name) for name in table.column_names])
    return table.cast(wanted)
