"""Answering one request: the score that a batch would make, on the disk before it leaves."""

from __future__ import annotations

import json
import threading
import time
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from attending.digests import canonical, canonical_with, digest_bytes
from attending.errors import AttendingError, BadInput, NotFound, Refused
from attending.explain.quick_shares import make_ready
from attending.lifecycle.answered_counts import Seen
from attending.lifecycle.clock import steady
from attending.lifecycle.current import admitted, known_events
from attending.lifecycle.desk import Desk, note
from attending.lifecycle.one_at_a_time import ONE
from attending.lifecycle.readers import answers_readers
from attending.lifecycle.scoring import request_of, served_as
from attending.records.ledger import Subject
from attending.records.monitoring import Verdict
from attending.serve.asked_events import as_asked, as_events, digest_events
from attending.serve.scope import clauses
from attending.serve.score import score_one
from attending.stores.group_commit import GroupCommit
from attending.stores.home import Home
from attending.stores.predictions import Scored as Stored
from attending.times import SECOND, format_instant, to_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pyarrow as pa

    from attending.lifecycle.projects import Project
    from attending.lifecycle.quotas import Quota
    from attending.records.prediction import Prediction
    from attending.serve.served import Served
    from attending.stores.unit import Unit
    from attending.types import Instant

#: Deployment and verdict are looked at again after this long: what is disabled stops this soon.
LOOK_SECONDS = 1.0
#: The model's files are read and checked again after this long.
CHECK_SECONDS = 60.0
#: A prediction may be asked for so far ahead of our clock, for clocks differ.
_AHEAD = 300 * SECOND

#: What a prediction is called that has the model's own score, and why another one has not.
LIVE, _STOPPED = "live", ("deployment:", "verdict:")
#: How the store says that somebody acted on a model since it was looked up.
_ACTED = "release.conflict"
#: What a batch and a request say alike when both saw the same.
_SAME_SCORE = ("kind", "score", "flagged", "stage")
#: What the ledger says of each prediction.
_NOTED = ("model", "version", "stage", "outcome", "prediction")


@dataclass(frozen=True)
class Question:
    """What is asked of one model.

    Attributes:
        events: the patient's rows, as `as_asked` gives them or as columns of `EVENTS` by name;
            only those visible at the prediction time count. None for those of the event store.
        index_start: when the stay began; None to take it from its admission in the store.
        decision_point, user_role: as the caller states them; held against the intended use.
        gaps: what the caller could not give, such as `prefetch:observations:error`.
    """

    model: str
    subject_id: int
    encounter_id: int | None
    prediction_time: Instant
    index_start: Instant | None
    events: pa.Table | tuple[Mapping[str, Any], ...] | None
    decision_point: str | None = None
    user_role: str | None = None
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answered:
    """A stored prediction, and whether it had been made before this request.

    Attributes:
        delivered: false in silent: the score is kept and nobody is told.
    """

    request_id: str
    content: dict[str, Any]
    before: bool

    @property
    def delivered(self) -> bool:
        """Return whether the caller may see the score."""
        return bool(self.content["stage"] != "silent")


@dataclass
class _Held:
    """A version in memory, and when it was last held against the store.

    Attributes:
        acts: the last act on the model that was known then; a score is kept under no other.
    """

    key: tuple[str, str | None]
    acts: str | None
    served: Served
    looked: float
    checked: float


@dataclass
class Answering:
    """The models of one home, ready to answer many threads.

    Args:
        home: open as long as this answers.
        projects: by the name of their model.
        clock: gives the present instant.
        seen: counts of what was answered since the start, for dashboards.
        quota: how much one client may ask for; as much as it likes when None.
        step: times a step of an answer by its name; nobody does unless traces are asked for.
    """

    home: Home
    projects: Mapping[str, Project]
    clock: Callable[[], Instant]
    seen: Seen = field(default_factory=Seen)
    quota: Quota | None = None
    step: Callable[[str], AbstractContextManager[None]] = lambda _name: nullcontext()
    _held: dict[str, _Held] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Take up the store's door for many small writes."""
        self._commit = GroupCommit(self.home.database)

    def answer(self, asked: Question, *, by: str) -> Answered:
        """Return the prediction, now kept with its ledger entry.

        Asked again with the same events, the prediction that was made is the answer.

        Args:
            asked: of which model, for whom, when and from what.
            by: who asks; stands in the ledger.

        Raises:
            NotFound: this service does not answer for that model, or knows nothing of the patient
                or the stay.
            Refused: no version stands in silent or later, the patient was scored at that instant
                from other events, or the live score of then is not given any more.
            BadInput: the prediction time lies ahead of the clock, there are too many events, or
                one has a value that its column cannot hold.
            IntegrityBroken: the model's files are not what their digests say.
            TooMany: the client has had as many as it may today.
            DependencyDown: the store is down; nobody gets a score that is not kept.
        """
        begun = time.perf_counter()
        at = self.clock()
        _refuse_ahead(asked, at)
        if self.quota is not None:
            self.quota.take(by, at=at)
        held = self._now(asked.model)
        asked, events = self._with_events(asked)
        desk = Desk(home=self.home, at=at, actor=by)
        while True:
            with ONE, self.step("score"):
                stored = _scored(held.served, asked, events, at=at)
            keep = partial(_kept, desk, stored=stored, seen=held.acts, begun=begun)
            try:
                with self.step("keep"):
                    found = self._commit.run(keep, keyed=True)
                break
            except Refused as refused:
                if refused.code != _ACTED:
                    raise
            held = self._now(asked.model, anew=True)
        self.seen.count(found.content, seconds=time.perf_counter() - begun)
        return found

    def _with_events(self, asked: Question) -> tuple[Question, pa.Table]:
        """Return the question whole, and the patient's events: as brought, or as held here."""
        if isinstance(asked.events, tuple):
            return asked, as_events(asked.events, subject_id=asked.subject_id)
        if asked.events is not None:
            return asked, asked.events
        ONE.let_go()
        rows = known_events(self.home, asked.subject_id, asked.encounter_id)
        begun = asked.index_start or admitted(rows, asked.encounter_id, at=asked.prediction_time)
        return replace(asked, index_start=begun), as_asked(rows)

    def served(self, model: str) -> Served:
        """Return the version that answers now, looked up again when its time has come.

        Raises:
            NotFound: this service does not answer for that model.
            Refused: no version stands in silent or later.
            IntegrityBroken: its files are not what their digests say.
        """
        return self._now(model).served

    def _now(self, model: str, *, anew: bool = False) -> _Held:
        """Return the version that answers now; looked up in any case when asked for anew."""
        project = self.projects.get(model)
        if project is None:
            raise NotFound(
                "this service does not answer for that model",
                code="model.not_served",
                hint="Start it with --project for each model.",
            )
        with self._lock:
            held = self._held.get(model)
            now = time.monotonic()
            if held is None or anew or now - held.looked >= LOOK_SECONDS:
                held = self._held[model] = self._look(project, held, now)
            return held

    def _look(self, project: Project, held: _Held | None, now: float) -> _Held:
        """Return the version as the store has it now; what changed is loaded and checked anew."""
        ONE.let_go()
        self._held.pop(project.name, None)
        desk = Desk(home=self.home, at=steady(self.home, self.clock()))
        acts = self.home.deployments.last(project.name)
        stands = answers_readers(desk, project)
        verdict = self.home.catalog.latest(Verdict, model=stands.model, version=stands.version)
        key = (stands.digest, None if verdict is None else verdict.digest)
        if held is not None and held.key == key and now - held.checked < CHECK_SECONDS:
            return _Held(key, acts, held.served, looked=now, checked=held.checked)
        served = served_as(desk, project, stands)
        make_ready(served.bundle)
        return _Held(key, acts, served, looked=now, checked=now)

    def ready(self) -> dict[str, str]:
        """Return what is not ready, by model, in words; empty when every model answers."""
        found = {}
        for model in self.projects:
            try:
                self.served(model)
            except AttendingError as error:
                found[model] = error.code
        return found

    def try_store(self) -> None:
        """Go through the door that every prediction goes through, with nothing.

        Raises:
            DependencyDown: the store is busy, full, read-only or down.
        """
        self._commit.run(lambda _unit: None)

    def clauses(self, content: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the clauses of the signed intended use that a prediction is outside of."""
        return clauses(self.served(content["model"]).release, content.get("scope_reasons", ()))

    def prediction(self, request_id: str, *, by: str) -> dict[str, Any]:
        """Return a stored prediction with all it was made from; the look at it is kept.

        Args:
            request_id: of the prediction.
            by: who reads it.

        Raises:
            NotFound: there is none of that id.
        """
        content: dict[str, Any] = json.loads(self.home.predictions.get(request_id).content)
        desk = Desk(home=self.home, at=self.clock(), actor=by)
        subject = Subject(kind="prediction", digest=request_id)
        self._commit.run(lambda unit: note(desk, unit, action="prediction.read", subject=subject))
        return content


def answering(
    root: Path, projects: Sequence[Project], *, clock: Callable[[], Instant]
) -> Answering:
    """Return the models of some projects, loaded and checked, over a home that stays open.

    Args:
        root: the folder of the home.
        projects: whose models answer.
        clock: gives the present instant.

    Raises:
        Refused: a model does not stand in silent or later.
        IntegrityBroken: the files of one are not what their digests say.
    """
    found = Answering(Home.open(root), {project.name: project for project in projects}, clock)
    for project in projects:
        found.served(project.name)
    return found


def _refuse_ahead(asked: Question, at: Instant) -> None:
    if to_micros(asked.prediction_time) > to_micros(at) + _AHEAD:
        raise BadInput(
            "got a prediction time that lies ahead of this service's clock",
            code="request.ahead",
            hint="Compare the clocks; a prediction is made when its time has come.",
        )


def _kept(desk: Desk, unit: Unit, *, stored: Stored, seen: str | None, begun: float) -> Answered:
    """Return the answer: this prediction, or the one that was made from the same events.

    Raises:
        Refused: somebody acted on the model since it was looked up, or another was made before.
    """
    desk.home.deployments.require_unchanged(unit, stored.model, seen=seen)
    before = desk.home.predictions.find(unit, stored.request_id)
    if before is not None:
        return _made_before(stored, before)
    desk.home.predictions.add(unit, [stored])
    content = json.loads(stored.content)
    note(
        desk,
        unit,
        action="score.one",
        subject=Subject(kind="prediction", digest=stored.request_id),
        details={name: content[name] for name in _NOTED}
        | {"latency_us": round((time.perf_counter() - begun) * 1e6)},
    )
    return Answered(stored.request_id, content, before=False)


def _made_before(stored: Stored, before: bytes) -> Answered:
    """Return the prediction that was made: by a request with these events, or by a batch."""
    made, now = json.loads(before), json.loads(stored.content)
    stopped = any(word.startswith(_STOPPED) for word in now["reasons"].split(";"))
    if made["kind"] == LIVE and stopped:
        # What was stopped since is told to nobody again, not as a record of then either.
        raise Refused(
            "the score that was made for that instant is not given any more",
            code="prediction.no_longer",
            hint=f"Ask for a later instant; what holds now: {now['reasons']}.",
        )
    if made.get("events") == now["events"]:
        return Answered(stored.request_id, made, before=True)
    # A batch keeps no events: its score tells whether it saw the same.
    if "events" not in made and all(made[name] == now[name] for name in _SAME_SCORE):
        return Answered(stored.request_id, now, before=True)
    raise Refused(
        "this patient was scored for that instant from other events",
        code="prediction.made",
        hint="Read the prediction that was made, or ask for a later instant.",
    )


def _scored(served: Served, asked: Question, events: pa.Table, *, at: Instant) -> Stored:
    """Return the prediction that a version makes, as it is stored."""
    version = served.asked(at, decision_point=asked.decision_point, user_role=asked.user_role)
    made = score_one(
        version,
        events,
        subject_id=asked.subject_id,
        encounter_id=asked.encounter_id,
        prediction_time=asked.prediction_time,
        index_start=asked.index_start or asked.prediction_time,
    )
    return _stored(version, asked, made, events=digest_events(events))


def _stored(served: Served, asked: Question, made: Prediction, *, events: str) -> Stored:
    """Return a prediction as it is stored: what a batch stores, and what it was made from."""
    record = made.content()
    inputs = canonical(record.pop("inputs"))  # most of what is written, twice
    late = to_micros(served.at) - to_micros(asked.prediction_time) > served.release.action_window
    degraded = [*record["degraded"], *asked.gaps, *(["late:action_window"] if late else [])]
    content = {
        **record,
        "features": served.bundle.feature_set,  # what `Served` was checked to have
        "kind": record["outcome"],
        "reasons": ";".join((*record["reasons"], *degraded)),
        "degraded": degraded,
        "missing_count": len(made.missing),
        "events": events,
        "made_at": format_instant(served.at),
        "prediction": digest_bytes(canonical_with(record, "inputs", inputs)),  # as `made.digest`
        **({"events_from": "store"} if asked.events is None else {}),
    }
    return Stored(
        request_id=request_of(content),
        model=served.model,
        version=served.version,
        stage=served.stage,
        subject_id=asked.subject_id,
        encounter_id=asked.encounter_id,
        prediction_time=asked.prediction_time,
        score=made.score,
        content=canonical_with(content, "inputs", inputs),
    )
