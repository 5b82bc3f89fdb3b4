"""Who vouches for the ledger from outside: witnesses and printed heads; what the gate asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import DependencyDown, NotFound
from attending.govern.gates import Fact
from attending.lifecycle import policies
from attending.lifecycle.desk import keep
from attending.lifecycle.people import acting, acting_person
from attending.records.ledger import HeadCompared
from attending.stores.heads import print_head, read_head
from attending.stores.witnesses import Witness
from attending.times import DAY, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.records.ledger import AuditReport, Checkpoint, WitnessSeen

#: How old the newest word of an independent witness may be when a version goes live.
SEEN_WITHIN_DAYS = 7


def verify(desk: Desk, *, brought: Sequence[Path] = (), heads: Sequence[str] = ()) -> AuditReport:
    """Return what an audit of the whole ledger, and of the rows that it binds, found.

    Args:
        desk: where.
        brought: folders or files of checkpoints that were kept elsewhere.
        heads: printed heads, typed in from paper.

    Raises:
        NotFound: a place that was named is not there.
        BadInput: a head was mistyped, or is of another ledger.
    """
    missing = [path for path in brought if not path.exists()]
    if missing:
        raise NotFound(
            "there is no witness at this place",
            code="witness.missing",
            hint="Name the folder or file of checkpoints that was kept elsewhere.",
            where=str(missing[0]),
        )
    report = desk.home.ledger.verify(
        brought=[Witness(path, name=f"brought-{at}") for at, path in enumerate(brought, 1)],
        heads=[read_head(desk.home.database.ledger_id, text) for text in heads],
    )
    rows = desk.home.check_rows()
    return report.model_copy(update={"findings": (*report.findings, *rows)})


def checkpoint(desk: Desk) -> tuple[Checkpoint, dict[str, str]]:
    """Return a signed checkpoint over the ledger, and what became of it at each other witness."""
    made = desk.home.make_checkpoint(at=desk.at)
    return made, desk.home.ledger.deliver(made)


def require_delivered(delivered: dict[str, str]) -> None:
    """Refuse to call it well when a witness got nothing.

    Raises:
        DependencyDown: naming the witnesses that are not there or did not take it.
    """
    well = {"written", "to be fetched by its own user"}
    lost = sorted(name for name, what in delivered.items() if what not in well)
    if lost:
        raise DependencyDown(
            f"no checkpoint came to {', '.join(lost)}; it is kept in the home's own folder",
            code="witness.absent",
            hint="Look at the share, and run `attending audit checkpoint` again.",
        )


def head(desk: Desk) -> str:
    """Return the head of the ledger as a short text for paper."""
    end = desk.home.ledger.end()
    root = end.tree.root().hex()
    return print_head(desk.home.database.ledger_id, end.size, root=root)


def compare(desk: Desk, text: str, *, person: str, passphrase: str) -> HeadCompared:
    """Return that a person compared a printed head with the ledger, and that they agree.

    Raises:
        Denied: not in a role that may, or a wrong passphrase.
        BadInput: the head was mistyped, or is of another ledger.
        IntegrityBroken: the ledger is not the one of the paper, or is damaged; nothing is kept.
    """
    role = acting(desk, person, passphrase, act="compare_head")
    found = read_head(desk.home.database.ledger_id, text)
    verify(desk, heads=[text]).require()
    record = HeadCompared(
        head=print_head(desk.home.database.ledger_id, found.size, root=found.root_start),
        size=found.size,
        compared_by=acting_person(desk, person, passphrase).person_id,
        role=role,
        compared_at=desk.at,
    )
    keep(desk, record, action="audit.compare_head", details={"size": found.size})
    return record


def witnessed(desk: Desk) -> Fact:
    """Return whether the whole ledger verifies, against a witness that is not the store's own.

    Where no patients are cared for, a witness of the store's own will do, and the note says so.

    Raises:
        IntegrityBroken: the database itself cannot be read.
    """
    report = verify(desk, heads=[one.head for one in _compared(desk)])
    if report.findings:
        return Fact("failed", note=report.statement)
    if not any(one.checkpoints for one in report.witnesses):
        return Fact("not_shown", note=report.statement)
    if any(_fresh(desk, report)):
        return Fact("met", note=report.statement)
    if policies.in_use(desk).production:
        return Fact("not_shown", note=_why_not(report))
    return Fact("met", note="self-witnessed: enough only where no patients are cared for")


def _compared(desk: Desk) -> tuple[HeadCompared, ...]:
    """Return the comparisons with paper that are in date."""
    return tuple(
        one
        for one in desk.home.catalog.all(HeadCompared)
        if 0 <= to_micros(desk.at) - to_micros(one.compared_at) <= SEEN_WITHIN_DAYS * DAY
    )


def _fresh(desk: Desk, report: AuditReport) -> Iterator[WitnessSeen]:
    for one in report.witnesses:
        age = to_micros(desk.at) - to_micros(one.newest_at or desk.at)
        if one.independent and 0 <= age <= SEEN_WITHIN_DAYS * DAY:
            yield one


def _why_not(report: AuditReport) -> str:
    if report.self_witnessed:
        reasons = sorted({one.self_witnessed for one in report.witnesses if one.self_witnessed})
        return f"self-witnessed: {'; '.join(reasons)}"
    return f"no independent witness has seen the ledger within {SEEN_WITHIN_DAYS} days"
