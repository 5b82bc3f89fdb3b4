"""Make one event of a mapping on the rows of one piece, with both clocks and every reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import INSTANT, Column, is_true, later, numbers, shifted
from attending.ingest.clocks import RELATIVE_START, clocked
from attending.ingest.spellings import unit_column
from attending.records.snapshot import Availability
from attending.times import format_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.ingest.lookups import Cells
    from attending.specs.mapping import Counted, EventMap, Known, Time, When
    from attending.types import Mask

#: The lengths of a relative clock may not leave what 64-bit microseconds hold.
_MOST_MICROS = 200 * 366 * 86_400_000_000


class Place(NamedTuple):
    """Whose rows these are and where: pseudonyms, site, and the zone of the clock."""

    subject: Column
    encounter: Column | None
    site: Column | None
    zone: str


@dataclass(frozen=True)
class Draft:
    """One event of every row of a piece.

    Attributes:
        columns: full columns by the names of the event table.
        here: rows that have this event.
        reasons: rows that have it and cannot be trusted, by reason.
        assumed: rows whose availability was filled in by `otherwise`.
    """

    columns: dict[str, Column]
    here: Mask
    reasons: dict[str, Mask]
    assumed: Mask


class _Instants(NamedTuple):
    at: Column
    ends: Column
    skipped: Mask
    date_only: Mask


def draft_of(event: EventMap, cells: Cells, *, place: Place) -> Draft:
    """Return an event on all rows of a piece."""
    count = len(place.subject)
    here = np.ones(count, dtype=np.bool_)
    for condition in event.when:
        here &= _holds(condition, cells)
    happened = _happened(event.time, cells, place.zone, count=count)
    known, assumed, skipped = _known(event.known_at, cells, happened, zone=place.zone)
    code = cells.template(event.code)
    if event.otherwise is not None:
        code = pc.coalesce(code, cells.template(event.otherwise))
    columns = {
        "subject_id": place.subject,
        "encounter_id": place.encounter,
        "site": place.site,
        "code": code,
        "time": happened.at if event.time is not None else None,
        "known_at": known,
    }
    value, doubts = _value(event, cells)
    reasons = {
        "dst_gap": happened.skipped | skipped,
        "no_time": _null(happened.at) & (event.time is not None),
        "no_code": _null(code),
        **doubts,
        "no_known_at": _null(known),
    }
    return Draft(
        columns={name: column for name, column in (columns | value).items() if column is not None},
        here=here,
        reasons={name: where & here for name, where in reasons.items()},
        assumed=assumed & here,
    )


def availability_of(
    event: EventMap, draft: Draft, *, table: str, clean: Mask
) -> Iterator[Availability]:
    """Iterate over what was recorded and what was assumed of an event's availability."""
    rows, assumed = int((draft.here & clean).sum()), int((draft.assumed & clean).sum())
    known = event.known_at
    code = event.prefix or None
    yield Availability(
        table=table, rule=known.title, assumed=known.assumed, code=code, rows=rows - assumed
    )
    if known.otherwise is not None:
        rule = f"lag:{format_length(known.otherwise)}"
        yield Availability(table=table, rule=rule, assumed=True, code=code, rows=assumed)


def _holds(condition: When, cells: Cells) -> Mask:
    text = cells.cell(condition.column)
    here = is_true(text.is_valid())
    if not condition.present:
        return ~here
    if condition.one_of:
        here &= is_true(pc.is_in(text, value_set=pa.array(condition.one_of)))
    if condition.none_of:
        here &= ~is_true(pc.is_in(text, value_set=pa.array(condition.none_of)))
    return here


def _happened(time: Time | None, cells: Cells, zone: str, *, count: int) -> _Instants:
    if time is None:
        nothing = pa.chunked_array([pa.nulls(count, INSTANT)])
        no = np.zeros(count, dtype=np.bool_)
        return _Instants(nothing, nothing, no, no)
    text = cells.text(time.column)
    if time.counts is not None:
        from_start = _lengths(text, time.counts)
        at = pc.add(pa.scalar(RELATIVE_START).cast(INSTANT), from_start)
        no = np.zeros(count, dtype=np.bool_)
        found = _Instants(at, at, no, no)
    else:
        made = clocked(text, time.format, zone=zone)
        found = _Instants(made.at, made.ends, made.skipped, made.date_only)
    if time.plus is None:
        return found
    further = _further(time.plus, cells)
    return found._replace(at=pc.add(found.at, further), ends=pc.add(found.ends, further))


def _further(plus: Counted, cells: Cells) -> Column:
    return _lengths(cells.cell(plus.column), plus.counts)


def _lengths(text: Column, counts: int) -> Column:
    """Return numbers of a length; null where the text is no number or past 200 years."""
    micros = pc.multiply(numbers(text), float(counts))
    near = pc.less(pc.abs(micros), float(_MOST_MICROS))
    return pc.round(pc.if_else(near, micros, None)).cast(pa.int64()).cast(pa.duration("us"))


def _known(
    known: Known, cells: Cells, happened: _Instants, *, zone: str
) -> tuple[Column, Mask, Mask]:
    """Return when rows were known, which of them by `otherwise`, and which the clock skipped."""
    none = np.zeros(len(happened.at), dtype=np.bool_)
    if known.rule == "end_of_day":
        return happened.ends, none, none
    # A date without a time of day is known by the end of that day, and not before.
    whole = pc.if_else(pa.array(happened.date_only), happened.ends, happened.at)
    if known.rule == "same":
        return whole, none, none
    if known.rule == "lag":
        return shifted(whole, known.lag), none, none
    written = cells.cell(known.column or "")
    told = clocked(written, known.format, zone=zone, late=True)
    at = pc.if_else(pa.array(told.date_only), told.ends, told.at)
    at = shifted(at, known.lag) if known.lag else at
    unwritten = is_true(written.is_null())
    if known.otherwise is None:
        return at, none, told.skipped
    filled = pc.if_else(pa.array(unwritten), shifted(whole, known.otherwise), at)
    return later(filled, filled), unwritten, told.skipped


def _value(event: EventMap, cells: Cells) -> tuple[dict[str, Column | None], dict[str, Mask]]:
    columns: dict[str, Column | None] = {}
    doubts: dict[str, Mask] = {}
    if event.text is not None:
        columns["text_value"] = cells.template(event.text)
    if event.number is None:
        return columns, doubts
    spelled = cells.cell(event.number)
    number = numbers(spelled)
    columns["numeric_value"] = number
    if event.text is None:
        doubts["not_a_number"] = is_true(spelled.is_valid()) & _null(number)
    if event.unit is not None:
        unit = pa.scalar(event.unit)
        columns["unit"] = pc.if_else(number.is_valid(), unit, pa.scalar(None, pa.string()))
    if event.unit_column is not None:
        columns["unit"], unknown = unit_column(cells.cell(event.unit_column))
        doubts["unknown_unit"] = unknown & ~_null(number)
    return columns, doubts


def _null(column: Column) -> Mask:
    return is_true(column.is_null())
