"""Write what a source would give at a moment: CSV files and a manifest with control totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import csv

from attending.digests import canonical, digest_file
from attending.hospital.columns import instant_text
from attending.hospital.sites import SITES
from attending.hospital.visible import TABLES, check_until, visible
from attending.times import format_instant

if TYPE_CHECKING:
    from pathlib import Path

    from attending.hospital.generate import Hospital
    from attending.types import Instant

MANIFEST = "manifest.json"
_ROWS_AT_ONCE = 1 << 17
#: Values never hold a comma, a quote or a line end; the writer refuses if one does.
_FORMAT = csv.WriteOptions(include_header=False, quoting_style="none")


def write_extract(hospital: Hospital, folder: Path, *, until: Instant) -> dict[str, int]:
    """Write the CSV files and then the manifest.

    Rows stand in the order of recording, so an earlier extract is the beginning of a later one,
    but for discharges and deaths that were recorded in between.

    Args:
        hospital: as generated.
        folder: made when it is not there; files of an older extract are replaced.
        until: only what was recorded by then is written.

    Returns:
        Rows by table.

    Raises:
        BadInput: `until` lies outside the plan.
    """
    check_until(hospital, until)
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / MANIFEST
    manifest.unlink(missing_ok=True)  # an extract without a manifest is an unfinished one
    counts = {
        name: _write_csv(visible(hospital, name, until=until), folder / f"{name}.csv")
        for name in TABLES
    }
    manifest.write_bytes(canonical(_manifest(hospital, folder, until=until, counts=counts)))
    return counts


def _write_csv(table: pa.Table, path: Path) -> int:
    with path.open("wb") as stream:
        header = ",".join(table.column_names) + "\n"
        stream.write(header.encode())
        for start in range(0, table.num_rows, _ROWS_AT_ONCE):
            csv.write_csv(_as_text(table.slice(start, _ROWS_AT_ONCE)), stream, _FORMAT)
    return int(table.num_rows)


def _as_text(table: pa.Table) -> pa.Table:
    columns = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        columns[name] = instant_text(column) if pa.types.is_timestamp(column.type) else column
    return pa.table(columns)


def _manifest(
    hospital: Hospital, folder: Path, *, until: Instant, counts: dict[str, int]
) -> dict[str, object]:
    plan = hospital.plan
    return {
        "source_system": "synthetic-hospital",
        "source_version": "1",
        "seed": plan.seed,
        "patients": plan.patients,
        "years": plan.years,
        "start": format_instant(plan.start),
        "until": format_instant(until),
        "time_zones": {site.name: site.zone for site in SITES},
        "synthetic": True,
        "files": {
            f"{name}.csv": {"rows": rows, "sha256": digest_file(folder / f"{name}.csv")}
            for name, rows in counts.items()
        },
    }
