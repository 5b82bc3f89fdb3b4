"""Exports for people who may not know whose the rows are: looked through first, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.contract.quasi_identifiers import (
    Quasi,
    found_in,
    patients_by_code,
    rare_codes,
    summed,
    suppressed,
)
from attending.engines.local import LocalEngine
from attending.errors import BadInput, Refused
from attending.ingest.shards import sorted_events, write_parquet
from attending.lifecycle.desk import note
from attending.lifecycle.engines import engine_over
from attending.lifecycle.ingesting import held
from attending.records.events import plain
from attending.records.ledger import Subject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pyarrow as pa

    from attending.lifecycle.desk import Desk


def export_deidentified(
    desk: Desk,
    folder: Path,
    *,
    snapshot: str = "",
    suppress: bool = False,
    each: Callable[[], None] | None = None,
) -> int:
    """Return how many events were written, in none of which a quasi-identifier was found.

    Args:
        desk: where, when and who.
        folder: where the files go; must not exist.
        snapshot: the start of an id; the newest when empty.
        suppress: leave out free text, source rows, rare codes and births of the very old. Dates of
            the calendar cannot be left out: shift them at ingest.
        each: called after every shard that was looked through.

    Raises:
        BadInput: the folder exists.
        Refused: what was found, by kind and column with counts; nothing was written.
    """
    if folder.exists():
        raise BadInput("the folder exists", code="snapshot.export", where=str(folder))
    found = held(desk, snapshot)
    rare = rare_codes(engine_over(desk, found).map(patients_by_code, each=each))
    dates = found.snapshot.real_clock and not found.snapshot.dates_shifted
    engine = LocalEngine(found.shards)

    def events(shard: int) -> pa.Table:
        rows = sorted_events(engine.only(engine.shards[shard]).map(plain))
        return suppressed(rows, rare=rare) if suppress else rows

    numbers = range(len(engine.shards))
    told = summed([found_in(events(one), rare=rare, dates_real=dates) for one in numbers])
    _require_none(told)
    folder.mkdir(parents=True)
    rows = 0
    for number in numbers:
        table = events(number)
        write_parquet(table, folder / f"shard-{number:05d}.parquet")
        rows += table.num_rows
    with desk.home.database.transaction() as unit:
        subject = Subject(kind="snapshot", digest=found.digest)
        details = {"table_rows": rows, "suppressed": suppress, "rare_codes": len(rare)}
        note(desk, unit, action="snapshot.export_deidentified", subject=subject, details=details)
    return rows


def _require_none(told: tuple[Quasi, ...]) -> None:
    if told:
        words = "; ".join(f"{one.kind} in {one.column}: {one.n}" for one in told)
        raise Refused(
            f"the export keeps quasi-identifiers: {words}",
            code="export.quasi_identifiers",
            hint="Shift dates at ingest (--shift-dates) and leave out the rest (--suppress).",
        )
