"""S15: what stops a version stops it at every worker, at 200 requests a second, time after time.

Clients ask by a clock, whether or not they were answered. An act is committed; from then on every
answer to a question that was asked after it is held against it. Workers are told apart by nothing:
with so many answers on so many connections, one that had not seen the act would show.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attending.lifecycle import credentials, releasing, rolling_back
from attending.records.run import Run
from attending.times import format_instant, parse_instant
from tests.lifecycle.ward import SECOND, enter
from tests.service import PATIENCE, LiveHome, Service, project_of, serving, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RATE, WORKERS = 200, 4
#: Each asker has its own address and token, and so many connections.
ASKERS, CLIENTS = 4, 30
#: An act is effective when every later question is answered by it; at most after this long.
BAR_SECONDS = 5.0
#: An act is taken to hold once nothing else was told for so long.
QUIET_SECONDS = 1.5
#: After so long no other trial is begun, however many were wanted.
MOST_SECONDS = 900.0
#: What one asker may take here.
LIMITS = "at_once: 32\nper_minute: 1000000\npredictions_per_day: 10000000\n"
ACTS = ("disable", "rollback", "criteria")
_KEPT = frozenset(
    {"release.disable", "release.enable", "release.rollback", "release.advance", "incident.open"}
)


@dataclass
class Load:
    """Clients that ask at a rate, and what they were told.

    Attributes:
        told: when each question was asked and answered, and how: `live`, `fallback`, `no_score`,
            or the code of a refusal.
    """

    service: Service
    rate: int
    tokens: list[str]
    bodies: list[tuple[bytes, bytes, Any]]
    told: list[tuple[float, float, str]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def running(self, clients: int) -> Iterator[Load]:
        """Give the load while it runs."""
        turns, begun = itertools.count(), time.monotonic()
        threads = [
            threading.Thread(target=self._client, args=(number, turns, begun))
            for number in range(clients * len(self.tokens))
        ]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _client(self, number: int, turns: Iterator[int], begun: float) -> None:
        asker = number % len(self.tokens)
        headers = {**self.service.headers, "Authorization": f"Bearer {self.tokens[asker]}"}
        address = ("127.0.0.1", self.service.port)
        wire = http.client.HTTPConnection(
            *address, timeout=PATIENCE, source_address=(f"127.0.0.{asker + 1}", 0)
        )
        for turn in turns:
            if self._stop.wait(max(0.0, begun + turn / self.rate - time.monotonic())):
                break
            asked = time.monotonic()
            try:
                how = self._ask(wire, turn, headers)
            except (OSError, http.client.HTTPException):
                wire.close()  # a worker that was killed takes its connections with it
                how = "cut"
            self.told.append((asked, time.monotonic(), how))
        wire.close()

    def _ask(self, wire: http.client.HTTPConnection, turn: int, headers: dict[str, str]) -> str:
        before, after, at = self.bodies[turn % len(self.bodies)]
        instant = format_instant(at + timedelta(microseconds=turn + 1))
        body = before + f'"{instant}"'.encode() + after
        wire.request("POST", self.service.path, body=body, headers=headers)
        said = json.loads(wire.getresponse().read())
        return str(said.get("outcome") or said["code"])

    def settled(self, how: str, *, old: str, after: float = 0.0) -> bool:
        """Return whether one thing was told for a while, often enough, and the old not at all.

        Answers do not say which worker gave them: five for each are asked for, over all of them.

        Args:
            how: what is told now.
            old: what was told before.
            after: only questions that were asked after this count.
        """
        since = time.monotonic() - QUIET_SECONDS
        if since < after:
            return False
        new = [(end, said) for begun, end, said in self.told[-8000:] if begun > after]
        lately = [said for end, said in new if end > since]
        enough = sum(said == how for _, said in new) >= 5 * WORKERS
        return enough and how in lately and old not in lately


@dataclass(frozen=True)
class Act:
    """One act: what was told before it, when it was begun and committed, and when it held."""

    name: str
    old: str
    begun: float
    done: float
    until: float


@dataclass
class Trials:
    """What the trials found.

    Attributes:
        after: old answers to questions that were asked after an act was committed.
        seconds: by kind of act, from its beginning to the last old answer that anybody got.
        kept: what the ledger holds of it.
        restarts: seconds until another worker answered in the place of one that was killed.
    """

    done: list[Act] = field(default_factory=list)
    after: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    lasted: float = 0.0
    restarts: list[float] = field(default_factory=list)

    def finish(self, load: Load) -> None:
        """Work out how long after each act was begun the old answer was still told to anybody."""
        self.answers = Counter(how for _, _, how in load.told)
        for act in self.done:
            # What came after the next act may be by that one.
            told = [one for one in load.told if one[2] == act.old and one[1] < act.until]
            late = max((end - act.begun for _, end, _ in told if end > act.begun), default=0.0)
            self.seconds.setdefault(act.name, []).append(late)
            self.after += sum(begun > act.done for begun, _, _ in told if begun > act.begun)

    @property
    def late(self) -> int:
        """Return how many acts took longer than they may."""
        return sum(one > BAR_SECONDS for many in self.seconds.values() for one in many)


#: By act: what is told once it holds.
HOLDS = {"disable": "no_score", "rollback": "fallback", "criteria": "fallback", "on": "live"}


@dataclass
class Switch:
    """Stops and starts the version of a home, as the people and the machine of it do."""

    home: LiveHome

    def breached(self) -> bool:
        """Return whether a rollback criterion of the plan is breached."""
        with self.home.desk() as desk:
            judged = rolling_back.criteria(desk, project_of(self.home))
        return any(one.state == "breached" for one in judged)

    def act(self, name: str) -> None:
        """Stop the version, or put it on again after what stopped it."""
        with self.home.desk() as desk:
            project = project_of(self.home)
            said = {"person": "omar", "passphrase": self.home.secrets["omar"], "reason": "a trial"}
            if name == "criteria":
                taken = rolling_back.enforce(desk, project)
                assert [one.by for one in taken.stands] == ["system"], taken.judged
                assert taken.incident is not None
            elif name == "on" and desk.home.deployments.current(project.name).act != "disable":
                self._enter(desk, project)
            else:
                acts: dict[str, Callable[..., Any]] = {
                    "disable": releasing.disable,
                    "rollback": releasing.rollback,
                    "on": releasing.enable,
                }
                acts[name](desk, project, **said)

    def _enter(self, desk: Any, project: Any) -> None:
        """Put the version back as its gates would have."""
        down = desk.home.deployments.current(project.name)
        run = desk.home.catalog.get(down.run, Run)
        enter(desk, run, stage="live", plan=down.release_spec, previous=down.digest)

    def entries(self) -> Counter[str]:
        """Return how many acts the ledger holds, and how many incidents the machine opened."""
        with self.home.desk() as desk:
            found = [entry for entry in desk.home.ledger.entries() if entry.action in _KEPT]
        return Counter(entry.action for entry in found)


def soak(
    folder: Path,
    *,
    home: LiveHome,
    trials: int,
    kills: int,
    rate: int = RATE,
    workers: int = WORKERS,
) -> Trials:
    """Return what so many acts, and so many kills of a worker, did under load.

    Args:
        folder: of the home that is hurt.
        home: a home that is live.
        trials: how often something stops the version; each time it is put on again.
        kills: how often a worker is killed.
        rate: questions a second.
        workers: how many processes answer.
    """
    home = home.copied(folder)
    (home.root / "policy" / "limits.yaml").write_text(LIMITS)
    switch, found = Switch(home), Trials()
    before = switch.entries()
    tokens = [_token(home, number) for number in range(ASKERS)]
    with serving(home, workers=workers) as service:
        until(lambda: service.workers_up() == workers, "all workers are there")
        load = Load(service, rate, tokens, alarming(home))
        begun = time.monotonic()
        with load.running(CLIENTS):
            until(lambda: load.settled("live", old="no_score"), "the version answers")
            for number in range(trials):
                if time.monotonic() - begun > MOST_SECONDS:
                    break
                _trial(load, switch, found, stop=ACTS[number % len(ACTS)])
            found.restarts = [_killed(service, workers) for _ in range(kills)]
        found.lasted = time.monotonic() - begun
    found.finish(load)
    found.kept = switch.entries() - before
    return found


def _token(home: LiveHome, number: int) -> str:
    with home.desk() as desk:
        return credentials.give_token(
            desk, "omar", home.secrets["omar"],
            label=f"feed {number}", scopes=("work",), keeps=timedelta(days=1),
        )  # fmt: skip


def _trial(load: Load, switch: Switch, found: Trials, *, stop: str) -> None:
    """Stop the version and put it on again, each once the act before it holds."""
    for name, old in ((stop, "live"), ("on", HOLDS[stop])):
        if name == "criteria":
            # On a slow machine it takes a while until enough was answered to judge by.
            until(switch.breached, "a criterion is breached", patience=4 * PATIENCE)
        begun = time.monotonic()
        switch.act(name)
        done = time.monotonic()
        holds = partial(load.settled, HOLDS[name], old=old, after=done)
        until(holds, f"{name} holds", patience=4 * PATIENCE)
        found.done.append(Act(name, old, begun, done, time.monotonic()))


def _killed(service: Service, workers: int) -> float:
    """Return after how many seconds another worker answered in the place of one that was killed."""
    before = service.children()
    os.kill(before[0], signal.SIGKILL)
    begun = time.monotonic()
    until(lambda: len(set(service.children()) - set(before)) == 1, "another is started")
    # The board of the dead one says for 5 s more that it is there: ask when that is over.
    until(lambda: _beats(service) == workers, "and answers")
    return time.monotonic() - begun


def _beats(service: Service) -> int:
    """Return how many of the processes that run now have said that they are there."""
    folders = list(Path(tempfile.gettempdir()).glob("attending-serve-*"))
    said = {path.read_text().split()[0] for one in folders for path in one.glob("beat-*")}
    return len({str(pid) for pid in service.children()} & said)


def alarming(home: LiveHome) -> list[tuple[bytes, bytes, Any]]:
    """Return questions of which so many are of flagged patients that a criterion is breached.

    Each is what stands before and after its instant, and the instant.
    """
    with home.desk() as desk:
        table = desk.home.predictions.table(home.model, since=SECOND - timedelta(days=7))
    flagged = {str(row["subject_id"]) for row in table.to_pylist() if (row["score"] or 0) >= 0.25}
    often = [one for one in home.questions if one["subject_id"] in flagged]
    assert often, "nobody is flagged within the time of the criterion"
    mixed = itertools.chain.from_iterable(
        (one, often[place % len(often)]) for place, one in enumerate(home.questions)
    )
    return [_cut(question) for question in mixed]


def _cut(question: dict[str, Any]) -> tuple[bytes, bytes, Any]:
    before, after = json.dumps({**question, "prediction_time": "@"}).split('"@"')
    return before.encode(), after.encode(), parse_instant(question["prediction_time"])
