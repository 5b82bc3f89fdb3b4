"""The house that the pages ask, over one home: opened for each question, never held open."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.errors import AttendingError, Denied, NotFound
from attending.lifecycle import credentials, overview
from attending.lifecycle.desk import open_desk
from attending.times import MINUTE, to_micros
from attending.web.views import (
    ConditionView,
    DocumentRow,
    GateView,
    Health,
    HealthCheck,
    LedgerLine,
    ModelPage,
    ModelRow,
    PersonView,
    TodayLine,
    VerdictView,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.overview import Standing
    from attending.records.governance import GateDecision
    from attending.types import Instant

#: A session that nobody uses ends after this long; in any case after eight hours.
IDLE_MICROS = 30 * MINUTE


@dataclass
class FrontDesk:
    """Answers the pages from a home's records.

    Args:
        root: the folder of the home.
        clock: gives the present instant.
        seen: when each session was last used in this process, in microseconds.
    """

    root: Path
    clock: Callable[[], Instant]
    seen: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(cls, root: Path, *, clock: Callable[[], Instant]) -> FrontDesk:
        """Return a front desk after looking whether the home opens."""
        desk = cls(root=root, clock=clock)
        desk.synthetic()
        return desk

    @contextmanager
    def _desk(self) -> Iterator[Desk]:
        with open_desk(self.root, at=self.clock()) as desk:
            yield desk

    def synthetic(self) -> bool:
        """Return whether this home is synthetic."""
        with self._desk() as desk:
            return desk.home.synthetic

    def models(self) -> tuple[ModelRow, ...]:
        """Return one row for each model, by name."""
        with self._desk() as desk:
            return tuple(
                _row(item, desk.home.synthetic, desk.at) for item in overview.standings(desk)
            )

    def model(self, name: str) -> ModelPage:
        """Return what the page of one model shows."""
        with self._desk() as desk:
            return ModelPage(
                row=_row(overview.standing_of(desk, name), desk.home.synthetic, desk.at),
                gates=tuple(_gate(item) for item in overview.decisions(desk, name)),
                documents=tuple(
                    DocumentRow(
                        title=paper.title,
                        kind=paper.kind,
                        digest=paper.page,
                        signed_by=paper.signed_by,
                    )
                    for paper in overview.papers(desk, name)
                ),
                timeline=tuple(
                    LedgerLine(
                        at=entry.at, actor=entry.actor, action=entry.action, digest=entry.subject
                    )
                    for entry in overview.timeline(desk, name)
                ),
            )

    def today(self, name: str) -> tuple[TodayLine, ...]:
        """Return what the newest verdict rests on, line by line."""
        with self._desk() as desk:
            verdict = overview.standing_of(desk, name).verdict
        if verdict is None:
            return ()
        lines = [
            TodayLine(label="because", says=verdict.because),
            TodayLine(label="action", says=f"{verdict.action} ({verdict.owner})"),
        ]
        lines += [
            TodayLine(label="finding", says=text, answer="failed") for text in verdict.findings
        ]
        return tuple(lines)

    def document(self, digest: str) -> bytes:
        """Return the stand-alone HTML of that digest."""
        with self._desk() as desk:
            return overview.page_bytes(desk, digest)

    def health(self) -> Health:
        """Return the state of the store, the ledger and the keys."""
        checks = []
        try:
            with self._desk() as desk:
                size = desk.home.ledger.size
            checks.append(HealthCheck(name="store", ok=True, says=f"{size} ledger entries"))
        except AttendingError as error:
            checks.append(HealthCheck(name="store", ok=False, says=error.code))
        return Health(ok=all(check.ok for check in checks), checks=tuple(checks))

    def login(self, person: str, passphrase: str) -> str | None:
        """Return a new session token, or None when login or passphrase is wrong."""
        with self._desk() as desk:
            try:
                token = credentials.open_session(desk, person, passphrase)
            except Denied:
                return None
        self.seen[token] = to_micros(self.clock())
        return token

    def logout(self, token: str) -> None:
        """End a session, for every process that serves this home."""
        self.seen.pop(token, None)
        with self._desk() as desk:
            credentials.end_text(desk, token)

    def person_of(self, token: str) -> PersonView | None:
        """Return who holds a session that has not ended, with the roles that they have now.

        A session that nobody used for half an hour here has ended.
        """
        now = to_micros(self.clock())
        if now - self.seen.setdefault(token, now) > IDLE_MICROS:
            self.logout(token)
            return None
        with self._desk() as desk:
            try:
                person = credentials.session_holder(desk, token)
            except NotFound:
                return None
        self.seen[token] = now
        return PersonView(person=person.person_id, name=person.printed_name, roles=person.roles)


def _row(found: Standing, synthetic: bool, at: Instant) -> ModelRow:  # noqa: FBT001 - one caller
    stands, verdict = found.deployment, found.verdict
    return ModelRow(
        name=found.model,
        version=stands.version or None,
        stage=stands.stage,
        purpose=found.purpose,
        synthetic=synthetic,
        verdict=None
        if verdict is None
        else VerdictView(
            answer=found.answer,
            sentence=verdict.because,
            made=verdict.at,
            expires=verdict.expires_at,
            expired=at >= verdict.expires_at,
            drift=verdict.drift,
            action=verdict.action,
            owner=verdict.owner,
            changes=verdict.changes,
        ),
    )


def _gate(decision: GateDecision) -> GateView:
    return GateView(
        name=decision.gate,
        to=decision.to_stage,
        answer="met" if decision.allowed else "missing",
        conditions=tuple(
            ConditionView(
                name=item.name,
                answer="met" if item.passes else item.status,
                sentence=item.note,
                turn="" if item.passes else item.whose,
            )
            for item in decision.conditions
        ),
    )
