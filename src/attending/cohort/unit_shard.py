"""Counts of one shard per unit and shift: whole numbers, so that shards may be added up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from attending.cohort.facts import Facts, pairs
from attending.cohort.index_times import index_codes
from attending.cohort.unit_moves import OUT, known_spells, moves_of, true_spells
from attending.cohort.unit_ticks import shift_ticks

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.cohort.unit_moves import Moves, Spells
    from attending.specs.cohort import CohortSpec
    from attending.types import Ints, Mask

#: What is counted, in the order of the columns. `known_` is as it could be known: who was present
#: by the beginning of the shift, who had come by its end.
COUNTS = ("present", "arrivals", "departures", "outcomes", "known_present", "known_arrivals")
PARTIAL = pa.schema(
    [
        pa.field("site", pa.string()),
        pa.field("unit", pa.string()),
        pa.field("start", pa.int64()),
        *(pa.field(name, pa.int64()) for name in COUNTS),
    ]
)


def unit_shard(  # noqa: PLR0917 - an engine gives the events last
    spec: CohortSpec, as_of: int, zone_of: Callable[[str | None], str], events: pa.Table
) -> pa.Table:
    """Return what whole patients add to each unit and shift; units and shifts without are left out.

    Args:
        spec: the cohort, of index `shift`.
        as_of: end of what may be seen, microseconds.
        zone_of: the time zone of a site.
        events: rows in canonical order.

    Raises:
        IntegrityBroken: the rows are not in canonical order.
    """
    facts = Facts(events, as_of)
    moves = moves_of(facts, codes=index_codes(spec.index), classes=spec.index.classes)
    if not len(moves.unit):
        return PARTIAL.empty_table()
    true, known = true_spells(moves), known_spells(moves)
    counted = spec.label.unit_count
    marks = _outcomes(facts, true, codes=counted.codes if counted is not None else ())
    first = int(moves.time.min())
    parts = []
    for zone in sorted({zone_of(site) for site, _ in moves.units}):
        ticks = shift_ticks(spec.index.shifts or (), zone, first=first - _DAY, last=as_of).at
        ours = np.array([zone_of(site) == zone for site, _ in moves.units], np.bool_)
        counts = np.zeros((len(COUNTS), len(moves.units), len(ticks)), np.int64)
        _standing(counts[0], true, ticks=ticks, side="right")
        _happening(counts[1], true.unit, true.start, ticks=ticks)
        _happening(counts[2], true.unit, true.end, ticks=ticks)
        _happening(counts[3], *marks, ticks=ticks)
        _standing(counts[4], known, ticks=ticks, side="left")
        _reported(counts[5], moves.take(moves.unit != OUT), ticks=ticks)
        parts.append(_sparse(counts[:, ours], _named(moves.units, ours), ticks=ticks))
    return pa.concat_tables(parts)


_DAY = 86_400_000_000


def _outcomes(facts: Facts, spells: Spells, *, codes: tuple[str, ...]) -> tuple[Ints, Ints]:
    """Return unit and time of every row of the codes whose patient is in a unit then."""
    rows = np.flatnonzero(facts.now & facts.coded(codes)) if codes else np.zeros(0, np.int64)
    order = np.lexsort((spells.unit, spells.start, spells.subject))
    where, spell = pairs(facts.subject[rows], spells.subject[order], order)
    at = facts.time[rows][where]
    inside = (spells.start[spell] <= at) & (at < spells.end[spell])
    # A row within two stays at once counts once, in the unit that the patient came to last.
    where, spell = where[inside][::-1], spell[inside][::-1]
    kept, newest = np.unique(where, return_index=True)
    return spells.unit[spell[newest]], facts.time[rows][kept]


def _standing(counts: Ints, spells: Spells, *, ticks: Ints, side: Literal["left", "right"]) -> None:
    """Add who is there at each tick.

    By `left`, who comes at a tick is there and who leaves at it is not: so it is with what is
    known. By `right` it is the other way round: who comes as a shift begins comes during it.
    """
    low = np.searchsorted(ticks, spells.start, side=side)
    high = np.searchsorted(ticks, spells.end, side=side)
    steps = np.zeros((counts.shape[0], counts.shape[1] + 1), np.int64)
    np.add.at(steps, (spells.unit, low), 1)
    np.add.at(steps, (spells.unit, high), -1)
    counts += np.cumsum(steps, axis=1)[:, :-1]


def _happening(counts: Ints, unit: Ints, at: Ints, *, ticks: Ints) -> None:
    """Add what happens from each tick up to, not including, the next; none before the first."""
    place = np.searchsorted(ticks, at, side="right") - 1
    inside = (place >= 0) & (place < len(ticks) - 1)
    np.add.at(counts, (unit[inside], place[inside]), 1)


def _reported(counts: Ints, came: Moves, *, ticks: Ints) -> None:
    """Add who came in each shift by rows that are visible at its end."""
    place = np.searchsorted(ticks, came.time, side="right") - 1
    inside = np.flatnonzero((place >= 0) & (place < len(ticks) - 1))
    end = ticks[place[inside] + 1]
    told = inside[(came.seen[inside] <= end) & (end < came.gone[inside])]
    np.add.at(counts, (came.unit[told], place[told]), 1)


def _named(units: tuple[tuple[str, str], ...], ours: Mask) -> list[tuple[str, str]]:
    return [unit for unit, wanted in zip(units, ours.tolist(), strict=True) if wanted]


def _sparse(counts: Ints, units: list[tuple[str, str]], *, ticks: Ints) -> pa.Table:
    """Return the cells in which anything is counted as rows."""
    unit, tick = np.nonzero(counts.any(axis=0))
    columns = {name: pa.array(counts[at, unit, tick]) for at, name in enumerate(COUNTS)}
    return pa.table(
        {
            "site": pa.array([units[at][0] for at in unit.tolist()], pa.string()),
            "unit": pa.array([units[at][1] for at in unit.tolist()], pa.string()),
            "start": pa.array(ticks[tick], pa.int64()),
            **columns,
        },
        schema=PARTIAL,
    )
