"""What the database says when it cannot, in our words: busy, full, unreadable, broken, taken."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, IntegrityError

from attending.errors import AttendingError, DependencyDown, IntegrityBroken, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS: tuple[tuple[str, type[AttendingError], str, str], ...] = (
    ("locked", DependencyDown, "store.busy", "Another writer holds the store; try again."),
    ("busy", DependencyDown, "store.busy", "Another writer holds the store; try again."),
    ("full", DependencyDown, "storage.full", "Free some space; nothing was half done."),
    ("i/o error", DependencyDown, "storage.io", "Look at the disk before anything else."),
    ("readonly", DependencyDown, "storage.read_only", "Give this user the right to write."),
    ("unable to open", DependencyDown, "storage.missing", "Look at the folder and its rights."),
    ("malformed", IntegrityBroken, "store.corrupt", "Keep the file; restore a backup beside it."),
    ("not a database", IntegrityBroken, "store.corrupt", "Keep the file; restore a backup."),
    ("no such", IntegrityBroken, "store.corrupt", "A table or column is gone; restore a backup."),
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
    said = str(error.orig).lower()
    for word, kind, code, hint in _WORDS:
        if word in said:
            return kind(f"the store cannot do this: {code}", code=code, hint=hint)
    return DependencyDown("the store failed", code="store.down", hint="Look at its log.")


@contextmanager
def translated() -> Iterator[None]:
    """Turn errors of the database inside the block into our refusals.

    Raises:
        AttendingError: the refusal that `refusal` names.
    """
    try:
        yield
    except DBAPIError as error:
        refused = refusal(error)
        raise refused from error
