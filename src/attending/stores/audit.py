"""The audit of a ledger: numbers, links, columns, Merkle root, and every witnessed checkpoint.

What it cannot see without a checkpoint from outside, its report says in words.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from attending.errors import IntegrityBroken
from attending.records.ledger import GENESIS, AuditReport, Checkpoint, Finding, WitnessSeen
from attending.stores.checkpoints import from_note, origin_of
from attending.stores.merkle import CompactRange
from attending.stores.tables import LEDGER, as_bytes
from attending.stores.unit import read_chain
from attending.stores.witnesses import OWN

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from sqlalchemy import Connection

    from attending.stores.chain import Chain
    from attending.stores.database import Database
    from attending.stores.heads import Head
    from attending.stores.witnesses import Witness

#: After so many findings the picture does not change.
MAX_FINDINGS = 20
_COLUMNS = ("seq", "action", "actor", "at", "subject", "subject_kind", "content")
_BATCH_ROWS = 20_000
#: The columns of a row in that order; the last may be text where somebody has put it.
_Row: TypeAlias = tuple[int, str, str, str, str, str, object]


class Auditor:
    """Walks one ledger once, from its first entry to its last."""

    def __init__(self, ledger_id: str, sizes: frozenset[int]) -> None:
        self.ledger_id = ledger_id
        self.tree = CompactRange()
        self.head = GENESIS
        self.findings: list[Finding] = []
        self.roots: dict[int, str] = {0: self.tree.root().hex()} if 0 in sizes else {}
        self._sizes = sizes
        self._expected = 0
        self._agrees: dict[tuple[int, str], bool] = {}

    def found(self, code: str, message: str, seq: int | None = None) -> None:
        """Note one finding."""
        self.findings.append(Finding(code=code, message=message, seq=seq))

    def walk(self, rows: Iterator[Sequence[_Row]]) -> None:
        """Check every entry against its columns, its number and the entry before it."""
        for batch in rows:
            self._plant([self._checked(*row) for row in batch])
            if len(self.findings) >= MAX_FINDINGS:
                return

    def _checked(  # noqa: PLR0913, PLR0917 - the columns of a row, in their order
        self, seq: int, action: str, actor: str, at: str, subject: str, kind: str, found: object
    ) -> bytes:
        """Return the leaf hash of an entry, once it was compared with what it must be."""
        content = found if isinstance(found, bytes) else as_bytes(found)
        start = f'{{"action":"{action}","actor":"{actor}","at":"{at}","details":{{'
        end = (
            f'}},"kind":"ledger_entry","ledger_id":"{self.ledger_id}",'
            f'"previous":"{self.head}","seq":{self._expected},'
            f'"subject":"{subject}","subject_kind":"{kind}"}}'
        )
        whole = content.startswith(start.encode()) and content.endswith(end.encode())
        if not whole or seq != self._expected:
            self._explain(seq, content, (action, actor, at, subject, kind))
        hashed = hashlib.sha256(b"\0" + content).digest()
        self.head = hashed.hex()
        self._expected = seq + 1
        return hashed

    def _plant(self, leaves: Sequence[bytes]) -> None:
        """Add leaves to the tree, and note its root at each size that a checkpoint speaks of."""
        done, start = 0, self.tree.size
        asked = (size for size in self._sizes if start < size <= start + len(leaves))
        for size in (*sorted(asked), start + len(leaves)):
            self.tree.extend(leaves[done : size - start])
            done = size - start
            if size in self._sizes:
                self.roots[size] = self.tree.root().hex()

    def _explain(self, seq: int, content: bytes, columns: tuple[str, ...]) -> None:
        """Say what is wrong with an entry that is not, byte for byte, what it must be."""
        if len(self.findings) >= MAX_FINDINGS:
            return
        if seq != self._expected:
            missing = seq - self._expected
            self.found("ledger.sequence", f"{missing} entries are missing before {seq}", seq)
        try:
            entry = json.loads(content)
            said = tuple(entry[name] for name in _COLUMNS[1:-1])
            links = entry["ledger_id"], entry["seq"], entry["previous"]
        except (ValueError, KeyError, TypeError, RecursionError):
            self.found("ledger.content", f"entry {seq} cannot be read", seq)
            return
        if said != columns or links[1] != seq:
            self.found("ledger.columns", f"entry {seq} has other columns than content", seq)
        if links[0] != self.ledger_id:
            self.found("ledger.foreign", f"entry {seq} comes from another ledger", seq)
        if links[2] != self.head:
            before = max(seq - 1, 0)
            self.found("ledger.chain", f"entry {before} is not the one that {seq} follows", before)
        if not self.findings:
            self.found("ledger.content", f"entry {seq} is not in canonical form", seq)

    def settle(self, chain: Chain) -> None:
        """Compare the end that was walked to with the end that the database says it has."""
        last = self.tree.size - 1
        if chain.size != self.tree.size:
            wanted = f"the ledger's end says {chain.size} entries, there are {self.tree.size}"
            self.found("ledger.truncated", wanted, max(last, 0))
        elif chain.head != self.head or chain.tree.root() != self.tree.root():
            self.found(
                "ledger.root", "the entries do not lead to the ledger's own end", max(last, 0)
            )

    def compare(self, size: int, root_start: str) -> bool:
        """Return whether a witnessed size and start of a root speak of the entries here."""
        key = size, root_start
        if key not in self._agrees:
            self._agrees[key] = self._speaks_of_us(size, root_start)
        return self._agrees[key]

    def _speaks_of_us(self, size: int, root_start: str) -> bool:
        if size > self.tree.size:
            self.found(
                "ledger.rolled_back",
                f"a checkpoint witnessed {size} entries, there are {self.tree.size}",
                max(self.tree.size - 1, 0),
            )
            return False
        if not self.roots.get(size, "").startswith(root_start):
            self.found(
                "ledger.rewritten",
                f"the first {size} entries are not those that a checkpoint witnessed",
            )
            return False
        return True

    def seen(self, witness: Witness, good: Sequence[Checkpoint], user: int) -> WitnessSeen:
        """Return what a witness says, once its checkpoints are compared."""
        agreeing = [one for one in good if self.compare(one.size, one.root)]
        newest = max(agreeing, key=lambda one: one.size, default=None)
        return WitnessSeen(
            name=witness.name,
            kind=witness.kind,
            checkpoints=len(agreeing),
            witnessed=newest.size if newest else 0,
            newest_at=newest.at if newest else None,
            self_witnessed=witness.self_witnessed(user),
        )

    def printed(self, head: Head) -> WitnessSeen:
        """Return what a printed head says, which a person brought on paper."""
        agrees = self.compare(head.size, head.root_start)
        return WitnessSeen(
            name="paper",
            kind="printed head",
            checkpoints=int(agrees),
            witnessed=head.size if agrees else 0,
        )

    def report(self, seen: Sequence[WitnessSeen]) -> AuditReport:
        """Return what was found."""
        return AuditReport(
            ledger_id=self.ledger_id,
            entries=self.tree.size,
            root=self.tree.root().hex(),
            head=self.head,
            checkpoints=sum(same for (_, root), same in self._agrees.items() if len(root) == 64),
            witnessed=max((item.witnessed for item in seen), default=0),
            findings=tuple(self.findings),
            witnesses=tuple(seen),
        )


def audit(
    database: Database,
    *,
    witnesses: Sequence[Witness],
    trusted: Sequence[bytes],
    user: int,
    heads: Sequence[Head] = (),
) -> AuditReport:
    """Return what an audit of the whole ledger found.

    Args:
        database: the store.
        witnesses: where checkpoints are kept, the home's own folder among them.
        trusted: the public keys that may have signed checkpoints.
        user: to whom the store belongs; a witness that it could change vouches for nobody else.
        heads: what people typed in from paper.

    Raises:
        IntegrityBroken: the database itself cannot be read.
        DependencyDown: a witness is there and cannot be read.
    """
    origin = origin_of(database.ledger_id)
    held = [(witness, *_checkpoints(witness, trusted, origin)) for witness in witnesses]
    sizes = {one.size for _, good, _ in held for one in good} | {one.size for one in heads}
    auditor = Auditor(database.ledger_id, frozenset(sizes))
    auditor.findings += [finding for _, _, bad in held for finding in bad]
    with database.reading() as connection:
        with closing(_batches(connection)) as batches:
            auditor.walk(batches)
        try:
            auditor.settle(read_chain(connection, database.ledger_id))
        except IntegrityBroken as error:
            auditor.found(error.code, error.message)
    seen = [auditor.seen(witness, good, user) for witness, good, _ in held]
    return auditor.report([*seen, *(auditor.printed(head) for head in heads)])


def _batches(connection: Connection) -> Generator[Sequence[_Row]]:
    statement = select(*(LEDGER.c[name] for name in _COLUMNS)).order_by(LEDGER.c.seq)
    if connection.dialect.name == "sqlite":
        yield from _driver_batches(connection, str(statement.compile(dialect=connection.dialect)))
        return
    result = connection.execution_options(yield_per=_BATCH_ROWS).execute(statement)
    with closing(result):
        for batch in result.partitions():
            yield [tuple(row) for row in batch]


def _driver_batches(connection: Connection, text: str) -> Generator[Sequence[_Row]]:
    """Yield rows as the driver gives them: a row object for each takes half as long again."""
    with closing(connection.connection.cursor()) as cursor:
        try:
            cursor.execute(text)
            while batch := cursor.fetchmany(_BATCH_ROWS):
                yield batch
        except connection.dialect.loaded_dbapi.Error as error:
            raise DBAPIError(text, None, error) from error


def _checkpoints(
    witness: Witness, trusted: Sequence[bytes], origin: str
) -> tuple[list[Checkpoint], list[Finding]]:
    good: list[Checkpoint] = []
    bad: list[Finding] = []
    for name, note in witness.notes():
        where = name if witness.name == OWN else f"{witness.name}/{name}"
        try:
            checkpoint = from_note(note.decode(), trusted=trusted)
        except (IntegrityBroken, UnicodeDecodeError) as error:
            code = error.code if isinstance(error, IntegrityBroken) else "checkpoint.shape"
            bad.append(Finding(code=code, message=f"{where}: {code}"))
            continue
        if checkpoint.origin == origin:
            good.append(checkpoint)
        else:
            bad.append(Finding(code="checkpoint.foreign", message=f"{where} is of another ledger"))
    return good, bad
