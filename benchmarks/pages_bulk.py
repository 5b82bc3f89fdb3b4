"""Predictions and their ledger entries in bulk, as a store's own writers leave them.

Each row is bound by an entry as `attending.stores.unit` binds it, and every entry is chained by the
store's own chain; only the rows of a group are sent to the database at once. `attending audit
verify` and `attending fsck` hold whatever comes out against itself.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from attending.digests import canonical
from attending.records.ledger import Subject
from attending.stores.bindings import row_hash, rows_digest
from attending.stores.chain import Act
from attending.stores.tables import LEDGER, LEDGER_STATE, PREDICTIONS
from attending.stores.unit import hold_chain
from attending.times import SECOND, format_instant, from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from attending.lifecycle.desk import Desk
    from attending.records.release import Deployment
    from attending.stores.chain import Chain

#: Predictions of one transaction, and of one entry where they do not have one each.
GROUP, BATCH = 20_000, 1_000
_SPREAD = 300 * 86_400  # seconds over which the predictions of a model lie
_TOLD = ("model", "run", "stage", "version", "prediction_time")
#: What stands in the place of a value until it is known; no JSON text holds it.
_PLACE = "\x00{}\x00"
_COLUMNS = tuple(column.name for column in PREDICTIONS.columns)
#: Kibibytes of the database's own cache while so much is written: its indices stay in it.
_CACHE_KIB = 400_000


@dataclass(frozen=True)
class Pattern:
    """A prediction of the tour, in which all but model, version and time stay as they are."""

    subject_id: int
    encounter_id: int | None
    score: float | None
    parts: tuple[str, ...]

    @classmethod
    def of(cls, row: Any) -> Pattern:  # noqa: ANN401 - a row of the store
        """Return the pattern of a stored prediction."""
        told = json.loads(row.content) | {name: _PLACE.format(name) for name in _TOLD}
        parts = canonical(told).decode().split("\\u0000")
        return cls(row.subject_id, row.encounter_id, row.score, tuple(parts))

    def content(self, told: dict[str, str]) -> bytes:
        """Return the bytes of a prediction of which these five values are told."""
        return "".join(told.get(part, part) for part in self.parts).encode()


@dataclass(frozen=True)
class Made:
    """What is predicted: by whom, in turn, on which patients, until when."""

    busiest: Deployment
    others: Sequence[Deployment]
    patterns: Sequence[Pattern]
    end: int
    share: float

    def row(self, number: int) -> dict[str, Any]:
        """Return the prediction of a number, without its place in the store."""
        mine = number % 1000 < 1000 * self.share
        stands = self.busiest if mine else self.others[number % len(self.others)]
        pattern = self.patterns[number % len(self.patterns)]
        time = self.end - (number * 7_919 % _SPREAD) * SECOND
        at = format_instant(from_micros(time))
        told = dict(
            zip(_TOLD, (stands.model, stands.run, stands.stage, stands.version, at), strict=True)
        )
        return {
            "request_id": hashlib.sha256(f"{stands.model} {number}".encode()).hexdigest()[:32],
            "model": stands.model,
            "version": stands.version,
            "stage": stands.stage,
            "subject_id": pattern.subject_id,
            "encounter_id": pattern.encounter_id,
            "prediction_time": time,
            "score": pattern.score,
            "content": pattern.content(told),
        }


def predict(desk: Desk, made: Made, *, wanted: int, alone: int) -> Iterator[int]:
    """Store predictions, and yield how many there are after each transaction.

    Args:
        desk: where and when.
        made: what is predicted.
        wanted: how many.
        alone: so many of the first have an entry each; the others share one in groups.
    """
    for start in range(0, wanted, GROUP):
        stop = min(wanted, start + GROUP)
        with desk.home.database.forgetful() as connection:
            connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_KIB}")
            chain = hold_chain(connection, desk.home.database.ledger_id)
            entries: list[dict[str, Any]] = []
            rows: list[dict[str, Any]] = []
            for first, last in _pieces(start, stop, alone):
                rows += _bound(desk, chain, made, entries=entries, numbers=range(first, last))
            connection.execute(insert(PREDICTIONS), rows)
            connection.execute(insert(LEDGER), entries)
            state = {"size": chain.size, "head": chain.head, "peaks": chain.tree.pack()}
            connection.execute(LEDGER_STATE.update().values(state))
        yield stop


def _pieces(start: int, stop: int, alone: int) -> Iterator[tuple[int, int]]:
    """Yield the first and last numbers of the predictions that share an entry."""
    while start < stop:
        end = start + 1 if start < alone else min(stop, start + BATCH)
        yield start, end
        start = end


def _bound(
    desk: Desk, chain: Chain, made: Made, *, entries: list[dict[str, Any]], numbers: range
) -> list[dict[str, Any]]:
    """Return the rows of one entry, which is added to the chain and to the entries."""
    rows = [
        {**made.row(number), "seq": chain.size, "nth": nth} for nth, number in enumerate(numbers)
    ]
    hashes = [row_hash(PREDICTIONS.name, {name: row[name] for name in _COLUMNS}) for row in rows]
    one = len(rows) == 1
    subject = (
        Subject(kind="prediction", digest=rows[0]["request_id"])
        if one
        else Subject(kind="predictions", digest=rows[0]["model"])
    )
    act = Act(desk.at, "omar", "score.one" if one else "score.batch", subject)
    details = {"model": rows[0]["model"]} if one else {}
    bound = {**details, "rows": len(rows), "rows_digest": rows_digest(hashes)}
    entry, leaf = chain.add(act, bound)
    entries.append(
        {
            "seq": entry.seq,
            "at": act.at_text,
            "actor": act.actor,
            "action": act.action,
            "subject_kind": act.subject.kind,
            "subject": act.subject.digest,
            "content": leaf,
        }
    )
    return rows


def end_of(desk: Desk) -> int:
    """Return the instant, in microseconds, of the last prediction that may be made."""
    return to_micros(desk.at) - 3_600 * SECOND
