"""S11: many requests of fifty patients at once; nobody ever gets another patient's answer.

Every answer is held against who was asked about: the id of its request is the digest of model,
version, patient, stay and instant, its prediction time is the one asked, and its score is that of
the patient, as it was when this one alone was asked about. A part is asked again, and must be the
answer of then. Some are read back whole, and must name the patient.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.lifecycle.scoring import request_of
from attending.times import format_instant, parse_instant
from tests.service import PATIENCE, LiveHome, Service, serving, until
from tests.soak.kept_line import Line, head

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

#: Connections that ask at once; every one of them asks about everybody.
CLIENTS = 8
#: Of each code so many events are sent: a trend needs as many, and the rest costs time.
NEWEST = 3
#: Of how many requests one is asked before, and one is read back whole.
AGAIN, READ = 4, 50
#: A patient's score some microseconds later: ages and slopes move that little.
_SAME = 1e-5
#: Seconds until one who was told that the service is full asks again.
_PAUSE = 0.1
LIMITS = "at_once: 32\nper_minute: 1000000\npredictions_per_day: 100000000\n"


@dataclass
class Tally:
    """What the answers said.

    Attributes:
        new, repeated: predictions that were made, and that had been made before.
        read: predictions that were read back whole.
        wrong: answers that are another patient's, or another instant's.
        again: repeated requests of which the answer is not the one of then.
        refused: answers that were none, by code; each was asked for until it was answered.
        least: answers of the worker of each service that answered least.
    """

    new: int = 0
    repeated: int = 0
    read: int = 0
    wrong: int = 0
    again: int = 0
    refused: int = 0
    patients: set[int] = field(default_factory=set)
    seconds: float = 0.0
    least: int = 0

    @property
    def asked(self) -> int:
        """Return how many requests were answered."""
        return self.new + self.repeated

    def add(self, **counts: int) -> None:
        """Add to some of the counts."""
        for name, count in counts.items():
            setattr(self, name, getattr(self, name) + count)


@dataclass(frozen=True)
class _Question:
    """What is asked about one patient, as bytes before and after the instant."""

    asked: dict[str, Any] = field(repr=False)
    at: datetime
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)

    def instant(self, moment: int) -> str:
        """Return the instant that is asked about, so many microseconds later."""
        return format_instant(self.at + timedelta(microseconds=moment))


def newest(asked: dict[str, Any]) -> dict[str, Any]:
    """Return a question with the newest events of each code, and those of the admission.

    What came after the prediction time is left out first: it is the newest, and no input.
    """
    at = parse_instant(asked["prediction_time"])
    there = [one for one in asked["events"] if all(when <= at for when in _clocks(one))]
    left = Counter(dict.fromkeys((one["code"] for one in there), NEWEST))
    kept = []
    for one in sorted(there, key=lambda one: str(one.get("time", "")), reverse=True):
        if left[one["code"]] > 0 or one.get("time") == asked["index_start"]:
            kept.append(one)
        left[one["code"]] -= 1
    return {**asked, "events": kept[::-1]}


def _clocks(event: dict[str, Any]) -> list[datetime]:
    """Return when an event happened and when it was known; what has no clock was always so."""
    return [parse_instant(event[name]) for name in ("time", "known_at") if name in event]


def _questions(home: LiveHome) -> list[_Question]:
    """Return what is asked about each patient, made before anything is timed."""
    found = []
    for asked in home.questions:
        before, _, after = json.dumps({**asked, "prediction_time": "@"}).partition('"@"')
        at = parse_instant(asked["prediction_time"])
        found.append(_Question(asked, at, before.encode(), after.encode()))
    return found


@dataclass
class Asker:
    """One connection that asks about one patient after the other.

    Args:
        service: who is asked.
        questions: what is asked about each patient.
        alone: the score of each patient, as it was when nobody else was asked about.
        tally: where it is counted.
        draw: who is next.
    """

    service: Service
    questions: list[_Question]
    alone: list[float]
    tally: Tally
    draw: np.random.Generator
    _kept: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)

    async def run(self, turns: range, until: float) -> None:
        """Ask so many times, or until the time is over."""
        line = Line(self.service.port, patience=PATIENCE)
        head_of_all = head("POST", self.service.path, self.service.headers)
        for turn in turns:
            if time.monotonic() > until:
                break
            place, moment = int(self.draw.integers(len(self.alone))), turn
            if self._kept and turn % AGAIN == 0:
                place, moment = list(self._kept)[int(self.draw.integers(len(self._kept)))]
            await self._one(line, head_of_all, place, moment)
            if turn % READ == 0:
                await self._read(line, place, moment)
        line.close()

    async def _one(self, line: Line, first: bytes, place: int, moment: int) -> None:
        question = self.questions[place]
        body = [question.before, f'"{question.instant(moment)}"'.encode(), question.after]
        length = b"Content-Length: %d\r\n\r\n" % sum(map(len, body))
        said = await self._sent(line, first, length, *body)
        self.tally.add(wrong=int(self.is_another(said, place, moment)))
        before = self._kept.get((place, moment))
        if before is None:
            self.tally.add(new=1)
            self.tally.patients.add(place)
            self._kept[place, moment] = said
            if len(self._kept) > 200:
                self._kept.pop(next(iter(self._kept)))
        else:
            same = {**before, "made_before": True} == said
            self.tally.add(repeated=1, again=int(not same))

    def is_another(self, said: dict[str, Any], place: int, moment: int) -> bool:
        """Return whether an answer is not about this patient at this instant."""
        question = self.questions[place]
        names = ("subject_id", "encounter_id")
        asked = {"model": said["model"], "version": said["version"]}
        asked |= {name: question.asked[name] for name in names}
        at = question.instant(moment)
        mine = request_of({**asked, "prediction_time": at})
        score = said["score"]
        return (
            said["request_id"] != mine
            or said["prediction_time"] != at
            or score is None
            or abs(score - self.alone[place]) > _SAME
        )

    async def _read(self, line: Line, place: int, moment: int) -> None:
        said = self._kept.get((place, moment))
        if said is None:
            return
        asked = head("GET", said["provenance"], self.service.headers) + b"\r\n"
        whole = await self._sent(line, asked)
        question = self.questions[place].asked
        names = ("subject_id", "encounter_id")
        wrong = any(whole[name] != question[name] for name in names)
        self.tally.add(read=1, wrong=int(wrong or whole["score"] != said["score"]))

    async def _sent(self, line: Line, *parts: bytes) -> dict[str, Any]:
        """Return an answer, asked for until there is one."""
        deadline = time.monotonic() + PATIENCE
        while True:
            status, said = await line.ask(*parts)
            if status in {200, 201}:
                return dict(said)
            assert status in {429, 503}, said
            assert time.monotonic() < deadline, said
            self.tally.add(refused=1)
            await asyncio.sleep(_PAUSE)


def _alone(service: Service, place: int) -> dict[str, Any]:
    """Return what is answered about a patient when nobody else is asked about."""

    def answered() -> dict[str, Any] | None:
        status, said = service.ask(place, 1)
        assert status in {200, 201, 429, 503}, said
        return said if status in {200, 201} else None

    return dict(until(answered, f"no answer about patient {place}"))


def soak(
    folder: Path, *, home: LiveHome, requests: int, workers: int, seed: int, seconds: float
) -> Tally:
    """Return what so many interleaved requests were answered.

    Args:
        folder: of the home that is asked.
        home: a home that is live.
        requests: how many at most.
        workers: how many processes answer.
        seed: of who is asked about when.
        seconds: after so long nobody asks any more.
    """
    home = home.copied(folder)
    home = replace(home, questions=tuple(newest(one) for one in home.questions))
    (home.root / "policy" / "limits.yaml").write_text(LIMITS)
    with serving(home, workers=workers) as service:
        # Whoever comes before the others are there keeps its connection to the first of them.
        until(lambda: service.workers_up() == workers, "all workers are there")
        first = [_alone(service, place) for place in range(len(home.questions))]
        # The points of a fallback are whole numbers, which tell few patients apart.
        assert {one["outcome"] for one in first} == {"live"}
        alone = [one["score"] for one in first]
        assert np.diff(np.sort(alone)).min() > 2 * _SAME
        tally, each = Tally(), requests // CLIENTS
        questions = _questions(home)
        draws = np.random.default_rng(seed).spawn(CLIENTS)
        askers = [Asker(service, questions, alone, tally, draw) for draw in draws]
        begun = time.monotonic()

        async def all_at_once() -> None:
            async with asyncio.TaskGroup() as group:  # what stops one is told
                for n, asker in enumerate(askers):
                    turns = range(2 + n * each, 2 + (n + 1) * each)
                    group.create_task(asker.run(turns, begun + seconds))

        asyncio.run(all_at_once())
        tally.seconds = time.monotonic() - begun
        by_worker = service.answered()
        tally.add(least=by_worker[-1])
        # Else it were fewer workers that were asked.
        assert len(by_worker) == workers and tally.least * 4 * workers >= sum(by_worker), by_worker
        # The control: the check says of every other patient's answer that it is another's.
        said = [_alone(service, place) for place in range(len(alone))]
        odd = zip(said, [*range(1, len(alone)), 0], strict=True)
        assert all(askers[0].is_another(one, place, 1) for one, place in odd)
        assert not any(askers[0].is_another(one, place, 1) for place, one in enumerate(said))
    return tally
