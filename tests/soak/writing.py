"""Writers of a real store, to be killed: `python -m tests.soak.writing` forks them on demand.

Each line of the input is a JSON object, each line of the output an answer. `{"root", "name",
"acks", "way"}` forks a writer and answers with its process id; `{"kill": pid}` kills one with
SIGKILL and answers with how it ended: -9 when it was alive until then.

A writer goes from key to key. Each key is one prediction, at times a record and an artifact, and
the ledger entry that binds them, through the same door as the scoring service. The key is
acknowledged, by a line in the writer's own file, once the commit has returned. One that starts
again begins with the first key that it had not acknowledged, as a client does that got no answer.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from attending.errors import DependencyDown
from attending.records.base import Record
from attending.records.ledger import Subject
from attending.stores.chain import Act
from attending.stores.group_commit import GroupCommit
from attending.stores.home import Home
from attending.stores.predictions import Scored
from attending.times import parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.stores.unit import Unit

Found = TypeVar("Found")

AT = parse_instant("2026-03-02T06:00:00Z")
ACTION = "soak.write"
_DIES_WITH_ITS_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
#: Every so many keys a record and an artifact are left too.
LEAVES = 4
#: How long a writer goes on asking a store that is down before it gives up.
PATIENCE_SECONDS = 60.0


class Left(Record):
    """A record that names an artifact."""

    kind: ClassVar[str] = "soak_left"
    key: str
    artifact: str


@dataclass
class Writer:
    """One client of a store.

    Attributes:
        way: `guarded` asks by its key whether it was written and acknowledges after the commit;
            `unkeyed` does not ask; `early` acknowledges before the commit.
        die_at: the number of the key between whose commit and acknowledgement it kills itself,
            for `early` between acknowledgement and commit; never when negative.
    """

    root: Path
    name: str
    acks: Path
    way: str = "guarded"
    die_at: int = -1

    def run(self) -> None:
        """Write for ever."""
        home = patient(lambda: Home.open(self.root))
        door = GroupCommit(home.database)
        handle = os.open(self.acks, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        number = len(acknowledged(self.acks))
        while True:
            self._one(home, door, handle, number)
            number += 1

    def _one(self, home: Home, door: GroupCommit, handle: int, number: int) -> None:
        key = f"{self.name}-{number}"
        if self.way == "early":
            os.write(handle, f"{key}\n".encode())
            self._die(number)
        patient(lambda: door.run(lambda unit: self.work(home, unit, key, number), keyed=True))
        self._die(number)
        if self.way != "early":
            os.write(handle, f"{key}\n".encode())

    def work(self, home: Home, unit: Unit, key: str, number: int) -> bool:
        """Return whether the key was new; what is there already is let be."""
        if self.way == "guarded" and home.predictions.find(unit, key) is not None:
            return False
        if self.way != "unkeyed":
            home.predictions.add(unit, [_scored(key, number)])
        if number % LEAVES == 0:
            kept = home.artifacts.put(f"what {key} left\n".encode() * 64)
            home.catalog.put(unit, Left(key=key, artifact=kept), at=AT, by=self.name)
        unit.append(act(key, by=self.name), {"number": number})
        return True

    def _die(self, number: int) -> None:
        if number == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def patient(work: Callable[[], Found]) -> Found:
    """Return what work returns, asked again while the store is down."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return work()
        except DependencyDown:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def act(key: str, *, by: str) -> Act:
    """Return the act of writing a key."""
    return Act(at=AT, actor=by, action=ACTION, subject=Subject(kind="soak", digest=key))


def acknowledged(acks: Path) -> list[str]:
    """Return the keys that a writer acknowledged; a line without its end was never said."""
    text = acks.read_text(encoding="utf-8") if acks.exists() else ""
    return text.split("\n")[:-1]


def _scored(key: str, number: int) -> Scored:
    return Scored(
        request_id=key,
        model="soak",
        version="v1",
        stage="silent",
        subject_id=number + 1,
        encounter_id=None,
        prediction_time=AT,
        score=0.5,
        content=json.dumps({"key": key}).encode(),
    )


def _forked(asked: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    # Nobody writes on when the harness is gone.
    ctypes.CDLL(None).prctl(_DIES_WITH_ITS_PARENT, signal.SIGKILL)
    try:
        places = {name: Path(asked.pop(name)) for name in ("root", "acks")}
        Writer(**places, **asked).run()
    finally:  # a writer never returns into the loop that forked it
        traceback.print_exc()
        os._exit(1)


def main() -> None:
    """Fork and kill as the lines of the input say."""
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            answer = os.waitstatus_to_exitcode(os.waitpid(asked["wait"], 0)[1])
        elif "kill" in asked:
            os.kill(asked["kill"], signal.SIGKILL)
            answer = os.waitstatus_to_exitcode(os.waitpid(asked["kill"], 0)[1])
        else:
            answer = _forked(asked)
        print(answer, flush=True)


if __name__ == "__main__":
    main()
