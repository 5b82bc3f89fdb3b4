"""The event store: what feeds have sent, version after version, and the account of each message.

Nothing is updated: a correction is a further version of its record, and what holds is worked out
when a patient is read (`attending.ingest.current`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlalchemy import func, or_, select

from attending.digests import canonical
from attending.records.events import EVENTS as COLUMNS
from attending.records.intake import Account, Message, Sent, Version
from attending.stores.tables import EVENTS, INTAKE, MERGES
from attending.times import from_micros

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row

    from attending.stores.database import Database
    from attending.stores.unit import Unit
    from attending.types import Instant

_INSTANT = pa.timestamp("us")
#: What `rows_of` returns: events as they were said, by record and version.
VERSIONS = pa.schema(
    [
        *COLUMNS,
        pa.field("record", pa.string(), nullable=False),
        pa.field("version", pa.int64(), nullable=False),
        pa.field("received_at", _INSTANT, nullable=False),
    ]
)
#: What `merges_of` returns.
SAID = pa.schema(
    [
        pa.field("gone", pa.int64()),
        pa.field("kept", pa.int64()),
        pa.field("at", _INSTANT),
        pa.field("undone", pa.bool_(), nullable=False),
        pa.field("received_at", _INSTANT, nullable=False),
    ]
)
_COUNTS = ("rows_in", "accepted", "quarantined", "rejected", "duplicate")
#: Names that one query asks for.
_MOST = 500


class Events:
    """The event store of a home."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def held(self, unit: Unit, records: Iterable[str]) -> dict[str, dict[int, str]]:
        """Return the versions that are held of some records: content by version."""
        found: dict[str, dict[int, str]] = {}
        names = sorted(set(records))
        for start in range(0, len(names), _MOST):
            some = EVENTS.c.record.in_(names[start : start + _MOST])
            statement = select(EVENTS.c.record, EVENTS.c.version, EVENTS.c.content).where(some)
            for row in unit.rows(statement.where(EVENTS.c.item == 0)):
                found.setdefault(row.record, {})[row.version] = row.content
        return found

    def subject_of(self, unit: Unit, record: str) -> int | None:
        """Return whose a record is, None when it is not known."""
        rows = unit.rows(select(EVENTS.c.subject_id).where(EVENTS.c.record == record).limit(1))
        return int(rows[0].subject_id) if rows else None

    def add(self, unit: Unit, versions: Sequence[Version], sent: Sent) -> None:
        """Keep versions of records; none of them is held yet."""
        unit.insert(
            EVENTS,
            [
                {
                    **row,
                    **vars(sent),
                    "record": one.record,
                    "version": one.version,
                    "item": item,
                    "content": one.content,
                }
                for one in versions
                for item, row in enumerate(one.rows)
            ],
        )

    def add_merges(self, unit: Unit, said: Sequence[Mapping[str, Any]], sent: Sent) -> int:
        """Return how many of some merges are new, now kept."""
        fresh = []
        for one in said:
            same = [MERGES.c[name] == one[name] for name in ("gone", "at", "undone")]
            if not unit.rows(select(MERGES.c.gone).where(*same)) and one not in fresh:
                fresh.append(one)
        unit.insert(MERGES, [{**one, **vars(sent)} for one in fresh])
        return len(fresh)

    def attempts(self, unit: Unit, feed: str, message: str) -> tuple[Message, ...]:
        """Return every time that a message came and was worked on, first first."""
        here = (INTAKE.c.feed == feed, INTAKE.c.message == message)
        rows = unit.rows(select(INTAKE).where(*here).order_by(INTAKE.c.attempt))
        return tuple(_message(row) for row in rows)

    def add_message(self, unit: Unit, message: Message) -> None:
        """Keep the account of a message."""
        account = message.account
        content = {"letters": list(account.letters), "answer": dict(message.answer)}
        row = {
            **vars(message.sent),
            **{name: getattr(account, name) for name in (*_COUNTS, "newest")},
            "attempt": message.attempt,
            "body": message.body,
            "content": canonical(content),
        }
        unit.insert(INTAKE, [row])

    def group_of(self, subject: int, unit: Unit | None = None) -> tuple[set[int], pa.Table]:
        """Return the records that were ever one person with a record, and what was said of them.

        Args:
            subject: a record.
            unit: sees what it has itself written; what was committed is read when absent.
        """
        read = self.database.rows if unit is None else unit.rows
        group, rows = {subject}, []
        while True:
            some = or_(MERGES.c.gone.in_(group), MERGES.c.kept.in_(group))
            rows = list(read(select(MERGES).where(some)))
            wider = group | {one for row in rows for one in (row.gone, row.kept) if one is not None}
            if wider == group:
                return group, _table(rows, SAID)
            group = wider

    def rows_of(self, subjects: Iterable[int]) -> pa.Table:
        """Return all versions of every record that was ever said of some patients."""
        records = select(EVENTS.c.record).where(EVENTS.c.subject_id.in_(sorted(subjects)))
        columns = [EVENTS.c[name] for name in VERSIONS.names]
        return _table(
            self.database.rows(select(*columns).where(EVENTS.c.record.in_(records))), VERSIONS
        )

    def has_encounter(self, encounter_id: int) -> bool:
        """Return whether there is an event of a stay."""
        some = select(EVENTS.c.record).where(EVENTS.c.encounter_id == encounter_id)
        return bool(self.database.rows(some.limit(1)))

    def subjects(self) -> tuple[int, ...]:
        """Return every patient of whom there is an event."""
        return tuple(
            int(row.subject_id)
            for row in self.database.rows(select(EVENTS.c.subject_id).distinct())
        )

    def touched(self, since: int) -> tuple[int, ...]:
        """Return the patients of whom something came from an instant on, in microseconds.

        Where it was said of another patient before, that one is among them.
        """
        records = select(EVENTS.c.record).where(EVENTS.c.received_at >= since)
        whose = select(EVENTS.c.subject_id).where(EVENTS.c.record.in_(records)).distinct()
        return tuple(int(row.subject_id) for row in self.database.rows(whose))

    def merged_since(self, since: int) -> bool:
        """Return whether two records of one person were named from an instant on."""
        said = select(MERGES.c.gone).where(MERGES.c.received_at >= since)
        return bool(self.database.rows(said.limit(1)))

    def letters(self, feed: str = "", *, since: Instant | None = None) -> tuple[Message, ...]:
        """Return the messages of which something was not taken, newest first."""
        statement = select(INTAKE).where(INTAKE.c.quarantined + INTAKE.c.rejected > 0)
        if feed:
            statement = statement.where(INTAKE.c.feed == feed)
        rows = self.database.rows(statement.order_by(INTAKE.c.seq.desc()))
        found = tuple(_message(row) for row in rows)
        if since is None:
            return found
        return tuple(one for one in found if from_micros(one.sent.received_at) >= since)

    def totals(self) -> dict[str, dict[str, int | None]]:
        """Return by feed the sums of all accounts, and when its newest event happened."""
        sums = [func.sum(INTAKE.c[name]).label(name) for name in _COUNTS]
        last = [func.max(INTAKE.c[name]).label(name) for name in ("newest", "received_at")]
        count = func.count().label("messages")
        statement = select(INTAKE.c.feed, count, *sums, *last).group_by(INTAKE.c.feed)
        return {
            row.feed: {
                name: None if value is None else int(value)
                for name, value in row._mapping.items()  # noqa: SLF001 - SQLAlchemy's public name
                if name != "feed"
            }
            for row in self.database.rows(statement)
        }


def _message(row: Row[Any]) -> Message:
    content = json.loads(row.content)
    counts = {name: getattr(row, name) for name in (*_COUNTS, "newest")}
    return Message(
        sent=Sent(row.feed, row.message, row.received_at),
        attempt=row.attempt,
        body=row.body,
        account=Account(**counts, letters=tuple(content["letters"])),
        answer=content["answer"],
    )


def _table(rows: Sequence[Row[Any]], schema: pa.Schema) -> pa.Table:
    arrays = []
    for item in schema:
        values = [getattr(row, item.name) for row in rows]
        instant = pa.types.is_timestamp(item.type)
        made = pa.array(values, pa.int64() if instant else item.type)
        arrays.append(made.cast(item.type) if instant else made)
    return pa.Table.from_arrays(arrays, schema=schema)
