"""What counts once: told apart by every process that serves a home, and after a restart too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select

from attending.digests import digest_bytes
from attending.errors import DependencyDown, Refused
from attending.stores.tables import USED_ONCE

if TYPE_CHECKING:
    from attending.stores.database import Database

#: As many may wait for their end at once; who would be the next is refused, not believed.
MOST_ROWS = 200_000


class UsedOnce:
    """The names that were used and have not ended; nothing is kept of a name but its SHA-256."""

    def __init__(self, database: Database, *, most: int = MOST_ROWS) -> None:
        self.database = database
        self._most = most

    def first(self, space: str, name: str, *, ends: int, now: int) -> bool:
        """Return whether a name is used for the first time; it is used from now on.

        Args:
            space: what kind of name, such as `ehr.token`; equal names of two kinds do not meet.
            name: what counts once.
            ends: seconds since 1970 at which it stops counting by itself.
            now: seconds since 1970; what ended before is forgotten.

        Raises:
            DependencyDown: the store is down, or holds as many as it may.
        """
        row = {"digest": digest_bytes(f"{space}\0{name}".encode()), "ends": ends}
        try:
            with self.database.forgetful() as connection:
                connection.execute(delete(USED_ONCE).where(USED_ONCE.c.ends < now))
                held = connection.execute(select(func.count()).select_from(USED_ONCE)).scalar_one()
                if held >= self._most:
                    raise DependencyDown(
                        f"{held} tokens wait for their end, which is as many as may",
                        code="once.full",
                        hint="Wait a few minutes; then find out who sends so many.",
                    )
                connection.execute(USED_ONCE.insert(), row)
        except Refused:  # the row is there
            return False
        return True
