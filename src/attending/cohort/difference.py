"""What changes between two definitions of a cohort: fields, rows by rule, and labels."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from attending.cohort.outcome_codes import columns_read
from attending.cohort.shard import KEPT, codes_read, shard, steps
from attending.records.cohort import CohortDiff, FieldChange, Moved
from attending.specs.base import dump
from attending.times import to_micros

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from attending.engines.protocol import Engine
    from attending.specs.cohort import CohortSpec
    from attending.types import Instant

_KEYS = ("subject_id", "encounter_id", "prediction_time")
_NO_PREDICTION = ("index", "no such prediction")


def difference(
    before: CohortSpec, after: CohortSpec, engine: Engine, *, as_of: Instant
) -> CohortDiff:
    """Return what changes from one definition to another on the same shards.

    Raises:
        IntegrityBroken: a shard is not in canonical order, or cannot be read.
    """
    old = _candidates(before, engine, as_of=as_of)
    new = _candidates(after, engine, as_of=as_of)
    kept_old = {key for key, (step, _) in old.items() if step == KEPT}
    kept_new = {key for key, (step, _) in new.items() if step == KEPT}
    return CohortDiff(
        before=before.digest,
        after=after.digest,
        as_of=as_of,
        changes=tuple(_changes(dump(before), dump(after))),
        rows_before=len(kept_old),
        rows_after=len(kept_new),
        entering=_moved(kept_new - kept_old, old, before),
        leaving=_moved(kept_old - kept_new, new, after),
        relabelled=sum(old[key][1] != new[key][1] for key in kept_old & kept_new),
    )


def _candidates(
    spec: CohortSpec, engine: Engine, *, as_of: Instant
) -> dict[tuple[Any, ...], tuple[int, object]]:  # keys of a row, as Arrow gives them
    """Return the step at which every candidate left, and its status and value."""
    work = partial(shard, spec, to_micros(as_of))
    found = engine.map(work, codes=codes_read(spec), columns=columns_read(spec))
    value = "outcome_days" if spec.label.is_number else "label"
    keys = zip(*(found[name].cast(_plain(found[name])).to_pylist() for name in _KEYS), strict=True)
    outcome = zip(found["status"].to_pylist(), found[value].to_pylist(), strict=True)
    return dict(zip(keys, zip(found["step"].to_pylist(), outcome, strict=True), strict=True))


def _plain(column: pa.ChunkedArray) -> pa.DataType:
    return pa.int64() if pa.types.is_timestamp(column.type) else column.type


def _moved(
    keys: set[tuple[Any, ...]],  # keys of a row, as Arrow gives them
    other: Mapping[tuple[Any, ...], tuple[int, object]],
    spec: CohortSpec,
) -> tuple[Moved, ...]:
    """Return counts by the step of the other definition, in the order of its steps."""
    named = steps(spec)
    counts = Counter(other[key][0] if key in other else -2 for key in keys)
    rows = []
    for step, count in sorted(counts.items()):
        name, title = _NO_PREDICTION if step < 0 else named[step]
        rows.append(Moved(rule=name, title=title, rows=count))
    return tuple(rows)


def _changes(before: object, after: object, path: str = "") -> Iterator[FieldChange]:
    """Yield every field that differs, by its path."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            inner = f"{path}.{name}" if path else name
            yield from _changes(before.get(name), after.get(name), inner)
    elif before != after:
        yield FieldChange(field=path, before=before, after=after)
