"""What a delegation may be: of one's own role, to another person, in no circle, not for long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from attending.errors import BadInput, Denied
from attending.govern.roles import ALONE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from attending.records.governance import Person
    from attending.records.people import Delegation

LONGEST = timedelta(days=31)


def check_delegation(
    asked: Delegation, giver: Person, taker: Person, *, standing: Iterable[Delegation]
) -> None:
    """Refuse a delegation that would hide who decides.

    Args:
        asked: the delegation.
        giver: the person who gives it, as the store knows them.
        taker: the person who gets it.
        standing: the delegations that hold.

    Raises:
        Denied: to oneself, of a role that is not the giver's own, to a service or somebody who
            is not active, to or from a role that stands alone, or in a circle.
        BadInput: no period, one that is over, or one of more than 31 days.
    """
    if not timedelta(0) < asked.ends_at - asked.begins_at <= LONGEST:
        raise BadInput("a delegation lasts from now for 31 days at most", code="delegation.period")
    faults = (
        (giver.person_id == taker.person_id, "self", "to oneself is none"),
        (asked.role not in giver.roles, "role", "is of a role that one has oneself"),
        (taker.service or not taker.active, "taker", "goes to an active person"),
        (bool(ALONE & {asked.role, *taker.roles}), "alone", "never has to do with a role alone"),
        (
            giver.person_id in _reached(taker.person_id, standing),
            "loop",
            "never comes back to who gave it",
        ),
    )
    for holds, word, what in faults:
        if holds:
            raise Denied(f"a delegation {what}", code=f"delegation.{word}")


def _reached(person: str, standing: Iterable[Delegation]) -> frozenset[str]:
    """Return everyone whom a person's delegations lead to, step by step."""
    pairs = {(one.delegator, one.delegate) for one in standing}
    found: frozenset[str] = frozenset()
    new = frozenset({person})
    while new:
        found |= new
        new = frozenset(to for giver, to in pairs if giver in new) - found
    return found - {person}
