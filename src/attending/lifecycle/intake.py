"""Feeds push their events: each message is taken once, with an account that adds up."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attending.digests import digest_bytes, digest_of
from attending.errors import AttendingError, BadInput, NotFound, Refused, did_you_mean
from attending.ingest.fhir_heard import hear_fhir, read_lines, read_resource
from attending.ingest.heard import Heard
from attending.ingest.hl7 import check_feed, hear_hl7
from attending.ingest.hl7_message import NotHl7, acknowledged, read_message
from attending.lifecycle.desk import Desk, note
from attending.lifecycle.taking import settled_in
from attending.records.intake import Account, Message, Sent
from attending.records.ledger import Subject
from attending.specs.intake import IntakeSpec
from attending.specs.read_yaml import read_spec
from attending.stores.group_commit import GroupCommit
from attending.stores.home import Home
from attending.times import format_instant, from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.ingest.hl7_message import Hl7Message
    from attending.specs.intake import Feed
    from attending.stores.unit import Unit
    from attending.types import Instant

#: HL7's answers (table 0008): taken; not all of it, mend and send again; refused for good.
TAKEN, ERROR, REFUSED = "AA", "AE", "AR"
#: Most problems that one answer names.
_MOST_NAMED = 20


@dataclass(frozen=True)
class Taken:
    """What became of a message.

    Attributes:
        before: whether the same message had been taken before; then nothing was done.
        code: one of HL7's answers.
    """

    account: Account
    before: bool
    code: str


def intake_policy(root: Path) -> IntakeSpec | None:
    """Return the feeds that a home names, None when it names none.

    Raises:
        BadInput: the file is not what it must be.
    """
    path = root / "policy" / "intake.yaml"
    return read_spec(path, IntakeSpec) if path.is_file() else None


@dataclass
class Intake:
    """The feeds of one home.

    Args:
        home: open as long as messages are taken.
        spec: the feeds.
        clock: gives the present instant.
    """

    home: Home
    spec: IntakeSpec
    clock: Callable[[], Instant]
    _commit: GroupCommit = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Take up the store's door for many small writes."""
        self._commit = GroupCommit(self.home.database)

    def feed(self, name: str, *, kind: str) -> Feed:
        """Return a feed.

        Raises:
            NotFound: there is none of that name.
            BadInput: it sends messages of another kind.
        """
        found = next((one for one in self.spec.feeds if one.name == name), None)
        if found is None:
            names = [one.name for one in self.spec.feeds]
            raise NotFound(
                "there is no such feed", code="intake.feed", hint=did_you_mean(name, names)
            )
        if found.kind != kind:
            raise BadInput(
                f"got a message of another kind than the feed's, which is {found.kind}",
                code="intake.kind",
            )
        return found

    def take_fhir(self, feed: str, body: bytes, *, lines: bool, message: str, by: str) -> Taken:
        """Return what became of the resources of one message.

        Args:
            feed: its name.
            body: a Bundle or a resource, FHIR R4 JSON; the same body is the same message where
                it has no id.
            lines: whether each line is a resource.
            message: the sender's id of the message; empty where it has none.
            by: who sent it.

        Raises:
            NotFound: no such feed.
            BadInput: it is not FHIR in JSON; that it came is kept.
            Refused: the id was used for another body.
            DependencyDown: the store is down; nothing was taken.
        """
        self.feed(feed, kind="fhir")
        at = self.clock()
        try:
            resources = read_lines(body) if lines else read_resource(body)
        except BadInput as error:
            self._refused(feed, error, body=body, desk=Desk(self.home, at, by))
            raise
        sent = self._sent(feed, message or digest_bytes(body), at)
        found = hear_fhir(resources, key=self.home.pseudonym_key(), received=sent.received_at)
        return self._kept(sent, found, body=body, desk=Desk(self.home, at, by))

    def take_hl7(self, feed: str, data: bytes, *, by: str) -> tuple[Taken, str]:
        """Return what became of one HL7 v2 message, and the answer to it.

        A message that cannot be read, or is not the feed's, is refused and counted like any.

        Args:
            feed: its name.
            data: the message.
            by: who sent it.

        Raises:
            NotFound: no such feed.
            DependencyDown: the store is down; nothing was taken.
        """
        one, at = self.feed(feed, kind="hl7v2"), self.clock()
        desk = Desk(self.home, at, by)
        message: Hl7Message | None = None
        try:
            message = read_message(data, time_zone=one.time_zone)
            check_feed(message, one)
            name = f"{message.text('MSH', 3)}\0{message.control_id}"
            found = hear_hl7(message, one, key=self.home.pseudonym_key())
            taken = self._kept(self._sent(feed, name, at), found, body=data, desk=desk)
        except (NotHl7, Refused) as error:
            taken = self._refused(feed, error, body=data, desk=desk)
        problems = [f"{one['at']} {one['why']}" for one in taken.account.letters[:_MOST_NAMED]]
        return taken, acknowledged(message, taken.code, at=at, problems=problems)

    def take_scores(self, feed: str, body: bytes, *, by: str) -> dict[str, int]:
        """Return what became of a file of scores of an adopted model; whole, or not at all.

        Args:
            feed: its name.
            body: the file: CSV or Parquet, columns as in the file that the model came in with.
            by: who sent it.

        Raises:
            NotFound: no such feed.
            BadInput: the file cannot be read in one way only.
            Refused: the model takes no scores, or a score is another than the one that is here.
        """
        from attending.lifecycle import adopted_feed  # noqa: PLC0415 - only where one is sent

        one = self.feed(feed, kind="scores")
        with tempfile.TemporaryDirectory(prefix="attending-") as folder:
            path = Path(folder) / "scores"
            path.write_bytes(body)
            found = adopted_feed.take(Desk(self.home, self.clock(), by), str(one.model), path)
        names = ("rows", "new", "known", "history", "before", "changed")
        return {name: getattr(found, name) for name in names}

    def totals(self) -> dict[str, dict[str, int | str | None]]:
        """Return by feed the sums of all accounts, and when its newest event happened."""
        return feed_totals(self.home)

    def letters(self, feed: str) -> list[dict[str, Any]]:
        """Return the messages of a feed of which something was not taken, newest first.

        Raises:
            NotFound: no such feed.
        """
        if feed not in {one.name for one in self.spec.feeds}:
            raise NotFound("there is no such feed", code="intake.feed")
        return dead_letters(self.home, feed)

    def _refused(self, feed: str, error: AttendingError, *, body: bytes, desk: Desk) -> Taken:
        """Return a message that was refused whole, now counted and listed."""
        found = Heard(rows_in=1)
        found.set_aside("message", error.code, as_="rejected")
        sent = self._sent(feed, f"refused\0{digest_bytes(body)}", desk.at)
        taken = self._kept(sent, found, body=body, desk=desk)
        return Taken(taken.account, taken.before, REFUSED)

    def _sent(self, feed: str, name: str, at: Instant) -> Sent:
        return Sent(feed=feed, message=digest_of([feed, name]), received_at=to_micros(at))

    def _kept(self, sent: Sent, found: Heard, *, body: bytes, desk: Desk) -> Taken:
        return self._commit.run(
            lambda unit: _keep(desk, unit, sent, found=found, body=digest_bytes(body))
        )


def open_intake(root: Path, *, clock: Callable[[], Instant]) -> Intake | None:
    """Return the feeds that a home names, over a home that stays open; None when it names none.

    Raises:
        BadInput: policy/intake.yaml is not what it must be.
    """
    spec = intake_policy(root)
    return None if spec is None else Intake(Home.open(root), spec, clock)


def feed_totals(home: Home) -> dict[str, dict[str, int | str | None]]:
    """Return by feed the sums of all accounts, when it last sent, and its newest event."""
    found: dict[str, dict[str, int | str | None]] = {}
    for feed, counts in home.events.totals().items():
        instants = {
            name: None if value is None else format_instant(from_micros(value))
            for name, value in counts.items()
            if name in {"newest", "received_at"}
        }
        found[feed] = {**counts, **instants}
    return found


def dead_letters(home: Home, feed: str = "") -> list[dict[str, Any]]:
    """Return the messages of which something was not taken, newest first; no value of any."""
    return [
        {
            "feed": one.sent.feed,
            "message": one.sent.message,
            "attempt": one.attempt,
            "received_at": format_instant(from_micros(one.sent.received_at)),
            "quarantined": one.account.quarantined,
            "rejected": one.account.rejected,
            "letters": [dict(letter) for letter in one.account.letters],
        }
        for one in home.events.letters(feed)
    ]


def _keep(desk: Desk, unit: Unit, sent: Sent, *, found: Heard, body: str) -> Taken:
    """Return what became of a message, now kept with its ledger entry."""
    tried = desk.home.events.attempts(unit, sent.feed, sent.message)
    if tried and tried[-1].body != body:
        raise Refused(
            "the id of this message was used for another one",
            code="intake.conflict",
            hint="Give every message an id of its own; nothing was taken.",
        )
    if tried and not tried[-1].account.quarantined:
        return Taken(tried[-1].account, before=True, code=TAKEN)
    account = settled_in(desk.home.events, unit, found, sent=sent)
    desk.home.events.add_message(unit, Message(sent, len(tried) + 1, body, account))
    names = ("rows_in", "accepted", "quarantined", "rejected", "duplicate")
    counts = {name: getattr(account, name) for name in names}
    subject = Subject(kind="message", digest=sent.message)
    note(desk, unit, action="intake.take", subject=subject, details={"feed": sent.feed, **counts})
    return Taken(account, before=False, code=ERROR if account.quarantined else TAKEN)
