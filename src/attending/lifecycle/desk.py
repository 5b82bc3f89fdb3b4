"""One home, opened at one instant by one actor: what every act of the journey starts from."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from attending.errors import BadInput, Denied, NotFound
from attending.lifecycle.clock import steady
from attending.records.ledger import Subject
from attending.stores.home import Home
from attending.stores.home_in_view import HomeInView

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from attending.records.base import Record
    from attending.stores.unit import Unit
    from attending.types import Instant

_ACTOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")


@dataclass(frozen=True)
class Desk:
    """A home, the instant at which one acts, who acts, and where work on shards is done.

    Attributes:
        spark: the master of a Spark cluster; this machine when empty.
    """

    home: Home
    at: Instant
    actor: str = "system"
    spark: str = ""


def in_view(desk: Desk) -> Desk:
    """Return a desk at which a page over many records is read: each kind of them once.

    It lasts as long as the home is open, shows it as it is now, and is to be read only.
    """
    return replace(desk, home=HomeInView.of(desk.home))


def create_home(root: Path, *, at: Instant, seed: int | None = None) -> Desk:
    """Return a desk in a new home.

    Args:
        root: a folder that is not there yet.
        at: when.
        seed: makes a simulated home, marked synthetic for ever.
    """
    return Desk(home=Home.create(root, at=at, seed=seed), at=at)


@contextmanager
def open_desk(root: Path, *, at: Instant, actor: str = "system", spark: str = "") -> Iterator[Desk]:
    """Give a desk in an existing home and close it afterwards.

    Args:
        root: the folder of the home.
        at: when.
        actor: who acts.
        spark: the master of a Spark cluster; this machine when empty.

    Every act that is denied while it is open leaves an entry in the ledger.

    Raises:
        BadInput: nobody has that name.
        DependencyDown: the clock was set back, or leapt.
    """
    with open_desk_at(root, at=at, actor=actor, spark=spark) as desk:
        yield replace(desk, at=steady(desk.home, at))


@contextmanager
def open_desk_at(
    root: Path, *, at: Instant, actor: str = "system", spark: str = ""
) -> Iterator[Desk]:
    """Give a desk as `open_desk` does, whatever the ledger says of the clock."""
    check_actor(actor)
    home = Home.open(root)
    try:
        desk = Desk(home=home, at=at, actor=actor, spark=spark)
        with denials_noted(desk):
            yield desk
    finally:
        home.close()


@contextmanager
def denials_noted(desk: Desk) -> Iterator[None]:
    """Let pass what is denied inside, once it stands in the ledger: who, and which rule."""
    try:
        yield
    except Denied as error:
        if error.code != "auth.refused":  # that one is noted where it is made
            subject = Subject(kind="denial", digest=error.code)
            with desk.home.database.transaction() as unit:
                note(desk, unit, action="access.denied", subject=subject)
        raise


def check_actor(name: str) -> str:
    """Return the name of who acts, when it can be one.

    Raises:
        BadInput: it holds a character that no login has, such as a line's end.

    >>> check_actor("dana")
    'dana'
    """
    if not _ACTOR.fullmatch(name):
        raise BadInput(
            "who acts is named by letters, digits, dots and hyphens",
            code="actor.name",
            hint="See `attending user ls`.",
            where="--by",
        )
    return name


@contextmanager
def open_or_create(root: Path, *, at: Instant, actor: str = "system") -> Iterator[Desk]:
    """Give a desk in a home that is made when there is none."""
    if not (root / "settings.yaml").is_file():
        create_home(root, at=at).home.close()
    with open_desk(root, at=at, actor=actor) as desk:
        yield desk


def keep(
    desk: Desk,
    record: Record,
    *,
    action: str,
    keys: Mapping[str, str] | None = None,
    details: Mapping[str, Any] | None = None,
) -> str:
    """Return the digest of a record, kept with its ledger entry in one transaction."""
    with desk.home.database.transaction() as unit:
        return keep_in(desk, unit, record, action=action, keys=keys, details=details)


def keep_in(
    desk: Desk,
    unit: Unit,
    record: Record,
    *,
    action: str,
    keys: Mapping[str, str] | None = None,
    details: Mapping[str, Any] | None = None,
) -> str:
    """Return the digest of a record, kept in a unit together with its ledger entry."""
    digest = desk.home.catalog.put(unit, record, at=desk.at, by=desk.actor, keys=keys)
    subject = Subject(kind=record.kind, digest=digest)
    note(desk, unit, action=action, subject=subject, details=details)
    return digest


def note(
    desk: Desk,
    unit: Unit,
    *,
    action: str,
    subject: Subject,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append one entry to the ledger, bound to what the unit wrote."""
    desk.home.ledger.append(
        unit, at=desk.at, actor=desk.actor, action=action, subject=subject, details=details
    )


def required(found: Any, what: str, *, hint: str) -> Any:  # noqa: ANN401 - hands through what it got
    """Return what was found.

    Raises:
        NotFound: nothing was.
    """
    if found is None:
        raise NotFound(
            f"there is no {what} yet", code=f"{what.replace(' ', '_')}.missing", hint=hint
        )
    return found
