"""Erasure: a patient's rows leave the home, by a signed reason; the ledger's chain stays whole.

Three steps, each done again when it was cut short: snapshots without the patient are written; the
rows of the database go in one transaction with the record that says so; files that held the patient
are deleted.
"""

from __future__ import annotations

import hashlib
import hmac
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from attending.errors import BadInput
from attending.ingest.without import rows_of_patients, without
from attending.keys import pseudonym
from attending.lifecycle.desk import keep, keep_in, note
from attending.lifecycle.growing import withdrawn
from attending.lifecycle.ingesting import ERASED, Held, kept_withdrawals, of_record
from attending.lifecycle.people import acting
from attending.lifecycle.quarantining import released_by
from attending.records.erasure import Erasure, Replaced
from attending.records.ledger import Subject
from attending.records.snapshot import Snapshot
from attending.stores.erasing import as_bytes, erase_before, erase_patients

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attending.lifecycle.desk import Desk
    from attending.records.governance import Role
    from attending.stores.unit import Unit
    from attending.types import Instant

_PARQUET = b"PAR1"
_SHORTEST_REASON = 10
_Erased = dict[str, list[tuple[int, bytes]]]


def patients_of(desk: Desk, lines: Sequence[str], *, pseudonyms: bool = False) -> tuple[int, ...]:
    """Return the pseudonyms of patients, by the ids that the source gives them.

    Args:
        desk: whose key makes the pseudonyms.
        lines: one id each.
        pseudonyms: the lines are pseudonyms already.

    Raises:
        BadInput: there is no id, or one is no pseudonym.
    """
    said = [line.strip() for line in lines if line.strip()]
    if not said or (pseudonyms and not all(line.isdecimal() for line in said)):
        raise BadInput(
            "expected one id a line",
            code="erasure.patients",
            hint="Write the source's ids into a private file, or pseudonyms with --pseudonyms.",
        )
    if pseudonyms:
        return tuple(sorted({int(line) for line in said}))
    key = desk.home.pseudonym_key()
    return tuple(sorted({pseudonym(key, "subject", line) for line in said}))


def erase(
    desk: Desk, patients: Sequence[int], *, person: str, passphrase: str, reason: str
) -> Erasure:
    """Return the record of an erasure: all rows of some patients are gone from the home.

    Predictions, outcomes and answers go from the database; snapshots are written again without
    them, under new digests, and tables that were made from them are deleted. What was fitted or
    counted with them stays: it names nobody.

    Args:
        desk: where and when.
        patients: pseudonyms.
        person: who erases, by login: the privacy officer.
        passphrase: given again.
        reason: one sentence, without a name.

    Raises:
        Denied: not the privacy officer, or a wrong passphrase.
        BadInput: no reason.
        IntegrityBroken: a file is not what its name says.
        DependencyDown: the file system or the database refuses.
    """
    role = _allowed(desk, person, passphrase, reason=reason)
    _finish_all(desk)
    replaced = _replace_snapshots(desk, patients)
    touched = tuple(one for one in desk.home.artifacts.names() if _holds(desk, one, patients))

    def record(rows: str, tables: dict[str, int]) -> Erasure:
        return Erasure(
            why="request",
            whose=tuple(sorted(_hidden(desk, one) for one in patients)),
            reason=reason.strip(),
            by=desk.home.users.by_login(person).person_id,
            role=role,
            erased_at=desk.at,
            tables=tables,
            rows=rows,
            snapshots=replaced,
            artifacts=touched,
        )

    made = _keep(desk, lambda unit: erase_patients(unit, patients), record)
    _finish(desk, made)
    return made


def purge(desk: Desk, before: Instant, *, person: str, passphrase: str, reason: str) -> Erasure:
    """Return the record of a purge: what was predicted before an instant is gone from the database.

    Args:
        desk: where and when.
        before: predictions of earlier times go, with their outcomes and answers.
        person: who purges, by login: the privacy officer.
        passphrase: given again.
        reason: one sentence, such as the rule of retention.

    Raises:
        Denied: not the privacy officer, or a wrong passphrase.
        BadInput: no reason, or an instant that is not past.
        DependencyDown: the database refuses.
    """
    role = _allowed(desk, person, passphrase, reason=reason)
    if before >= desk.at:
        raise BadInput("got an instant that is not past", code="erasure.before", where="--before")

    def record(rows: str, tables: dict[str, int]) -> Erasure:
        return Erasure(
            why="retention",
            before=before,
            reason=reason.strip(),
            by=desk.home.users.by_login(person).person_id,
            role=role,
            erased_at=desk.at,
            tables=tables,
            rows=rows,
        )

    made = _keep(desk, lambda unit: erase_before(unit, before), record)
    _finish(desk, made)
    return made


def erasures(desk: Desk) -> tuple[Erasure, ...]:
    """Return all erasures of the home, oldest first."""
    return desk.home.catalog.all(Erasure)


def returned(desk: Desk) -> int:
    """Return how many erased patients are in the home again, by a delivery or a restore."""
    known = {whose for one in erasures(desk) for whose in one.whose}
    if not known:
        return 0
    present: set[int] = set(desk.home.predictions.subjects())
    for name in desk.home.snapshots.list():
        held = desk.home.catalog.get(name, Snapshot)
        for shard in held.shards:
            path = desk.home.snapshots.path(name) / shard.name
            column = pq.read_table(path, columns=["subject_id"])["subject_id"]
            present |= set(pc.unique(column).to_pylist())
    return len(known & {_hidden(desk, one) for one in present})


def _allowed(desk: Desk, person: str, passphrase: str, *, reason: str) -> Role:
    role = acting(desk, person, passphrase, act="erasure")
    if len(reason.strip()) < _SHORTEST_REASON:
        raise BadInput("expected the reason in a sentence", code="erasure.reason")
    return role


def _hidden(desk: Desk, patient: int) -> str:
    """Return the keyed hash by which an erased patient is known again, and not named."""
    text = f"erased\0{patient}".encode()
    return hmac.new(desk.home.pseudonym_key(), text, hashlib.sha256).hexdigest()


def _keep(
    desk: Desk, go: Callable[[Unit], _Erased], record: Callable[[str, dict[str, int]], Erasure]
) -> Erasure:
    """Return the record, kept in the transaction in which the rows went."""
    with desk.home.database.transaction() as unit:
        gone = go(unit)
        rows = desk.home.artifacts.put(as_bytes(row for some in gone.values() for row in some))
        made = record(rows, {name: len(some) for name, some in gone.items()})
        details = {
            "why": made.why,
            "erased_rows": sum(made.tables.values()),
            "snapshots": len(made.snapshots),
            "artifacts": len(made.artifacts),
        }
        keep_in(desk, unit, made, action="erasure.make", details=details)
    desk.home.database.sweep()
    return made


def _finish_all(desk: Desk) -> None:
    for one in erasures(desk):
        _finish(desk, one)


def _finish(desk: Desk, made: Erasure) -> None:
    """Delete the files that held what was erased; those that are gone already are let be."""
    present = set(desk.home.snapshots.list())
    for one in made.snapshots:
        if one.snapshot in present:
            with desk.home.database.transaction() as unit:
                subject = Subject(kind="snapshot", digest=one.snapshot)
                details = {"erased_rows": one.rows, "by": one.by or ""}
                note(desk, unit, action=ERASED, subject=subject, details=details)
            desk.home.snapshots.delete(one.snapshot)
    for digest in made.artifacts:
        desk.home.artifacts.erase(digest)


def _replace_snapshots(desk: Desk, patients: Sequence[int]) -> tuple[Replaced, ...]:
    """Return the snapshots that hold the patients; the newest of each source is written again."""
    present = set(desk.home.snapshots.list())
    known = [one for one in desk.home.catalog.all(Snapshot) if one.digest in present]
    rows = {one.digest: _rows_in(desk, one, patients) for one in known}
    newest = {one.source_system: one for one in known}
    made: dict[str, str] = {}
    for source, one in newest.items():
        if any(rows.get(name) for name in (*one.layers, one.digest)):
            made[source] = _written_again(desk, of_record(desk, one), patients)
    return tuple(
        Replaced(snapshot=one.digest, rows=rows[one.digest], by=made.get(one.source_system))
        for one in known
        if rows[one.digest]
    )


def _rows_in(desk: Desk, snapshot: Snapshot, patients: Sequence[int]) -> int:
    folder = desk.home.snapshots.path(snapshot.digest)
    return sum(rows_of_patients(path, patients) for path in sorted(folder.glob("*.parquet")))


def _written_again(desk: Desk, held: Held, patients: Sequence[int]) -> str:
    """Return the snapshot that holds everybody else, now the newest of its source."""
    scratch = Path(tempfile.mkdtemp(prefix="incoming-", dir=desk.home.folder("snapshots")))
    rows, ended = held.rows, held.ended
    try:
        made = without(
            [said for _, said in held.layers],
            [folder for folder, _ in held.layers],
            patients,
            out=scratch,
            rows_of=lambda shard: rows.whole(shard, ended=ended),
            released=released_by(desk, held),
            merges=rows.merges,
        )
        desk.home.snapshots.adopt(scratch, made.digest)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    keys = {
        "source": made.source_system,
        "source_kind": made.kind_of_source,
        **kept_withdrawals(desk, withdrawn(desk, held)),
    }
    keep(desk, made, action="snapshot.without", keys=keys, details={"from": held.digest})
    return made.digest


def _holds(desk: Desk, digest: str, patients: Sequence[int]) -> bool:
    """Return whether an artifact is a table that names one of the patients."""
    with desk.home.artifacts.path(digest).open("rb") as stream:
        if stream.read(4) != _PARQUET:
            return False
    return rows_of_patients(pa.BufferReader(desk.home.artifacts.read(digest)), patients) > 0
