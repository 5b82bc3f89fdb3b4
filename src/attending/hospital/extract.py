"""Write what a source would give at a moment: CSV files and a manifest with control totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from attending.digests import canonical, digest_file
from attending.hospital.columns import instant_text
from attending.hospital.sites import SITES
from attending.hospital.visible import MERGES, TABLES, check_until, visible
from attending.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from attending.hospital.generate import Hospital
    from attending.types import Instant

MANIFEST = "manifest.json"
_ROWS_AT_ONCE = 1 << 17
#: Values never hold a comma, a quote or a line end; the writer refuses if one does.
_FORMAT = csv.WriteOptions(include_header=False, quoting_style="none")
_QUOTED = csv.WriteOptions(include_header=False, quoting_style="needed")


def write_extract(
    hospital: Hospital, folder: Path, *, until: Instant, since: Instant | None = None
) -> dict[str, int]:
    """Write the CSV files and then the manifest.

    Rows stand in the order of recording, so an earlier extract is the beginning of a later one,
    but for discharges and deaths that were recorded in between.

    Args:
        hospital: as generated.
        folder: made when it is not there; files of an older extract are replaced.
        until: only what was recorded by then is written.
        since: leave out what an extract of that moment had, but for the patients and stays that
            the new rows belong to; all of it when absent.

    Returns:
        Rows by table.

    Raises:
        BadInput: `until` lies outside the plan.
    """
    check_until(hospital, until)
    tables = {name: visible(hospital, name, until=until) for name in TABLES}
    if since is not None:
        check_until(hospital, since)
        tables = _news(hospital, tables, since=since)
    return write_tables(hospital, folder, tables=tables, until=until)


def write_tables(
    hospital: Hospital,
    folder: Path,
    *,
    tables: Mapping[str, pa.Table],
    until: Instant,
    told: Mapping[str, str] | None = None,
) -> dict[str, int]:
    """Write tables as CSV files and then their manifest.

    Args:
        hospital: whose tables they are.
        folder: made when it is not there; files of an older extract are replaced.
        tables: one for each name in `TABLES`, and one of merges where there were any.
        until: the moment of the extract.
        told: what the manifest says otherwise of its source.

    Returns:
        Rows by table.
    """
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / MANIFEST
    manifest.unlink(missing_ok=True)  # an extract without a manifest is an unfinished one
    (folder / f"{MERGES}.csv").unlink(missing_ok=True)
    names = [*TABLES, *({MERGES} & tables.keys())]
    counts = {name: _write_csv(tables[name], folder / f"{name}.csv") for name in names}
    content = _manifest(hospital, folder, until=until, counts=counts) | dict(told or {})
    manifest.write_bytes(canonical(content))
    return counts


def _news(
    hospital: Hospital, tables: dict[str, pa.Table], *, since: Instant
) -> dict[str, pa.Table]:
    """Return what came since a moment, with the stays and patients that it belongs to."""
    news = {}
    for name, table in tables.items():
        before = visible(hospital, name, until=since)
        rest = table.slice(before.num_rows)
        changed = table.slice(0, before.num_rows).filter(
            _stopped(before, since) if name == "medications" else _changed(before, table)
        )
        news[name] = pa.concat_tables([changed, rest])
    for name, key in (("encounters", "encounter_id"), ("patients", "patient_id")):
        needed = pa.chunked_array(
            [chunk for one in news.values() if key in one.column_names for chunk in one[key].chunks]
        )
        news[name] = tables[name].filter(pc.is_in(tables[name][key], value_set=pc.unique(needed)))
    return news


def _stopped(medications: pa.Table, since: Instant) -> pa.ChunkedArray:
    """Return which medications had not stopped yet: the stop is told when it comes."""
    ahead = pc.greater(medications["stopped_at"].cast(pa.int64()), int(since.timestamp()))
    return pc.fill_null(ahead, False)  # noqa: FBT003


def _changed(before: pa.Table, now: pa.Table) -> pa.ChunkedArray:
    """Return which rows of before read otherwise now; rows after them are new."""
    now = now.slice(0, before.num_rows)
    other = pa.array(np.zeros(now.num_rows, dtype=np.bool_))
    for name in now.column_names:
        old, new = before[name], now[name]
        same = pc.fill_null(pc.equal(old, new), pc.and_(old.is_null(), new.is_null()))
        other = pc.or_(other, pc.invert(same))
    return other


def _write_csv(table: pa.Table, path: Path) -> int:
    plain = not any(_needs_quotes(column) for column in table.columns)
    with path.open("wb") as stream:
        header = ",".join(table.column_names) + "\n"
        stream.write(header.encode())
        for start in range(0, table.num_rows, _ROWS_AT_ONCE):
            part = _as_text(table.slice(start, _ROWS_AT_ONCE))
            csv.write_csv(part, stream, _FORMAT if plain else _QUOTED)
    return int(table.num_rows)


def _needs_quotes(column: pa.ChunkedArray) -> bool:
    """Return whether a column has a comma, which only a faulty source writes."""
    if not pa.types.is_string(column.type):
        return False
    words = pc.unique(column)
    return bool(pc.any(pc.match_substring(words, ",")).as_py())


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
