"""The clock against the ledger: order is by sequence, and a clock that leapt signs nothing.

The instant at which one acts is held against the last entry. A few minutes before it are a step of
the clock, and the act gets the instant of the last entry; more are a clock that was set back, with
which an expired approval would count again. Years after it are a clock that leapt, and one entry
of such a day would forbid every later act.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import BadInput, DependencyDown
from attending.times import DAY, MINUTE, format_instant, to_micros

if TYPE_CHECKING:
    from attending.records.ledger import LedgerEntry
    from attending.stores.home import Home
    from attending.types import Instant

#: So much may a clock step back: others write at once, and clocks are set by the network.
STEP = 5 * MINUTE
#: A real home in which nothing was written for so long is one whose clock leapt.
LEAP = 731 * DAY
#: What an administrator does who says that the clock is right and the ledger is not.
CONFIRM = "clock.confirm"


def steady(home: Home, at: Instant) -> Instant:
    """Return the instant at which one acts: `at`, or that of the last entry when that is later.

    Raises:
        DependencyDown: the clock stands more than 5 minutes before the last entry, or in a real
            home more than 2 years after it.
    """
    last = last_entry(home)
    if last is None:
        return at
    ahead = to_micros(at) - to_micros(last.at)
    if -STEP <= ahead < 0:
        return last.at
    back = ahead < 0
    if back or (ahead > LEAP and not home.synthetic):
        how = "more than 5 minutes before" if back else "more than 2 years after"
        raise DependencyDown(
            f"the clock says {format_instant(at)}, {how} the last entry of the ledger "
            f"({format_instant(last.at)})",
            code="clock.backwards" if back else "clock.leapt",
            hint="Mend the clock. If it is the ledger that is wrong, an administrator says so with "
            "`attending home clock`. In a simulated home, pass --at with a later instant.",
            where="--at",
        )
    return at


def require_passed(at: Instant, *, now: Instant, synthetic: bool) -> None:
    """Refuse an instant that has not come yet: one entry of it would forbid every act until then.

    Args:
        at: the instant that was asked for.
        now: what the clock says.
        synthetic: whether the home is simulated, whose clock is what it is told.

    Raises:
        BadInput: it lies in the future of a real home.
    """
    if not synthetic and to_micros(at) - to_micros(now) > STEP:
        raise BadInput(
            f"{format_instant(at)} has not come yet; it is {format_instant(now)}",
            code="at.future",
            hint="An act of a real home is never of the future. Leave --at out to act now.",
            where="--at",
        )


def last_entry(home: Home) -> LedgerEntry | None:
    """Return the newest entry of the ledger, None when there is none."""
    size = home.ledger.size
    return next(iter(home.ledger.entries(size - 1, size))) if size else None


def set_back_at(home: Home) -> int:
    """Return the number of the last entry that set the clock back, -1 when there is none."""
    found = home.ledger.search(action=CONFIRM)
    return max((entry.seq for entry in found if entry.details.get("back")), default=-1)
