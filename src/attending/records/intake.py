"""What a feed's message brings: versions of records, merges, and the account of it all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Sent:
    """Which message of which feed, and when it came, in microseconds."""

    feed: str
    message: str
    received_at: int


@dataclass(frozen=True)
class Version:
    """One version of a record.

    Attributes:
        record: digest of its source and its name there.
        version: the instant of this version in microseconds; a later one follows an earlier one.
        content: digest of what it says.
        rows: its events as columns of the table `events`, instants in microseconds.
    """

    record: str
    version: int
    content: str
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Account:
    """What became of a message: in = accepted + quarantined + rejected + duplicate.

    Attributes:
        letters: what was not taken: its place in the message, why, and as what it counts.
        newest: when the newest of its events happened, in microseconds; None without one.
    """

    rows_in: int
    accepted: int
    quarantined: int
    rejected: int
    duplicate: int
    letters: tuple[Mapping[str, str], ...] = ()
    newest: int | None = None

    def __post_init__(self) -> None:
        """Refuse an account that does not add up."""
        if self.rows_in != self.accepted + self.quarantined + self.rejected + self.duplicate:
            raise ValueError("every row is accepted, quarantined, rejected or a duplicate")


@dataclass(frozen=True)
class Message:
    """One message that came: whose, its body's digest, and its account."""

    sent: Sent
    attempt: int
    body: str
    account: Account
    #: What was answered, so that the same message gets the same answer.
    answer: Mapping[str, Any] = field(default_factory=dict)
