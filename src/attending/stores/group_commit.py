"""Many small writes in few transactions: each waits until its rows are on the disk.

One of those that wait commits for all who wait with it, then the next one does: nobody waits for
a timer, and under load a hundred writes cost one flush of the disk.

A write that looks its own key up first may be tried again when the store rolled its transaction
back or went away, for if the commit had been made after all, the key is found. Any other write is
told, and nobody tries it again.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from attending.errors import AttendingError, DependencyDown

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.stores.database import Database
    from attending.stores.unit import Unit

_Found = TypeVar("_Found")
#: More than this do not make a transaction cheaper for each, only longer for all.
_MOST = 128
#: Refusals after which a write with a key is tried again.
_PASSING = frozenset({"store.rolled_back", "store.down"})
#: For how long, and how often.
_PATIENCE_SECONDS = 2.0
_PAUSE_SECONDS = 0.05


def _interrupted() -> DependencyDown:
    """Return what a write is told that was neither made nor refused."""
    return DependencyDown("the store stopped while this was written", code="store.interrupted")


@dataclass
class _Ticket(Generic[_Found]):
    """One write that waits."""

    work: Callable[[Unit], _Found]
    keyed: bool
    turn: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    found: _Found | None = None
    error: Exception | None = field(default_factory=_interrupted)


class GroupCommit:
    """Commits the writes of many threads together.

    Args:
        database: where they are written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: list[_Ticket[Any]] = []
        self._led = False

    def run(self, work: Callable[[Unit], _Found], *, keyed: bool = False) -> _Found:
        """Return what `work` returned, once what it wrote is durable.

        Args:
            work: writes rows and ledger entries. It may be called twice, in two transactions of
                which only the last is kept, when another write of its group was refused.
            keyed: `work` looks its key up and writes nothing when it is there, so that it may be
                tried again when nobody knows whether it was committed.

        Raises:
            Refused: as `work` does, and nothing of it is written.
            DependencyDown: the store is busy, full, read-only or down.
        """
        ticket = _Ticket(work, keyed)
        with self._lock:
            self._waiting.append(ticket)
            if not self._led:
                self._led = ticket.leads = True
                ticket.turn.set()
        ticket.turn.wait()
        if ticket.leads:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return cast("_Found", ticket.found)

    def _lead(self) -> None:
        """Commit all who wait, the leader among them, and hand over."""
        with self._lock:
            group, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
        try:
            self._commit(group)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._led = following is not None
            if following is not None:
                following.leads = True
                following.turn.set()
            for ticket in group:
                ticket.turn.set()

    def _commit(self, group: list[_Ticket[Any]]) -> None:
        """Commit a group; those of it that have a key again, while the store comes back."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while (down := self._once(group)) is not None:
            group = [ticket for ticket in group if ticket.keyed]
            if not group or down.code not in _PASSING or time.monotonic() > until:
                return
            time.sleep(_PAUSE_SECONDS)

    def _once(self, group: list[_Ticket[Any]]) -> DependencyDown | None:
        """Return why the store could not commit a group; None when each was told its own end."""
        worked = False
        try:
            with self._database.transaction() as unit:
                for ticket in group:
                    ticket.found = ticket.work(unit)
                worked = True
        except DependencyDown as down:
            _tell(group, down)
            return down
        except Exception as error:  # noqa: BLE001 - each is told what stopped it
            if worked and not isinstance(error, AttendingError):
                _tell(group, error)  # at the commit: nobody knows whether it was made
                return None
            for ticket in group:
                self._alone(ticket)
        else:
            _tell(group, None)
        return None

    def _alone(self, ticket: _Ticket[Any]) -> None:
        try:
            with self._database.transaction() as unit:
                ticket.found = ticket.work(unit)
            ticket.error = None
        except Exception as error:  # noqa: BLE001 - raised in the thread that waits
            ticket.error = error


def _tell(group: list[_Ticket[Any]], error: Exception | None) -> None:
    for ticket in group:
        ticket.error = error
