"""Build a cohort: map the shards, count every step, and put rows in order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.cohort.outcome_codes import columns_read
from attending.cohort.shard import KEPT, codes_read, shard, steps
from attending.cohort.unit_table import unit_table
from attending.digests import digest_of
from attending.engines.tables import digest_table, micros, whole_numbers
from attending.records.cohort import Cohort, StatusCounts, Step
from attending.specs.base import dump
from attending.times import from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.engines.protocol import Engine
    from attending.specs.cohort import CohortSpec
    from attending.types import Instant, Ints


def in_utc(_site: str | None) -> str:
    """Return the zone of every site where nobody said another.

    >>> in_utc("NORTH")
    'UTC'
    """
    return "UTC"


def build(
    spec: CohortSpec,
    engine: Engine,
    *,
    as_of: Instant,
    snapshot: str = "",
    zone_of: Callable[[str | None], str] = in_utc,
    each: Callable[[], None] | None = None,
) -> tuple[Cohort, pa.Table]:
    """Return the cohort record and the cohort table.

    Args:
        spec: the cohort.
        engine: maps the work over the shards of a snapshot.
        as_of: end of what may be seen: the snapshot's watermark, or an earlier instant.
        snapshot: the snapshot's id, kept in the record.
        zone_of: the time zone of a site, for units and their shifts.
        each: called after every shard.

    Raises:
        IntegrityBroken: a shard is not in canonical order, or cannot be read.
    """
    if spec.of_units:
        found = unit_table(spec, engine, as_of=to_micros(as_of), zone_of=zone_of, each=each)
        title = f"{len(spec.index.shifts or ())} shifts a day of every unit"
        flow = (Step(name="index", title=title, kept=found.num_rows, removed=0),)
        return _record(spec, as_of, found, snapshot=snapshot, flow=flow), found
    work = partial(shard, spec, to_micros(as_of))
    found = engine.map(work, codes=codes_read(spec), columns=columns_read(spec), each=each)
    step = whole_numbers(found["step"])
    table = _in_order(found.filter(pa.array(step == KEPT)).drop_columns(["step"]))
    return _record(spec, as_of, table, snapshot=snapshot, flow=_flow(spec, step)), table


def _outcome_column(spec: CohortSpec) -> str:
    if spec.of_units:
        return "outcome_count"
    return "outcome_days" if spec.label.is_number else "label"


def _in_order(table: pa.Table) -> pa.Table:
    keys = [(name, "ascending") for name in ("subject_id", "prediction_time", "encounter_id")]
    return table.take(pc.sort_indices(table, sort_keys=keys)).combine_chunks()


def _flow(spec: CohortSpec, step: Ints) -> tuple[Step, ...]:
    """Return how many rows each step kept and removed, the first with all candidates."""
    kept = len(step)
    classes = ", ".join(spec.index.classes).lower()
    title = f"{spec.index.event} of a stay ({classes})"
    flow = [Step(name="index", title=title, kept=kept, removed=0)]
    for number, (name, words) in enumerate(steps(spec)):
        removed = int(np.count_nonzero(step == number))
        kept -= removed
        flow.append(Step(name=name, title=words, kept=kept, removed=removed))
    return tuple(flow)


def _record(
    spec: CohortSpec, as_of: Instant, table: pa.Table, *, snapshot: str, flow: tuple[Step, ...]
) -> Cohort:
    counts = {row["values"]: row["counts"] for row in pc.value_counts(table["status"]).to_pylist()}
    known = table[_outcome_column(spec)]
    labelled = table.num_rows - known.null_count
    positives = int(pc.sum(table["label"]).as_py() or 0)
    at = micros(table["prediction_time"], null=0)
    return Cohort(
        name=spec.name,
        version=spec.version,
        spec_digest=spec.digest,
        label_digest=digest_of(dump(spec.label)),
        label=dump(spec.label),
        snapshot=snapshot,
        as_of=as_of,
        steps=flow,
        rows=table.num_rows,
        subjects=len(pc.unique(table["subject_id"])),
        statuses=StatusCounts(**counts),
        labelled=labelled,
        positives=positives,
        prevalence=positives / labelled if labelled and known.type == pa.int8() else None,
        first_prediction=from_micros(int(at.min())) if len(at) else None,
        last_prediction=from_micros(int(at.max())) if len(at) else None,
        table_digest=digest_table(table),
    )
