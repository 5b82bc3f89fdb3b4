"""The unit-and-shift table: partial counts of all shards added up, a row for each unit and shift.

Here the unit is what a patient is elsewhere: `subject_id` is a hash of site and unit. A row is one
prediction, made at the beginning of a shift.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.cohort.outcome_codes import columns_read
from attending.cohort.shard import codes_read
from attending.cohort.unit_shard import COUNTS, PARTIAL, unit_shard
from attending.cohort.unit_ticks import shift_ticks
from attending.digests import digest_of
from attending.engines.tables import instants, whole_numbers
from attending.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.cohort.unit_ticks import Ticks
    from attending.engines.protocol import Engine
    from attending.specs.cohort import CohortSpec
    from attending.types import Ints

_KEYS = ["site", "unit", "start"]
#: Partial rows that are held before they are added up; bounds the memory, not the result.
_MOST = 200_000
_BITS = 53


@dataclass
class _Sums:
    """Partial counts, added up as they come, from several threads."""

    held: list[pa.Table] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def take(self, found: pa.Table) -> None:
        """Add one piece."""
        with self.lock:
            self.held.append(found)
            if sum(part.num_rows for part in self.held) > _MOST:
                self.held = [self.total()]

    def total(self) -> pa.Table:
        """Return the sum over all pieces, by site, unit and shift."""
        whole = pa.concat_tables([PARTIAL.empty_table(), *self.held])
        summed = whole.group_by(_KEYS).aggregate([(name, "sum") for name in COUNTS])
        named = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names])
        return named.select(PARTIAL.names).sort_by([(name, "ascending") for name in _KEYS])


def unit_table(
    spec: CohortSpec,
    engine: Engine,
    *,
    as_of: int,
    zone_of: Callable[[str | None], str],
    each: Callable[[], None] | None = None,
) -> pa.Table:
    """Return one row for each unit and shift, from when the unit was first known of to `as_of`.

    Beside the columns of every cohort: `outcome_count`, null until the shift is over and the
    label's delay has passed; `group_unit` and `group_shift`; and `known_present` and
    `known_arrivals`, which are for features alone, at the right lag.

    Args:
        spec: the cohort, of index `shift`.
        engine: maps the work over the shards of a snapshot.
        as_of: end of what may be seen, microseconds.
        zone_of: the time zone of a site.
        each: called after every shard.

    Raises:
        IntegrityBroken: a shard is not in canonical order, or cannot be read.
    """
    sums = _Sums()
    engine.map(
        partial(unit_shard, spec, as_of, zone_of),
        codes=codes_read(spec),
        columns=columns_read(spec),
        each=each,
        take=sums.take,
    )
    total = sums.total()
    ticks: dict[str, Ticks] = {}
    if total.num_rows:
        first = int(pc.min(total["start"]).as_py())
        for site in pc.unique(total["site"]).to_pylist():
            zone = zone_of(site)
            ticks[zone] = shift_ticks(spec.index.shifts or (), zone, first=first, last=as_of)
    names = total.select(["site", "unit"]).group_by(["site", "unit"]).aggregate([])
    rows = [
        _of_unit(spec, total, (site, unit), ticks=ticks[zone_of(site)], as_of=as_of)
        for site, unit in sorted(zip(*names.to_pydict().values(), strict=True))
    ]
    return pa.concat_tables([_empty(), *rows]).combine_chunks()


def unit_key(site: str, unit: str) -> int:
    """Return the number that stands for a unit where a patient's pseudonym stands elsewhere.

    >>> unit_key("NORTH", "ICU") == unit_key("NORTH", "ICU"), unit_key("NORTH", "ICU") > 0
    (True, True)
    """
    return (int(digest_of([site, unit]), 16) >> (256 - _BITS)) or 1


def unit_name(site: str, unit: str) -> str:
    """Return how a unit is called among those of all sites.

    >>> unit_name("NORTH", "ICU"), unit_name("", "ICU")
    ('NORTH ICU', 'ICU')
    """
    return f"{site} {unit}".strip()


def _of_unit(
    spec: CohortSpec, total: pa.Table, name: tuple[str, str], *, ticks: Ticks, as_of: int
) -> pa.Table:
    """Return the rows of one unit."""
    site, unit = name
    own = total.filter(pc.and_(pc.equal(total["site"], site), pc.equal(total["unit"], unit)))
    place = np.searchsorted(ticks.at, whole_numbers(own["start"]))
    counts = {column: np.zeros(len(ticks.at), np.int64) for column in COUNTS}
    for column, dense in counts.items():
        dense[place] = whole_numbers(own[column])
    first = _first_known(counts)
    counts = {column: dense[first:] for column, dense in counts.items()}
    at, clock = ticks.at[first:], ticks.clock[first:]
    n = len(at)
    columns = {
        "subject_id": pa.array(np.full(n, unit_key(site, unit))),
        "encounter_id": pa.nulls(n, pa.int64()),
        "prediction_time": instants(at),
        "index_start": instants(at),
        "label": pa.nulls(n, pa.int8()),
        "label_time": pa.nulls(n, _INSTANT),
        **_outcome(spec, counts, at, as_of=as_of),
        "site": pa.array([site or None] * n, pa.string()),
        "group_unit": pa.array([unit_name(site, unit)] * n, pa.string()),
        "group_shift": pa.array(clock.tolist(), pa.string()),
        "known_present": pa.array(counts["known_present"]),
        "known_arrivals": pa.array(counts["known_arrivals"]),
    }
    return pa.table({key: columns[key] for key in _SCHEMA.names}, schema=_SCHEMA)


def _first_known(counts: dict[str, Ints]) -> int:
    """Return the first shift at whose beginning somebody was known of in the unit.

    By what was known then, and not by the first patient: a row that is told of later must not
    change which shifts there were.
    """
    known = counts["known_present"] > 0
    known[1:] |= counts["known_arrivals"][:-1] > 0
    return int(np.argmax(known)) if known.any() else len(known)


def _outcome(
    spec: CohortSpec, counts: dict[str, Ints], at: Ints, *, as_of: int
) -> dict[str, pa.Array]:
    """Return the count of each shift, and when it is known: once the next shift has begun."""
    asked = spec.label.unit_count
    if asked is None:
        raise BadInput("the label counts nothing of a unit", code="cohort.no_unit_count")
    end = _ahead(at, asked.ahead + 1)
    matured = np.where(end == _LATER, _LATER, end + spec.label.delay)
    known = matured <= as_of
    return {
        "horizon_end": instants(end, null=_LATER),
        "matured_at": instants(np.where(known, matured, _LATER), null=_LATER),
        "status": pa.array(np.where(known, "event", "immature").tolist(), pa.string()),
        "outcome_count": pa.array(_ahead(counts[asked.count], asked.ahead), mask=~known),
    }


_LATER = np.iinfo(np.int64).max
_INSTANT = pa.timestamp("us")
_SCHEMA = pa.schema(
    [
        ("subject_id", pa.int64()),
        ("encounter_id", pa.int64()),
        ("prediction_time", _INSTANT),
        ("index_start", _INSTANT),
        ("label", pa.int8()),
        ("label_time", _INSTANT),
        ("horizon_end", _INSTANT),
        ("matured_at", _INSTANT),
        ("status", pa.string()),
        ("site", pa.string()),
        ("outcome_count", pa.int64()),
        ("group_unit", pa.string()),
        ("group_shift", pa.string()),
        ("known_present", pa.int64()),
        ("known_arrivals", pa.int64()),
    ]
)


def _empty() -> pa.Table:
    return _SCHEMA.empty_table()


def _ahead(values: Ints, shifts: int) -> Ints:
    """Return for each shift the value of the one so many later; the last ones have none yet."""
    found = np.full(len(values), _LATER)
    if shifts < len(values):
        found[: len(values) - shifts] = values[shifts:] if shifts else values
    return found
