"""Write the same extract as FHIR R4 NDJSON, as a bulk export gives it: current versions only.

A corrected or withdrawn result stands once, with the status and `issued` of its last version by
then; what it said before is gone, as in real exports. `meta.lastUpdated` is the last recording.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.hospital import resources
from attending.hospital.visible import check_until, visible

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from attending.hospital.generate import Hospital
    from attending.types import Instant

_ROWS_AT_ONCE = 1 << 16


def write_fhir(hospital: Hospital, folder: Path, *, until: Instant) -> dict[str, int]:
    """Write Patient, Encounter, Observation and Condition files.

    Args:
        hospital: as generated.
        folder: made when it is not there; files of an older export are replaced.
        until: only what was recorded by then is written.

    Returns:
        Resources by type.

    Raises:
        BadInput: `until` lies outside the plan.
    """
    check_until(hospital, until)
    folder.mkdir(parents=True, exist_ok=True)
    sources: dict[str, tuple[pa.Table, Callable[[pa.Table], pa.Array]]] = {
        "Patient": (_patients(hospital, until), resources.patients),
        "Encounter": (visible(hospital, "encounters", until=until), resources.encounters),
        "Observation": (
            _current(visible(hospital, "labs", until=until)),
            resources.observations,
        ),
        "Condition": (visible(hospital, "diagnoses", until=until), resources.conditions),
    }
    return {
        kind: _write(table, folder / f"{kind}.ndjson", lines=lines)
        for kind, (table, lines) in sources.items()
    }


def _patients(hospital: Hospital, until: Instant) -> pa.Table:
    """Return patients with the moment of registration, which FHIR needs as last update."""
    table = visible(hospital, "patients", until=until)
    return table.append_column("registered_at", hospital.patients["known_at"][: len(table)])


def _current(labs: pa.Table) -> pa.Table:
    """Return the last version of each result, in the order in which those came."""
    number = pc.cast(pc.utf8_slice_codeunits(labs["result_id"], 1), pa.int64()).to_numpy()
    from_end = number[::-1]
    _, last = np.unique(from_end, return_index=True)
    return labs.take(np.sort(len(number) - 1 - last))


def _write(table: pa.Table, path: Path, *, lines: Callable[[pa.Table], pa.Array]) -> int:
    with path.open("wb") as stream:
        for start in range(0, table.num_rows, _ROWS_AT_ONCE):
            text = lines(table.slice(start, _ROWS_AT_ONCE).combine_chunks())
            stream.write(memoryview(text.buffers()[2])[: _bytes(text)])
    return int(table.num_rows)


def _bytes(text: pa.Array) -> int:
    offsets = np.frombuffer(text.buffers()[1], dtype=np.int32)
    return int(offsets[len(text)])
