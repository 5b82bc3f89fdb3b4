"""Times of a mapped source: local times become UTC, and a time that never was is not guessed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.cells import INSTANT, LAST_OF_DAY, Column, instants, is_true, shifted
from attending.times import parse_instant, to_micros

if TYPE_CHECKING:
    from attending.specs.mapping import Moment
    from attending.types import Ints, Mask

_OFFSET = r"\d(Z|z|[+-]\d{2}:?\d{2})$"
_DATE = r"^\s*\d{4}-\d{2}-\d{2}\s*$"
#: Longer texts have a time of day; a date of ten characters may stand among blanks.
_LONGEST_DATE = 16
_UTC = frozenset({"UTC", "Etc/UTC", "floating", "relative"})


#: What the parts of a form look like, as far as the day can be found among them.
_PARTS = {"d": r"(?P<day>\d{1,2})", "Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{1,2}"}


class Times(NamedTuple):
    """Instants of one column or moment, and what was wrong with the text of some.

    Attributes:
        at: UTC; null where there is none or it is not to be trusted.
        date_only: a date without a time of day.
        unreadable: text that is no time.
        gap: a local time that the clock skipped.
        repeated: a local time that the clock showed twice.
    """

    at: Column
    date_only: Mask
    unreadable: Mask
    gap: Mask
    repeated: Mask


def read_times(texts: Column, *, form: str | None, zone: str) -> Times:
    """Return the instants that some texts stand for.

    A text with an offset says which instant it is. One without is local time of the zone; what
    the clock skipped or showed twice is null and told.

    Args:
        texts: as the source wrote them.
        form: of strptime, where they are not ISO 8601.
        zone: an IANA name, `floating` or `relative`.

    >>> times = read_times(pa.chunked_array([["2026-03-08 02:30", "2026-03-08T02:30:00Z"]]),
    ...     form=None, zone="America/New_York")
    >>> times.gap.tolist(), str(times.at[1])
    ([True, False], '2026-03-08 02:30:00')
    """
    given = is_true(texts.is_valid())
    plain = instants(texts) if form is None else _by_form(texts, form)
    nothing = np.zeros(len(texts), dtype=np.bool_)
    # A form without an hour is a date: it is known by the end of its day, and not before.
    whole_days = form is not None and not re.search(r"%[HIRTXcklsr]", form)
    by_form = given if whole_days else nothing
    date_only = _dates(texts) if form is None else by_form
    gap, repeated = nothing, nothing
    if zone not in _UTC:
        local = ~is_true(pc.match_substring_regex(texts, _OFFSET)) if form is None else ~nothing
        plain, gap, repeated = _from_local(plain, zone, local=local)
    unreadable = given & is_true(plain.is_null()) & ~gap & ~repeated
    return Times(plain, date_only, unreadable, gap, repeated)


def _dates(texts: Column) -> Mask:
    """Return which texts are a date without a time of day; only short ones can be."""
    short = is_true(pc.less(pc.binary_length(texts), _LONGEST_DATE))
    if short.any():
        short &= is_true(pc.match_substring_regex(texts, _DATE))
    return short


def _by_form(texts: Column, form: str) -> Column:
    """Return times of a form, null where no calendar has them.

    Arrow reads the 31st of February as the 3rd of March; a day that moved was none.

    >>> texts = pa.chunked_array([["31/02/2026", "28/02/2026"]])
    >>> _by_form(texts, "%d/%m/%Y").is_valid().to_pylist()
    [False, True]
    """
    plain = pc.strptime(texts, format=form, unit="us", error_is_null=True)
    pieces = re.split(r"%(.)", form)
    if "d" not in pieces[1::2]:
        return plain
    parts = [_PARTS.get(one, r".+?") if at % 2 else re.escape(one) for at, one in enumerate(pieces)]
    found = pc.extract_regex(texts, r"^\s*" + "".join(parts))
    day = pc.struct_field(found, "day").cast(pa.int64())
    stayed = is_true(pc.equal(day, pc.day(plain)))
    return pc.if_else(pa.array(stayed), plain, pa.scalar(None, plain.type))


def _from_local(plain: Column, zone: str, *, local: Mask) -> tuple[Column, Mask, Mask]:
    first = _assumed(plain, zone, "earliest")
    last = _assumed(plain, zone, "latest")
    # Where the two readings differ the clock either skipped the time or showed it twice; back in
    # local time a skipped one is another.
    differs = is_true(pc.not_equal(first, last)) & local
    back = pc.local_timestamp(first.cast(pa.timestamp("us", tz=zone)))
    gap = local & is_true(pc.not_equal(back, plain))
    repeated = differs & ~gap
    chosen = pc.if_else(pa.array(local), first, plain)
    return pc.if_else(pa.array(gap | repeated), pa.scalar(None, INSTANT), chosen), gap, repeated


def _assumed(plain: Column, zone: str, which: str) -> Column:
    found = pc.assume_timezone(plain, zone, ambiguous=which, nonexistent=which)
    return found.cast(pa.timestamp("us", tz="UTC")).cast(INSTANT)


def read_moment(cells: pa.Table, moment: Moment, *, zone: str, ranks: Ints | None) -> Times:
    """Return when something happened, by the first column that has a time.

    Args:
        cells: columns of text.
        moment: which columns, and what is added.
        zone: of the source.
        ranks: all values of the clock's column, sorted, where there is a clock.
    """
    if moment.clock is not None:
        found = _ranked(cells[moment.clock.order_by], moment, ranks=ranks)
    else:
        found = _first(
            [read_times(cells[name], form=moment.form, zone=zone) for name in moment.columns]
        )
    at = found.at
    if moment.plus_column is not None:
        count = _whole(cells[moment.plus_column])
        at = shifted(at, pc.multiply(count, moment.plus_unit))
    if moment.plus:
        at = shifted(at, moment.plus)
    moved = bool(moment.plus or moment.plus_column)
    return found._replace(at=at, date_only=found.date_only & (not moved))


def by_then(times: Times) -> Column:
    """Return instants; a date without a time of day counts by its end, where the source is.

    >>> dates = pa.chunked_array([["2026-05-01"]])
    >>> str(by_then(read_times(dates, form=None, zone="Europe/Berlin"))[0])
    '2026-05-01 21:59:59.999999'
    """
    if not times.date_only.any():
        return times.at
    return pc.if_else(pa.array(times.date_only), shifted(times.at, LAST_OF_DAY), times.at)


def _whole(texts: Column) -> Column:
    kept = pc.if_else(pc.match_substring_regex(texts, r"^-?\d{1,9}$"), texts, None)
    return kept.cast(pa.int64())


def _ranked(texts: Column, moment: Moment, *, ranks: Ints | None) -> Times:
    clock = moment.clock
    values = _whole(texts)
    known = is_true(values.is_valid())
    start = to_micros(parse_instant(clock.start)) if clock else 0
    step = clock.step if clock else 0
    place = np.searchsorted(ranks if ranks is not None else [], np.asarray(pc.fill_null(values, 0)))
    at = pa.array(start + place * step, mask=~known).cast(INSTANT)
    nothing = np.zeros(len(texts), dtype=np.bool_)
    unreadable = is_true(texts.is_valid()) & ~known
    return Times(pa.chunked_array([at]), nothing, unreadable, nothing, nothing)


def _first(parts: list[Times]) -> Times:
    at, date_only = parts[0].at, parts[0].date_only
    for part in parts[1:]:
        fresh = is_true(at.is_null())
        date_only = np.where(fresh, part.date_only, date_only)
        at = pc.coalesce(at, part.at)
    gone = is_true(at.is_null())
    bad = [np.logical_or.reduce([part[place] for part in parts]) & gone for place in (2, 3, 4)]
    return Times(at, date_only, *bad)


def clock_values(texts: Column) -> Ints:
    """Return the whole numbers of a clock's column."""
    return np.asarray(pc.drop_null(_whole(texts)), dtype=np.int64)
