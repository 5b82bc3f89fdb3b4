"""Who holds a token, at every request of machines, over a home that stays open.

A credential never changes, so it is read once; whether it was taken back, and what its person may
do, is read each time.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.lifecycle.clock import steady
from attending.lifecycle.credentials import Holder, credential_of
from attending.records.people import CredentialEnd

if TYPE_CHECKING:
    from attending.records.people import Credential
    from attending.stores.home import Home
    from attending.types import Instant

#: The clock is held against the ledger again after so many seconds.
_LOOK_SECONDS = 1.0
#: So many credentials are remembered at most.
_MOST = 1_000


@dataclass
class Holders:
    """Remembers the credentials of one home.

    Args:
        home: open as long as this answers.
    """

    home: Home
    _known: dict[str, Credential] = field(default_factory=dict)
    _looked: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def holder(self, text: str, *, at: Instant) -> Holder | None:
        """Return who holds a credential now; None where it does not hold.

        Raises:
            DependencyDown: the clock was set back, or the store is down.
        """
        if (now := time.monotonic()) - self._looked >= _LOOK_SECONDS:
            at, self._looked = steady(self.home, at), now
        found = self._credential(text)
        if found is None or at >= found.expires_at:
            return None
        if self.home.catalog.has(CredentialEnd.kind, key="credential", value=found.digest):
            return None
        person = self.home.users.get(found.person_id)
        return Holder(person, found) if person.active else None

    def _credential(self, text: str) -> Credential | None:
        with self._lock:
            held = self._known.get(text)
        if held is None and (held := credential_of(self.home, text)) is not None:
            with self._lock:
                if len(self._known) >= _MOST:
                    self._known.clear()
                self._known[text] = held
        return held
