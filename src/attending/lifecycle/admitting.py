"""Who may use a verb here and now: by a token where patients are cared for, else by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import Denied
from attending.govern.access import VERBS, check_verb
from attending.lifecycle import policies
from attending.lifecycle.credentials import holder, note_read
from attending.lifecycle.desk import open_desk
from attending.lifecycle.emergencies import roles_now

if TYPE_CHECKING:
    from pathlib import Path

    from attending.govern.access import Access
    from attending.lifecycle.desk import Desk
    from attending.types import Instant


def admit(root: Path, verb: str, *, at: Instant, token: str, claimed: str) -> str:
    """Return who acts, when they may use a verb in a home; a denial leaves a ledger entry.

    Under a policy of production a token says who acts. Elsewhere who acts is believed, but for
    persons of the home, who still may do only what their roles may.

    Args:
        root: the folder of the home.
        verb: noun and verb.
        at: when.
        token: what was shown; empty when nothing was.
        claimed: who acts by their own word; `system` when nobody said.

    Raises:
        Denied: no token where one is asked for, one that does not hold, or a verb that is not for
            this person.
    """
    access = VERBS.get(verb)
    if access is not None and access.anyone:
        return claimed
    with open_desk(root, at=at, actor=claimed) as desk:
        if token:
            return _by_token(desk, verb, token=token, claimed=claimed)
        if policies.in_use(desk).production:
            raise Denied(
                "patients are cared for here: who acts shows a token",
                code="access.token",
                hint="Make one by `attending user token add`; name it in ATTENDING_TOKEN_FILE.",
            )
        return _by_name(desk, verb, claimed=claimed)


def _by_token(desk: Desk, verb: str, *, token: str, claimed: str) -> str:
    held = holder(desk, token)
    scopes = held.credential.scopes if held.credential.use == "token" else None
    if claimed not in {"system", held.person.person_id}:
        raise Denied("the token is of another person", code="access.claim")
    _note(desk, verb, check_verb(verb, roles_now(desk, held.person), scopes=scopes))
    return held.person.person_id


def _by_name(desk: Desk, verb: str, *, claimed: str) -> str:
    person = next((one for one in desk.home.users.list() if one.person_id == claimed), None)
    if person is not None:
        if not person.active:
            raise Denied("this person is not active", code="act.person")
        _note(desk, verb, check_verb(verb, roles_now(desk, person)))
    return claimed


def _note(desk: Desk, verb: str, access: Access) -> None:
    if access.patients:
        note_read(desk, verb)
