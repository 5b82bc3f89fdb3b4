"""What the database says when it cannot, in our words: busy, full, unreadable, broken, taken."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from attending.errors import AttendingError, DependencyDown, IntegrityBroken, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUSY = "Another writer holds the store; try again."
_GONE = "Ask again with the same key: what was committed after all is found by it."
_WORDS: tuple[tuple[str, type[AttendingError], str, str], ...] = (
    ("locked", DependencyDown, "store.busy", _BUSY),
    ("busy", DependencyDown, "store.busy", _BUSY),
    ("full", DependencyDown, "storage.full", "Free some space; nothing was half done."),
    ("i/o error", DependencyDown, "storage.io", "Look at the disk before anything else."),
    ("readonly", DependencyDown, "storage.read_only", "Give this user the right to write."),
    ("unable to open", DependencyDown, "storage.missing", "Look at the folder and its rights."),
    ("malformed", IntegrityBroken, "store.corrupt", "Keep the file; restore a backup beside it."),
    ("not a database", IntegrityBroken, "store.corrupt", "Keep the file; restore a backup."),
    ("no such", IntegrityBroken, "store.corrupt", "A table or column is gone; restore a backup."),
)
#: PostgreSQL's own codes, by their start; the longest that fits counts.
_STATES: tuple[tuple[str, type[AttendingError], str, str], ...] = (
    ("55P03", DependencyDown, "store.busy", _BUSY),
    ("40", DependencyDown, "store.rolled_back", "Nothing was written; ask again."),
    ("57P", DependencyDown, "store.down", _GONE),
    ("08", DependencyDown, "store.down", _GONE),
    ("53300", DependencyDown, "store.busy", "Too many connections; give the server more."),
    ("53100", DependencyDown, "storage.full", "Free some space; nothing was half done."),
    ("25006", DependencyDown, "storage.read_only", "The server is a replica, or read-only."),
    ("42501", DependencyDown, "storage.read_only", "Give this user the right to write."),
    ("58030", DependencyDown, "storage.io", "Look at the disk before anything else."),
    ("42P01", IntegrityBroken, "store.corrupt", "A table is gone; restore a backup."),
    ("42703", IntegrityBroken, "store.corrupt", "A column is gone; restore a backup."),
    ("XX00", IntegrityBroken, "store.corrupt", "Restore a backup beside it."),
)


def refusal(error: DBAPIError) -> AttendingError:
    """Return our refusal for an error of the database; it repeats no value.

    >>> import sqlite3
    >>> locked = DBAPIError("", {}, sqlite3.OperationalError("database is locked"))
    >>> refusal(locked).code
    'store.busy'
    """
    if isinstance(error, IntegrityError):
        return Refused(
            "the store already holds a row of that name, or the row breaks a rule of the table",
            code="store.conflict",
            hint="Read what is there before you write again.",
        )
    state = getattr(error.orig, "sqlstate", "") or ""
    for start, kind, code, hint in _STATES:
        if state.startswith(start):
            return kind(f"the store cannot do this: {code}", code=code, hint=hint)
    # What the driver of PostgreSQL says in words names hosts and users: only its code counts.
    said = "" if hasattr(error.orig, "sqlstate") else str(error.orig).lower()
    for word, kind, code, hint in _WORDS:
        if word in said:
            return kind(f"the store cannot do this: {code}", code=code, hint=hint)
    return DependencyDown("the store failed", code="store.down", hint=f"Look at its log. {_GONE}")


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of the database inside the block into our refusals.

    Raises:
        AttendingError: the refusal that `refusal` names.
        DependencyDown: every connection is in use.
    """
    try:
        yield
    except PoolTimeout as error:
        raise DependencyDown(
            "every connection to the store is in use", code="store.busy", hint=_BUSY
        ) from error
    except DBAPIError as error:
        refused = refusal(error)
        raise refused from error
