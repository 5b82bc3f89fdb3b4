"""The house that the pages ask, over one home: opened for each question, never held open."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from attending.errors import AttendingError, Denied, NotFound
from attending.lifecycle import (
    credentials,
    delivering,
    hooks,
    overview,
    policies,
    provider_accounts,
)
from attending.lifecycle.answered_counts import Seen
from attending.lifecycle.answering import answering
from attending.lifecycle.desk import open_desk
from attending.lifecycle.ehr import ehr_policy
from attending.lifecycle.holders import Holders
from attending.lifecycle.intake import open_intake
from attending.lifecycle.key_check import check_keys_work
from attending.lifecycle.provider import provider_policy
from attending.lifecycle.quotas import Quota, limits_of
from attending.lifecycle.watch_metrics import watch_lines
from attending.lifecycle.what_changed import notices
from attending.specs.limits import LimitsSpec
from attending.times import MINUTE, to_micros
from attending.web.ages import ago
from attending.web.cards import cards
from attending.web.questions import answered, as_question, rounded
from attending.web.shared import Shared
from attending.web.views import (
    Health,
    HealthCheck,
    HomeView,
    ModelPage,
    ModelRow,
    PersonView,
    TodayLine,
    VerdictView,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import timedelta
    from pathlib import Path

    from attending.lifecycle.answering import Answering
    from attending.lifecycle.credentials import Holder
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ehr import EhrPolicy
    from attending.lifecycle.hooks import Asked, Said
    from attending.lifecycle.intake import Intake, Taken
    from attending.lifecycle.overview import Standing
    from attending.lifecycle.projects import Project
    from attending.lifecycle.provider import ProviderPolicy
    from attending.specs.release import ReleaseSpec
    from attending.types import Instant
    from attending.web.wire import PredictionAnswer, PredictionRequest

Read = TypeVar("Read")
#: A session that nobody uses ends after this long; in any case after eight hours.
IDLE_MICROS = 30 * MINUTE


@dataclass
class FrontDesk:
    """Answers the pages from a home's records.

    Args:
        root: the folder of the home.
        clock: gives the present instant.
        answering: the models that answer machines; None where none does.
        limits: what one asker may take of it.
        provider: where persons may sign in beside here; None where there is none.
        ehr: the record systems that may ask; None where none may.
        holders: who holds tokens, where a home stays open; None where none does.
        intake: the feeds that may push events; None where none may.
        shared: what the workers of one service hold together, such as when a session was used.
    """

    root: Path
    clock: Callable[[], Instant]
    answering: Answering | None = None
    ehr: EhrPolicy | None = None
    provider: ProviderPolicy | None = None
    limits: LimitsSpec = field(default_factory=LimitsSpec)
    holders: Holders | None = None
    intake: Intake | None = None
    shared: Shared = field(default_factory=Shared)

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        clock: Callable[[], Instant],
        projects: Sequence[Project] = (),
        shared: Shared | None = None,
    ) -> FrontDesk:
        """Return a front desk after looking whether the home opens and its models answer.

        Args:
            root: the folder of the home.
            clock: gives the present instant.
            projects: whose models answer machines.
            shared: what the workers of one service hold together.

        Raises:
            Refused: a model does not stand in silent or later.
            IntegrityBroken: the files of one are not what their digests say.
        """
        desk = cls(root=root, clock=clock, shared=shared or Shared())
        desk.synthetic()
        desk.provider = provider_policy(root)
        desk.limits = limits_of(root)
        if projects:
            desk.answering = answering(root, projects, clock=clock)
            desk.holders = Holders(desk.answering.home)
            desk.ehr = ehr_policy(root)
            per_day = desk.limits.predictions_per_day
            desk.answering.quota = Quota(desk.answering.home, per_day, workers=desk.shared.workers)
            if (board := desk.shared.board) is not None:
                desk.answering.seen.join(board.told_by(board.place), publish=board.tell)
        desk.intake = open_intake(root, clock=clock)
        return desk

    @contextmanager
    def _desk(self) -> Iterator[Desk]:
        with open_desk(self.root, at=self.clock()) as desk:
            yield desk

    def synthetic(self) -> bool:
        """Return whether this home is synthetic."""
        with self._desk() as desk:
            return desk.home.synthetic

    def about(self) -> HomeView:
        """Return the name of this home and what it is for."""
        with self._desk() as desk:
            synthetic, production = desk.home.synthetic, policies.in_use(desk).production
        name = self.root.parent.name if self.root.name.startswith(".") else self.root.name
        use = "production" if production else "not production"
        return HomeView(
            name=name or "home", environment="synthetic" if synthetic else use, synthetic=synthetic
        )

    def look(self, read: Callable[..., Read], *args: Any, by: str, **more: Any) -> Read:  # noqa: ANN401
        """Return what a page reads or does, with the home open once for all of it."""
        with open_desk(self.root, at=self.clock(), actor=by) as desk:
            return read(desk, *args, **more)

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
                notices=notices(desk, name),
            )

    def today(self, name: str) -> tuple[TodayLine, ...]:
        """Return what the newest verdict rests on, line by line."""
        with self._desk() as desk:
            verdict, at = overview.standing_of(desk, name).verdict, desk.at
        if verdict is None:
            return ()
        lines = [
            TodayLine(label="because", says=verdict.why_now(at), answer=""),
            TodayLine(label="action", says=f"{verdict.to_do_now(at)} ({verdict.owner})", answer=""),
        ]
        lines += [
            TodayLine(label="finding", says=text, answer="failed") for text in verdict.findings
        ]
        return tuple(lines)

    def document(self, digest: str) -> bytes:
        """Return the stand-alone HTML of that digest."""
        with self._desk() as desk:
            return overview.page_bytes(desk, digest)

    def predict(self, model: str, question: PredictionRequest, *, by: str) -> PredictionAnswer:
        """Return a prediction that is kept."""
        found = self._answers().answer(as_question(model, question), by=by)
        broken = self._answers().clauses(found.content)
        return answered(replace(found, content=self._told(found.content)), clauses=broken)

    def prediction(self, request_id: str, *, by: str) -> dict[str, Any]:
        """Return a stored prediction with all it was made from."""
        return self._told(self._answers().prediction(request_id, by=by))

    def _told(self, content: dict[str, Any]) -> dict[str, Any]:
        """Return a prediction with its figures as machines are told them."""
        digits = self.limits.score_digits
        return content if digits is None else rounded(content, digits)

    def plan(self, model: str) -> ReleaseSpec:
        """Return the signed release plan of a model that is served here."""
        return self._answers().served(model).release

    def hook(self, asked: Asked) -> list[dict[str, Any]]:
        """Return the cards of one firing of a hook."""
        if self.ehr is None:
            raise NotFound("no record system is named here", code="ehr.none")
        found = hooks.predict(self._answers(), asked)
        return cards(found, self.plan(asked.model), self.ehr.spec)

    def feedback(self, said: Sequence[Said], *, by: str) -> int:
        """Return how many pieces of feedback on cards were new."""
        return hooks.keep_feedback(self._answers(), said, by=by)

    def _answers(self) -> Answering:
        if self.answering is None:
            raise NotFound(
                "this service does not answer for any model",
                code="model.not_served",
                hint="Start it with `attending serve --project P`.",
            )
        return self.answering

    def take_fhir(self, feed: str, body: bytes, *, lines: bool, message: str, by: str) -> Taken:
        """Return what became of FHIR resources that a feed pushed."""
        return self._feeds().take_fhir(feed, body, lines=lines, message=message, by=by)

    def take_hl7(self, feed: str, body: bytes, *, by: str) -> tuple[Taken, str]:
        """Return what became of an HL7 v2 message, and the answer to it."""
        return self._feeds().take_hl7(feed, body, by=by)

    def take_scores(self, feed: str, body: bytes, *, by: str) -> dict[str, int]:
        """Return what became of a file of scores of an adopted model."""
        return self._feeds().take_scores(feed, body, by=by)

    def feeds(self) -> dict[str, dict[str, int | str | None]]:
        """Return by feed what came, what became of it and when its newest event happened."""
        return self._feeds().totals()

    def letters(self, feed: str) -> list[dict[str, Any]]:
        """Return the messages of a feed of which something was not taken, newest first."""
        return self._feeds().letters(feed)

    def _feeds(self) -> Intake:
        if self.intake is None:
            raise NotFound(
                "no feed may push events here",
                code="intake.none",
                hint="Write policy/intake.yaml in the home and start the service again.",
            )
        return self.intake

    def worklist(self, model: str, *, site: str, by: str, unit: str = "") -> list[dict[str, Any]]:
        """Return whom to look at, unanswered first; the look is kept."""
        with open_desk(self.root, at=self.clock(), actor=by) as desk:
            rows = delivering.worklist(desk, model, site=site, unit=unit)
            delivering.keep_look(desk, model, rows=len(rows))
        return rows

    def answer_alert(
        self, request_id: str, *, says: str, snooze: timedelta | None, by: str, reason: str = ""
    ) -> None:
        """Acknowledge an alert, or put it off for a while."""
        with open_desk(self.root, at=self.clock(), actor=by) as desk:
            delivering.answer(desk, request_id, says=says, snooze=snooze, reason=reason)

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

    def readiness(self) -> Health:
        """Return whether the store opens and every model that is served would answer now."""
        checks = [*self.health().checks, self._keys()]
        if (board := self.shared.board) is not None:
            # This worker answers, so that one that is gone costs room and no answer.
            says = f"{sum(board.up())} of {board.workers} are there"
            checks.append(HealthCheck(name="workers", ok=True, says=says))
        if self.answering is not None:
            amiss = self.answering.ready()
            checks += [self._writes(self.answering)]
            checks += [
                HealthCheck(name=model, ok=model not in amiss, says=amiss.get(model, "answers"))
                for model in sorted(self.answering.projects)
            ]
        return Health(ok=all(check.ok for check in checks), checks=tuple(checks))

    def _writes(self, answers: Answering) -> HealthCheck:
        """Return whether the store takes what is written; a score that is not kept is none."""
        try:
            answers.try_store()
        except AttendingError as error:
            return HealthCheck(name="writes", ok=False, says=error.code)
        return HealthCheck(name="writes", ok=True, says="taken")

    def _keys(self) -> HealthCheck:
        """Return whether the keys that answers need are there and are this home's."""
        try:
            with self._desk() as desk:
                check_keys_work(desk)
        except AttendingError as error:
            return HealthCheck(name="keys", ok=False, says=error.code)
        return HealthCheck(name="keys", ok=True, says="there")

    def metrics(self) -> list[str]:
        """Return answers, latencies and how the watch stands, as lines of OpenMetrics.

        With the store down, what this process counted itself is still told.
        """
        try:
            with self._desk() as desk:
                watch, readable = watch_lines(desk), 1
        except AttendingError:
            watch, readable = [], 0
        told = ["# TYPE attending_watch_readable gauge", f"attending_watch_readable {readable}"]
        return [*self._counted(), *told, *watch]

    def _counted(self) -> list[str]:
        """Return what the workers that answer have counted."""
        if self.answering is None:
            return []
        board = self.shared.board
        if board is None:
            return self.answering.seen.lines()
        return [*Seen.of_all(board.told()).lines(), *board.lines()]

    def first_use(self, space: str, name: str, *, ends: int, now: int) -> bool:
        """Return whether a name is used for the first time, in whichever process of the home."""
        if self.answering is not None:
            return self.answering.home.used_once.first(space, name, ends=ends, now=now)
        with self._desk() as desk:
            return desk.home.used_once.first(space, name, ends=ends, now=now)

    def login(self, person: str, passphrase: str) -> str | None:
        """Return a new session token, or None when login or passphrase is wrong."""
        with self._desk() as desk:
            try:
                token = credentials.open_session(desk, person, passphrase)
            except Denied:
                return None
        self.shared.cells.put(f"session {token}", to_micros(self.clock()))
        return token

    def provider_login(self, *, issuer: str, subject: str) -> str:
        """Return a new session of the person to whom an account at the provider leads."""
        with self._desk() as desk:
            token = provider_accounts.sign_in_with(desk, issuer=issuer, subject=subject)
        self.shared.cells.put(f"session {token}", to_micros(self.clock()))
        return token

    def provider_accept(self, invitation: str, *, issuer: str, subject: str) -> str:
        """Return a new session of who takes up an invitation with an account at the provider."""
        with self._desk() as desk:
            return provider_accounts.accept_with(desk, invitation, issuer=issuer, subject=subject)

    def provider_confirm(self, person: str, *, issuer: str, subject: str) -> str:
        """Return a code for one act of a person who signed in anew at the provider."""
        with self._desk() as desk:
            return provider_accounts.confirm_with(desk, person, issuer=issuer, subject=subject)

    def provider_refused(self, why: str) -> None:
        """Keep that what came back from the provider was not believed."""
        with self._desk() as desk:
            provider_accounts.refused(desk, why)

    def logout(self, token: str) -> None:
        """End a session, for every process that serves this home."""
        with self._desk() as desk:
            credentials.end_text(desk, token)

    def person_of(self, token: str) -> PersonView | None:
        """Return who holds a session that has not ended, with the roles that they have now.

        A session that nobody used for half an hour, at any worker, has ended.
        """
        now = to_micros(self.clock())
        name = f"session {token}"
        used = max((at for at, _ in self.shared.cells.everywhere(name)), default=now)
        if now - used > IDLE_MICROS:
            self.logout(token)
            return None
        with self._desk() as desk:
            try:
                person = credentials.session_holder(desk, token)
            except NotFound:
                return None
        self.shared.cells.put(name, now)
        return PersonView(person=person.person_id, name=person.printed_name, roles=person.roles)

    def token_person(self, token: str) -> PersonView | None:
        """Return who holds an API token that has not ended, and what it is for."""
        held = self._holder(token)
        if held is None or held.credential.use != "token":
            return None
        return PersonView(
            person=held.person.person_id,
            name=held.person.printed_name,
            roles=held.person.roles,
            scopes=held.credential.scopes,
        )

    def _holder(self, token: str) -> Holder | None:
        """Return who holds a token now, from the home that stays open where there is one."""
        if self.holders is not None:
            return self.holders.holder(token, at=self.clock())
        with self._desk() as desk:
            try:
                return credentials.holder(desk, token)
            except Denied:
                return None


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
            sentence=verdict.why_now(at),
            made=verdict.at,
            expires=verdict.expires_at,
            expired=at >= verdict.expires_at,
            age=ago(verdict.at, at),
            drift=verdict.drift,
            action=verdict.to_do_now(at),
            owner=verdict.owner,
            changes=verdict.changes,
        ),
    )
