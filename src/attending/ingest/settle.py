"""Settle draft events: a declared lag where no storing was recorded, else quarantine.

A row is known at max(when it happened, when it was stored). A null is never guessed: the source row
is quarantined with all its events, unless a lag is declared for its table or code.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.batch import ASIDE
from attending.ingest.cells import INSTANT, is_true, later, shifted
from attending.ingest.rows import LONGEST_NAME, aside_table
from attending.records.events import EVENTS
from attending.records.snapshot import Availability, TableAccount
from attending.times import format_length

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.ingest.batch import Batch
    from attending.ingest.cells import Column

#: Why a source row is set aside here; the first that holds is told.
_REASONS = (
    "unknown_patient",
    "no_code",
    "odd_code",
    "odd_name",
    "impossible_time",
    "no_known_at",
)
#: Control characters, and those that have no width or turn the direction of reading.
_UNSEEN = r"[\x00-\x1f\x7f-\x{9f}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{2069}\x{feff}]"
#: Before and after all lives, those among them whose dates were shifted into the future.
_FIRST, _LAST = (pa.scalar(datetime(year, 1, 1), INSTANT) for year in (1800, 2400))  # noqa: DTZ001 - arrow holds UTC without a zone


@dataclass(frozen=True)
class Settled:
    """Events that may enter a snapshot, and the account of their table."""

    events: pa.Table
    quarantine: pa.Table
    account: TableAccount
    quarantined: Counter[str]
    rejected: Counter[str]
    availability: tuple[Availability, ...]


def settle(batch: Batch, *, lags: Mapping[str, int]) -> Settled:
    """Return a batch's events with both clocks, and what had to be quarantined.

    Args:
        batch: one source table.
        lags: microseconds from happening to being known, by table or code prefix; used only
            where the source recorded nothing.
    """
    drafts, assumed = _with_lags(batch, lags)
    drafts, aside = _without_the_unknown(drafts)
    early = int(is_true(pc.less(drafts["known_at"], drafts["time"])).sum())
    known = later(drafts["known_at"], drafts["time"])
    place = drafts.schema.get_field_index("known_at")
    events = drafts.set_column(place, "known_at", known).select(EVENTS.names).cast(EVENTS)
    aside = pa.concat_tables([batch.aside, aside])
    rejected = sum(batch.rejected.values())
    account = TableAccount(
        table=batch.table,
        rows_in=batch.rows_in,
        accepted=batch.rows_in - aside.num_rows - batch.duplicate - rejected,
        quarantined=aside.num_rows,
        rejected=rejected,
        duplicate=batch.duplicate,
        events=events.num_rows,
        early=early,
    )
    return Settled(
        events=events,
        quarantine=aside.drop_columns(["row"]),
        account=account,
        quarantined=Counter(aside["reason"].to_pylist()),
        rejected=Counter(batch.rejected),
        availability=(*batch.availability, *assumed),
    )


def _with_lags(batch: Batch, lags: Mapping[str, int]) -> tuple[pa.Table, list[Availability]]:
    """Return drafts with declared lags filled in; the longest prefix of a code wins."""
    drafts, assumed = batch.events, []
    for name in sorted(lags, key=len):
        unknown = is_true(batch.events["known_at"].is_null())
        whole = name == batch.table
        meant = unknown if whole else unknown & is_true(pc.starts_with(drafts["code"], name))
        rows = int(meant.sum())
        if not rows:
            continue
        moved = pc.if_else(pa.array(meant), shifted(drafts["time"], lags[name]), drafts["known_at"])
        place = drafts.schema.get_field_index("known_at")
        drafts = drafts.set_column(place, "known_at", moved)
        rule = f"lag:{format_length(lags[name])}"
        code = None if whole else name
        assumed.append(
            Availability(table=batch.table, rule=rule, assumed=True, code=code, rows=rows)
        )
    return drafts, assumed


def _without_the_unknown(drafts: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return drafts of source rows of which everything is known, and the other rows, once each."""
    reasons = _reasons(drafts)
    bad = is_true(reasons.is_valid())
    if not bad.any():
        return drafts, ASIDE.empty_table()
    rows = np.asarray(drafts["row"])
    picked, first = np.unique(rows[bad], return_index=True)
    at = pa.array(np.flatnonzero(bad)[first])
    chosen = drafts.take(at)
    why = reasons.take(at)
    parts = [
        aside_table(
            source,
            named=chosen["source_row"].filter(here),
            code=chosen["code"].filter(here),
            reason=reason,
            row=chosen["row"].filter(here),
        )
        for source in sorted(set(chosen["source"].to_pylist()))
        for reason in _REASONS
        for here in [pc.and_(_is(why, reason), _is(chosen["source"], source))]
    ]
    return drafts.filter(pa.array(~np.isin(rows, picked))), pa.concat_tables(parts)


def _is(reasons: Column, reason: str) -> pa.Array:
    return pa.array(is_true(pc.equal(reasons, reason)))


def _reasons(drafts: pa.Table) -> Column:
    return pc.case_when(
        pc.make_struct(
            drafts["subject_id"].is_null(),
            drafts["code"].is_null(),
            _odd_codes(drafts["code"]),
            pc.greater(pc.utf8_length(drafts["source_row"]), LONGEST_NAME),
            pc.or_kleene(impossible(drafts["time"]), impossible(drafts["known_at"])),
            drafts["known_at"].is_null(),
        ),
        *_REASONS,
    )


def _odd_codes(codes: Column) -> Column:
    """Return where a code is too long, or holds characters that cannot be seen.

    A code that looks like another one on every page would be read as that one.
    """
    words = pc.unique(codes).drop_null()
    unseen = pc.match_substring_regex(words, _UNSEEN)
    odd = words.filter(pc.or_(unseen, pc.greater(pc.utf8_length(words), LONGEST_NAME)))
    return pc.is_in(codes, value_set=odd)


def impossible(at: Column) -> Column:
    """Return where an instant lies before or after all lives; false where there is none."""
    outside = pc.or_(pc.less(at, _FIRST), pc.greater_equal(at, _LAST))
    return pc.fill_null(outside, False)  # noqa: FBT003 - arrow
