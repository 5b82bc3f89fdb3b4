"""Find a row again when it is delivered again: which source record it is, and what it says.

A record is named by its source: `named` when its name stays the same for ever, `versioned` when
the name ends in `/VERSION`, and by what it says (`content`) where the source names nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.engines.row_hash import row_hashes
from attending.engines.tables import coded, micros
from attending.ingest.moved import as_said
from attending.records.events import EVENTS, plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from attending.ingest.moved import MovedRows
    from attending.records.snapshot import Naming

NEVER = np.iinfo(np.int64).max
#: One event of a file: its record, what it says, its version, its place, and both clocks' ends.
ENTRY = np.dtype(
    [
        ("record", "<u8"),
        ("content", "<u8"),
        ("version", "<i4"),
        ("row", "<i8"),
        ("known", "<i8"),
        ("ended", "<i8"),
    ]
)
#: What an event says; when it was known and until when are not part of it.
_SAYS = (
    "subject_id",
    "time",
    "code",
    "numeric_value",
    "text_value",
    "unit",
    "encounter_id",
    "source",
    "site",
)


def entries(events: pa.Table, naming: Mapping[str, Naming]) -> NDArray[np.void]:
    """Return one entry an event, in their order.

    Args:
        events: rows with the columns of `EVENTS`.
        naming: how each source names its records; by content where it is not said.
    """
    events = plain(events)
    ways = _ways(events["source"], naming)
    record, version = _records(events, ways == "versioned")
    says = row_hashes(events, _SAYS)
    named = row_hashes(
        events.append_column("says", pa.array(says.view(np.int64))), ("says", "source_row")
    )
    found = np.empty(events.num_rows, dtype=ENTRY)
    found["content"] = np.where(ways == "content", says, named)
    found["record"] = np.where(ways == "content", says, record)
    found["version"] = version
    found["row"] = np.arange(events.num_rows)
    found["known"] = micros(events["known_at"], null=NEVER)
    found["ended"] = micros(events["superseded_at"], null=NEVER)
    return found


def records_of(
    source: str, names: pa.ChunkedArray, *, way: Naming
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    """Return record numbers and versions of a source's rows by their names alone."""
    sources = pa.chunked_array([pa.repeat(pa.scalar(source), len(names))])
    table = pa.table({"source": sources, "source_row": names.cast(pa.string())})
    return _records(table, np.full(len(names), way == "versioned"))


def file_index(
    path: Path, naming: Mapping[str, Naming], moved: MovedRows | None = None
) -> NDArray[np.void]:
    """Return the entries of a shard's file, sorted by record; row groups are read one by one.

    Args:
        path: the file.
        naming: how each source names its records.
        moved: rows that stand with another patient; they are found again as the source said them.
    """
    file = pq.ParquetFile(path)
    parts = [np.empty(0, dtype=ENTRY)]
    start = 0
    for group in range(file.num_row_groups):
        events = plain(file.read_row_group(group, columns=EVENTS.names))
        found = entries(events if moved is None else as_said(events, moved, start), naming)
        found["row"] += start
        start += len(found)
        parts.append(found)
    whole = np.concatenate(parts)
    return whole[np.argsort(whole["record"], kind="stable")]


def _ways(sources: pa.ChunkedArray, naming: Mapping[str, Naming]) -> NDArray[np.str_]:
    place, words = coded(sources)
    return np.array([naming.get(word or "", "content") for word in words], "<U9")[place]


def _records(
    table: pa.Table, versioned: NDArray[np.bool_]
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    version = np.zeros(table.num_rows, dtype=np.int32)
    names = table["source_row"]
    if versioned.any():
        mask = pa.array(versioned)
        parts = pc.extract_regex(names.filter(mask), r"^(?P<record>.*)/(?P<version>\d{1,9})$")
        held = pc.struct_field(parts, "version").cast(pa.int32())
        version[versioned] = np.asarray(pc.fill_null(held, 0))
        bare = pc.coalesce(pc.struct_field(parts, "record"), names.filter(mask))
        names = pc.replace_with_mask(names.combine_chunks(), mask, bare.combine_chunks())
        names = pa.chunked_array([names])
    whole = pa.table({"source": table["source"], "record": names})
    return row_hashes(whole, ("source", "record")), version
