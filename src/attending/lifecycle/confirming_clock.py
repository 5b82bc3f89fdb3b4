"""An administrator says that the clock is right and the ledger is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import BadInput, DependencyDown, Refused
from attending.lifecycle.clock import CONFIRM, steady
from attending.lifecycle.desk import note
from attending.lifecycle.people import acting
from attending.records.ledger import Subject

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk


def confirm(desk: Desk, *, person: str, passphrase: str, reason: str) -> bool:
    """Return whether time went back, now that an administrator says that the clock is right.

    Acts go on from this instant. When it lies before the last entry, signatures from before this
    entry count no more, for nobody can tell which of them would have expired.

    Raises:
        Denied: not an administrator, or a wrong passphrase.
        BadInput: no reason.
        Refused: the clock agrees with the ledger.
    """
    acting(desk, person, passphrase, act="people")
    if not reason.strip():
        raise BadInput("to confirm a clock takes a reason", code="clock.reason")
    back = _back(desk)
    subject = Subject(kind="home", digest=desk.home.settings.home_id)
    details = {"back": back, "reason": reason.strip()}
    with desk.home.database.transaction() as unit:
        note(desk, unit, action=CONFIRM, subject=subject, details=details)
    return back


def _back(desk: Desk) -> bool:
    """Return whether the clock lies before the ledger.

    Raises:
        Refused: it agrees with the ledger.
    """
    try:
        steady(desk.home, desk.at)
    except DependencyDown as error:
        return error.code == "clock.backwards"
    raise Refused(
        "the clock agrees with the ledger", code="clock.agrees", hint="There is nothing to confirm."
    )
