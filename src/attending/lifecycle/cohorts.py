"""Cohorts: who is predicted for, built from a snapshot and kept with their table."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa

from attending.cohort.aces import cohort_from_aces
from attending.cohort.build import build as build_table
from attending.errors import BadInput, NotFound, Refused
from attending.features.clocks import Zones
from attending.lifecycle.desk import keep, required
from attending.lifecycle.engines import engine_name, engine_over
from attending.lifecycle.ingesting import held
from attending.lifecycle.tables import table_bytes, table_from
from attending.records.cohort import Cohort
from attending.specs.cohort import CohortSpec
from attending.specs.read_yaml import parse_spec, parse_yaml
from attending.specs.write_yaml import write_yaml
from attending.statistics.suppression import SMALLEST, suppress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held
    from attending.lifecycle.projects import Project
    from attending.records.snapshot import Snapshot
    from attending.types import Instant

#: A shifted or relative set was closed before it was shared: every stay in it has its outcome.
_CLOSED = timedelta(days=400)


@dataclass(frozen=True)
class BuiltCohort:
    """A cohort record, its table, and the snapshot that both come from."""

    digest: str
    record: Cohort
    table: pa.Table
    source: Held


def data_end(snapshot: Snapshot) -> Instant:
    """Return up to when outcomes may be known from a snapshot."""
    watermark = required(snapshot.watermark, "event", hint="The snapshot is empty.")
    end: Instant = watermark if snapshot.real_clock else watermark + _CLOSED
    return end


def zones_of(snapshot: Snapshot) -> Zones:
    """Return in which zones the clocks of a snapshot's sites stand."""
    return Zones(snapshot.time_zone, snapshot.site_zones)


def in_zones(table: pa.Table, snapshot: Snapshot) -> pa.Table:
    """Return predictions with the zone of each one's site, for features as of a clock time."""
    zones = zones_of(snapshot)
    if "site" not in table.column_names:
        names = pa.nulls(table.num_rows, pa.string())
    else:
        sites = table["site"].combine_chunks().dictionary_encode()
        there = pa.array(map(zones.of, sites.dictionary.to_pylist()), pa.string())
        names = there.take(sites.indices)
    return table.append_column("time_zone", names.fill_null(zones.of(None)))


def project_snapshot(desk: Desk, project: Project, name: str = "") -> Held:
    """Return the named snapshot, or the newest one of the contract's source, if it names any."""
    named = [source.name for source in project.contract.sources[:1]]
    return held(desk, name, source="" if name or not named else named[0])


def build_cohort(
    desk: Desk,
    project: Project,
    *,
    snapshot: str = "",
    each: Callable[[], None] | None = None,
) -> BuiltCohort:
    """Return the cohort that a project asks for, now kept.

    Args:
        desk: where and when.
        project: whose cohort.yaml is built.
        snapshot: the start of an id; the newest of the contract's source when empty.
        each: called after every shard.
    """
    source = project_snapshot(desk, project, snapshot)
    record, table = made_cohort(desk, project, source, each=each)
    artifact = desk.home.artifacts.put(table_bytes(table))
    digest = keep(
        desk,
        record,
        action="cohort.build",
        keys={"model": project.name, "snapshot": source.digest, "table": artifact},
        details={
            "table_rows": record.rows,
            "labelled": record.labelled,
            "events": record.positives,
            "engine": engine_name(desk),
        },
    )
    return BuiltCohort(digest=digest, record=record, table=table, source=source)


def made_cohort(
    desk: Desk, project: Project, source: Held, *, each: Callable[[], None] | None = None
) -> tuple[Cohort, pa.Table]:
    """Return the cohort that a project asks of a snapshot, made and not kept.

    Raises:
        Refused: the cohort is of units and the source has no real calendar.
    """
    _require_calendar(project, source.snapshot)
    return build_table(
        project.cohort,
        engine_over(desk, source),
        as_of=data_end(source.snapshot),
        snapshot=source.digest,
        zone_of=zones_of(source.snapshot).of,
        each=each,
    )


def _require_calendar(project: Project, snapshot: Snapshot) -> None:
    """Refuse to count units where days were shifted: patients of one day were never together.

    Raises:
        Refused: the cohort is of units and the source has no real calendar.
    """
    if project.cohort.of_units and not snapshot.real_clock:
        raise Refused(
            f"the source's times are {snapshot.time_zone}, and units are counted on real days",
            code="cohort.no_calendar",
            hint="Count units on data whose days were not shifted patient by patient.",
            where="cohort.yaml: index",
        )


def unit_sizes(built: BuiltCohort) -> list[tuple[str, int, str]]:
    """Return each unit with its shifts and how many were counted in all, small ones hidden.

    A count from 1 to 10 could point at a person; it is shown as `≤10`.
    """
    table = built.table
    if "outcome_count" not in table.column_names:
        return []
    sums = table.group_by("group_unit", use_threads=False).aggregate(
        [("outcome_count", "sum"), ("group_shift", "count")]
    )
    rows = sums.sort_by("group_unit").to_pylist()
    counted = [int(row["outcome_count_sum"] or 0) for row in rows]
    hidden = suppress(counted, total_shown=False)
    return [
        (row["group_unit"], row["group_shift_count"], f"≤{SMALLEST}" if small else str(count))
        for row, count, small in zip(rows, counted, hidden, strict=True)
    ]


def require_patients(project: Project) -> None:
    """Refuse a question about patients where the cohort's rows are units.

    Raises:
        BadInput: they are.
    """
    if project.cohort.of_units:
        raise BadInput(
            "the rows of this cohort are units and shifts, not patients",
            code="cohort.of_units",
            hint="Ask for a cohort of patients; `cohort build` shows what is counted of units.",
            where="cohort.yaml: index",
        )


def built_cohort(desk: Desk, project: Project, name: str = "") -> BuiltCohort:
    """Return the newest cohort of a project that is as its spec says, or the named one.

    Raises:
        NotFound: none was built from the spec as it is now.
    """
    catalog = desk.home.catalog
    if name:
        record = catalog.get(name, Cohort)
    else:
        kept = [
            cohort
            for cohort in catalog.all(Cohort, model=project.name)
            if cohort.spec_digest == project.cohort.digest
        ]
        record = required(
            kept[-1] if kept else None,
            "cohort",
            hint="Run `attending cohort build`; cohort.yaml may have changed since.",
        )
    digest = record.digest
    table = table_from(desk.home.artifacts.read(catalog.keys(digest)["table"]))
    return BuiltCohort(digest, record, table, held(desk, record.snapshot))


def imported_task(file: Path, to: Path | None) -> str:
    """Return the cohort.yaml that asks for the same as an ACES task, written where it is asked.

    Raises:
        NotFound: no such file.
        BadInput: not YAML, a part that does not map, or a file that is there already.
    """
    if not file.is_file():
        raise NotFound("there is no such file", code="aces.missing", where=str(file))
    if to is not None and to.exists():
        raise BadInput(
            "the file is there already, and is kept",
            code="aces.exists",
            hint="Name another with --to.",
            where=str(to),
        )
    task = parse_yaml(file.read_bytes(), name=str(file)).value
    if not isinstance(task, dict):
        raise BadInput("the file is no task of ACES", code="aces.not_a_task", where=str(file))
    name = re.sub(r"[^a-z0-9_]+", "_", file.stem.lower()).strip("_") or "imported"
    said = cohort_from_aces(task, name=name)
    stream = io.StringIO()
    write_yaml(said, stream)
    parse_spec(stream.getvalue().encode(), CohortSpec, name=str(file))
    if to is not None:
        to.write_text(stream.getvalue(), encoding="utf-8")
    return stream.getvalue()
