"""The growing end of the ledger: gives an entry its number, its link and its bytes."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attending.digests import composed
from attending.records.ledger import LedgerEntry
from attending.stores.bindings import ENCODER
from attending.stores.merkle import CompactRange, leaf_hash
from attending.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.records.ledger import Subject
    from attending.types import Instant

#: An entry is a line, not a document: what is larger belongs in a record.
MAX_ENTRY_BYTES = 16_384
#: Names in `details` that the store itself fills.
RESERVED = frozenset({"rows", "rows_digest"})


@dataclass(frozen=True)
class Act:
    """Who does what to what, when: all that a ledger entry says besides its place.

    Attributes:
        actor: a person's id, or `system`.
        action: a dotted verb such as `run.fit`.
    """

    at: Instant
    actor: str
    action: str
    subject: Subject

    @cached_property
    def at_text(self) -> str:
        """Return the instant as it is written."""
        return format_instant(self.at)


@dataclass
class Chain:
    """The size, head and compact range of a ledger, to which entries are added."""

    ledger_id: str
    head: str
    tree: CompactRange

    @property
    def size(self) -> int:
        """Return the number of entries, which is the number of the next one."""
        return self.tree.size

    def add(self, act: Act, details: Mapping[str, Any]) -> tuple[LedgerEntry, bytes]:
        """Return the next entry and its canonical bytes, and move the end to it.

        Raises:
            ValueError: the entry is larger than a line may be, or a value is not plain.
        """
        fields: dict[str, Any] = {
            "seq": self.size,
            "ledger_id": self.ledger_id,
            "previous": self.head,
            "at": act.at,
            "actor": act.actor,
            "action": act.action,
            "subject_kind": act.subject.kind,
            "subject": act.subject.digest,
            "details": dict(details),
        }
        entry = LedgerEntry.model_validate(fields)
        # What was checked is what is written: 1.0 became 1.
        fields |= {"kind": LedgerEntry.kind, "details": entry.details, "at": act.at_text}
        text = ENCODER.encode(fields)
        if not text.isascii() and not unicodedata.is_normalized("NFC", text):
            return self.add(act, composed(dict(details)))
        leaf = text.encode()
        if len(leaf) > MAX_ENTRY_BYTES:
            raise ValueError(f"a ledger entry has {len(leaf)} bytes, more than {MAX_ENTRY_BYTES}")
        hashed = leaf_hash(leaf)
        self.head = hashed.hex()
        self.tree.append(hashed)
        return entry, leaf
