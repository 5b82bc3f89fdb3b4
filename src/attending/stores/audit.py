"""The audit of a ledger: numbers, links, columns, Merkle root, and every witnessed checkpoint.

What it cannot see without a checkpoint from outside, its report says in words.
"""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import select

from attending.errors import IntegrityBroken
from attending.records.ledger import GENESIS, AuditReport, Checkpoint, Finding
from attending.stores.checkpoints import Witness, from_note, origin_of
from attending.stores.merkle import CompactRange, leaf_hash
from attending.stores.tables import LEDGER
from attending.stores.unit import read_chain

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from sqlalchemy import Connection

    from attending.stores.chain import Chain
    from attending.stores.database import Database

#: After so many findings the picture does not change.
MAX_FINDINGS = 20
_COLUMNS = ("seq", "action", "actor", "at", "subject", "subject_kind", "content")
_BATCH_ROWS = 20_000


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

    def found(self, code: str, message: str, seq: int | None = None) -> None:
        """Note one finding."""
        self.findings.append(Finding(code=code, message=message, seq=seq))

    def walk(self, rows: Iterator[Sequence[tuple[int, str, str, str, str, str, bytes]]]) -> None:
        """Check every entry against its columns, its number and the entry before it."""
        for batch in rows:
            for seq, action, actor, at, subject, kind, content in batch:
                start = f'{{"action":"{action}","actor":"{actor}","at":"{at}","details":{{'
                end = (
                    f'}},"kind":"ledger_entry","ledger_id":"{self.ledger_id}",'
                    f'"previous":"{self.head}","seq":{self._expected},'
                    f'"subject":"{subject}","subject_kind":"{kind}"}}'
                )
                whole = content.startswith(start.encode()) and content.endswith(end.encode())
                if not whole or seq != self._expected:
                    self._explain(seq, content, (action, actor, at, subject, kind))
                self._take(seq, content)
            if len(self.findings) >= MAX_FINDINGS:
                return

    def _take(self, seq: int, content: bytes) -> None:
        hashed = leaf_hash(content)
        self.head = hashed.hex()
        self.tree.append(hashed)
        self._expected = seq + 1
        if self.tree.size in self._sizes:
            self.roots[self.tree.size] = self.tree.root().hex()

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

    def compare(self, checkpoint: Checkpoint) -> bool:
        """Return whether a witnessed checkpoint speaks of the entries that are here."""
        size = checkpoint.size
        if size > self.tree.size:
            self.found(
                "ledger.rolled_back",
                f"a checkpoint witnessed {size} entries, there are {self.tree.size}",
                max(self.tree.size - 1, 0),
            )
            return False
        if self.roots.get(size) != checkpoint.root:
            self.found(
                "ledger.rewritten",
                f"the first {size} entries are not those that a checkpoint witnessed",
            )
            return False
        return True

    def report(self, agreeing: Sequence[Checkpoint]) -> AuditReport:
        """Return what was found."""
        return AuditReport(
            ledger_id=self.ledger_id,
            entries=self.tree.size,
            root=self.tree.root().hex(),
            head=self.head,
            checkpoints=len(agreeing),
            witnessed=max((item.size for item in agreeing), default=0),
            findings=tuple(self.findings),
        )


def audit(database: Database, *, witness: Witness, trusted: Sequence[bytes]) -> AuditReport:
    """Return what an audit of the whole ledger found.

    Args:
        database: the store.
        witness: the folder of checkpoints, or a copy of it that was kept elsewhere.
        trusted: the public keys that may have signed checkpoints.

    Raises:
        IntegrityBroken: the database itself cannot be read.
    """
    checkpoints, unreadable = _checkpoints(witness, trusted, origin_of(database.ledger_id))
    auditor = Auditor(database.ledger_id, frozenset(item.size for item in checkpoints))
    auditor.findings += unreadable
    with database.reading() as connection:
        with closing(_batches(connection)) as batches:
            auditor.walk(batches)
        try:
            auditor.settle(read_chain(connection, database.ledger_id))
        except IntegrityBroken as error:
            auditor.found(error.code, error.message)
    agreeing = [item for item in checkpoints if auditor.compare(item)]
    return auditor.report(agreeing)


def _batches(
    connection: Connection,
) -> Generator[Sequence[tuple[int, str, str, str, str, str, bytes]]]:
    statement = select(*(LEDGER.c[name] for name in _COLUMNS)).order_by(LEDGER.c.seq)
    result = connection.execution_options(yield_per=_BATCH_ROWS).execute(statement)
    with closing(result):
        yield from result.partitions()


def _checkpoints(
    witness: Witness, trusted: Sequence[bytes], origin: str
) -> tuple[list[Checkpoint], list[Finding]]:
    good: list[Checkpoint] = []
    bad: list[Finding] = []
    for path in witness.paths():
        try:
            checkpoint = from_note(path.read_text(encoding="utf-8"), trusted=trusted)
        except (IntegrityBroken, UnicodeDecodeError) as error:
            code = error.code if isinstance(error, IntegrityBroken) else "checkpoint.shape"
            bad.append(Finding(code=code, message=f"{path.name}: {code}"))
            continue
        if checkpoint.origin == origin:
            good.append(checkpoint)
        else:
            bad.append(
                Finding(code="checkpoint.foreign", message=f"{path.name} is of another ledger")
            )
    return good, bad
