"""S11: many requests of fifty patients at once; nobody ever gets another patient's answer.

Every answer is held against who was asked about: the id of its request is the digest of model,
version, patient, stay and instant, its prediction time is the one asked, and its score is that of
the patient, as it was when this one alone was asked about. A part is asked again, and must be the
answer of then. Some are read back whole, and must name the patient.
"""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.lifecycle.scoring import request_of
from attending.times import format_instant, parse_instant
from tests.service import PATIENCE, LiveHome, Service, serving

if TYPE_CHECKING:
    import http.client
    from pathlib import Path

#: Connections that ask at once; every one of them asks about everybody.
CLIENTS = 12
#: Of how many requests one is asked before, and one is read back whole.
AGAIN, READ = 4, 50
#: A patient's score some microseconds later: ages and slopes move that little.
_SAME = 1e-5
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
    """

    new: int = 0
    repeated: int = 0
    read: int = 0
    wrong: int = 0
    again: int = 0
    refused: int = 0
    patients: set[int] = field(default_factory=set)
    seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def asked(self) -> int:
        """Return how many requests were answered."""
        return self.new + self.repeated

    def add(self, **counts: int) -> None:
        """Add to some of the counts."""
        with self._lock:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)


@dataclass
class Asker:
    """One connection that asks about one patient after the other.

    Args:
        service: who is asked.
        alone: the score of each patient, as it was when nobody else was asked about.
        tally: where it is counted.
        draw: who is next.
    """

    service: Service
    alone: list[float]
    tally: Tally
    draw: np.random.Generator
    _kept: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)

    def run(self, turns: range, until: float) -> None:
        """Ask so many times, or until the time is over."""
        wire = self.service.connection()
        for turn in turns:
            if time.monotonic() > until:
                break
            place, moment = int(self.draw.integers(len(self.alone))), turn
            if self._kept and turn % AGAIN == 0:
                place, moment = list(self._kept)[int(self.draw.integers(len(self._kept)))]
            self._one(wire, place, moment)
            if turn % READ == 0:
                self._read(wire, place, moment)
        wire.close()

    def _one(self, wire: http.client.HTTPConnection, place: int, moment: int) -> None:
        question = self.service.home.asked(place, moment)
        said = self._sent(wire, "POST", self.service.path, question)
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
        question = self.service.home.asked(place, moment)
        names = ("subject_id", "encounter_id")
        asked = {"model": said["model"], "version": said["version"]}
        asked |= {name: question[name] for name in names}
        at = format_instant(parse_instant(question["prediction_time"]))
        mine = request_of({**asked, "prediction_time": at})
        score = said["score"]
        return (
            said["request_id"] != mine
            or said["prediction_time"] != at
            or score is None
            or abs(score - self.alone[place]) > _SAME
        )

    def _read(self, wire: http.client.HTTPConnection, place: int, moment: int) -> None:
        said = self._kept.get((place, moment))
        if said is None:
            return
        whole = self._sent(wire, "GET", said["provenance"], None)
        question = self.service.home.asked(place, moment)
        names = ("subject_id", "encounter_id")
        wrong = any(whole[name] != question[name] for name in names)
        self.tally.add(read=1, wrong=int(wrong or whole["score"] != said["score"]))

    def _sent(
        self, wire: http.client.HTTPConnection, method: str, path: str, body: Any
    ) -> dict[str, Any]:
        """Return an answer, asked for until there is one."""
        data = None if body is None else json.dumps(body).encode()
        deadline = time.monotonic() + PATIENCE
        while True:
            wire.request(method, path, body=data, headers=self.service.headers)
            answer = wire.getresponse()
            said: dict[str, Any] = json.loads(answer.read())
            if answer.status in {200, 201}:
                return said
            assert answer.status in {429, 503}, said
            assert time.monotonic() < deadline, said
            self.tally.add(refused=1)


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
    (home.root / "policy" / "limits.yaml").write_text(LIMITS)
    with serving(home, workers=workers) as service:
        alone = [service.ask(place, 1)[1]["score"] for place in range(len(home.questions))]
        tally, each = Tally(), requests // CLIENTS
        draws = np.random.default_rng(seed).spawn(CLIENTS)
        askers = [Asker(service, alone, tally, draw) for draw in draws]
        begun = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            runs = [
                pool.submit(asker.run, range(2 + n * each, 2 + (n + 1) * each), begun + seconds)
                for n, asker in enumerate(askers)
            ]
            for run in runs:
                run.result()  # what stopped one is told
        tally.seconds = time.monotonic() - begun
        # The control: the check says of every other patient's answer that it is another's.
        said = [service.ask(place, 1)[1] for place in range(len(alone))]
        odd = zip(said, [*range(1, len(alone)), 0], strict=True)
        assert all(askers[0].is_another(one, place, 1) for one, place in odd)
        assert not any(askers[0].is_another(one, place, 1) for place, one in enumerate(said))
    return tally
