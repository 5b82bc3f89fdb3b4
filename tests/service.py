"""A real `attending serve` on loopback over a small home that is live, for tests and soaks."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attending.lifecycle import credentials, scoring, watching
from attending.lifecycle.cohorts import project_snapshot
from attending.lifecycle.desk import open_desk
from attending.lifecycle.engines import engine_over
from attending.lifecycle.projects import open_project
from attending.times import format_instant, parse_instant
from tests.lifecycle.ward import SECOND, enter, make_ward

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 60.0
#: The events of a patient that are not sent.
_OURS = ("subject_id", "source", "source_row")
#: One thread each: several processes share few processors.
_ONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def until(holds: Any, what: str, patience: float = PATIENCE) -> Any:
    """Return what holds at last, however slow the machine is."""
    deadline = time.monotonic() + patience
    while not (found := holds()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return found


@dataclass(frozen=True)
class LiveHome:
    """A home with a version in *live* and a verdict, a token, and what may be asked of it."""

    folder: Path
    model: str
    token: str
    secrets: dict[str, str] = field(repr=False)
    questions: tuple[dict[str, Any], ...] = field(repr=False)

    @property
    def root(self) -> Path:
        """Return the folder of the home."""
        return self.folder / "home"

    @property
    def project(self) -> Path:
        """Return the folder of the project."""
        return self.folder / "project"

    def copied(self, folder: Path) -> LiveHome:
        """Return the same home in another folder, to be hurt there."""
        for name in ("home", "project"):
            shutil.copytree(self.folder / name, folder / name)
        return replace(self, folder=folder)

    def desk(self, *, at: Any = SECOND, actor: str = "omar") -> Any:
        """Return a desk in the home, to be used in a `with`."""
        return open_desk(self.root, at=at, actor=actor)

    def asked(self, patient: int, turn: int = 0) -> dict[str, Any]:
        """Return a question about a patient, so many microseconds later than the batch asked."""
        question = self.questions[patient % len(self.questions)]
        at = parse_instant(question["prediction_time"]) + timedelta(microseconds=turn)
        return {**question, "prediction_time": format_instant(at)}


def make_live(folder: Path, *, patients: int = 50) -> LiveHome:
    """Return a home whose version answers everybody, with the questions of its newest patients."""
    ward = make_ward(folder)
    desk, plan = replace(ward.desk, at=SECOND), ward.project.release.digest
    made = scoring.score(desk, ward.project)
    limited = enter(desk, ward.run, stage="limited", plan=plan, previous=ward.entered)
    enter(desk, ward.run, stage="live", plan=plan, previous=limited)
    scoring.join_outcomes(desk, ward.project)
    watching.monitor(desk, ward.project)
    watching.give_verdict(desk, ward.project)
    engine = engine_over(desk, project_snapshot(desk, ward.project))
    # Those with the model's own score: about the others another rule decides.
    live = [row for row in made.table.to_pylist() if row["kind"] == "live"]
    live.sort(key=lambda row: row["prediction_time"])
    questions = tuple(_question(engine, row) for row in live[-patients:])
    token = credentials.give_token(
        desk, "omar", ward.secrets["omar"],
        label="feed", scopes=("work", "read", "patients"), keeps=timedelta(days=30),
    )  # fmt: skip
    ward.desk.home.close()
    return LiveHome(folder, ward.run.model, token, ward.secrets, questions)


def _question(engine: Any, row: dict[str, Any]) -> dict[str, Any]:
    def told(value: Any) -> str:
        return format_instant(value.replace(tzinfo=UTC))

    events = []
    for one in engine.rows(row["subject_id"]).to_pylist():
        event = {k: v for k, v in one.items() if k not in _OURS and v is not None}
        event |= {k: told(event[k]) for k in ("time", "known_at", "superseded_at") if k in event}
        event |= {"encounter_id": str(event["encounter_id"])} if "encounter_id" in event else {}
        events.append(event)
    return {
        "subject_id": str(row["subject_id"]),
        "encounter_id": str(row["encounter_id"]),
        "prediction_time": told(row["prediction_time"]),
        "index_start": told(row["index_start"]),
        "events": events,
    }


@dataclass
class Service:
    """One running service, of one process or several."""

    process: subprocess.Popen[bytes]
    port: int
    home: LiveHome
    log: Path

    def connection(self) -> http.client.HTTPConnection:
        """Return a connection of one's own."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def get(self, path: str) -> tuple[int, bytes]:
        """Return the status and the bytes of an answer."""
        return self.sent("GET", path)

    def ask(self, patient: int, turn: int = 0) -> tuple[int, dict[str, Any]]:
        """Return the status and what was said to a question about a patient."""
        status, data = self.sent("POST", self.path, self.home.asked(patient, turn))
        return status, json.loads(data)

    @property
    def path(self) -> str:
        """Return where predictions are asked for."""
        return f"/v1/models/{self.home.model}/predictions"

    @property
    def headers(self) -> dict[str, str]:
        """Return what every question carries."""
        return {
            "Authorization": f"Bearer {self.home.token}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    def sent(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Return the status and the bytes of what was answered, on a connection of its own."""
        wire = self.connection()
        try:
            data = None if body is None else json.dumps(body).encode()
            wire.request(method, path, body=data, headers=self.headers)
            answer = wire.getresponse()
            return answer.status, answer.read()
        finally:
            wire.close()

    def children(self) -> list[int]:
        """Return the processes of the workers."""
        place = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")  # one thread
        return [int(one) for one in place.read_text().split()]

    def workers_up(self) -> int:
        """Return how many workers say that they are there."""
        lines = self.get("/metrics")[1].decode().splitlines()
        said = (line for line in lines if line.startswith("attending_worker_up{"))
        return sum(line.endswith(" 1") for line in said)

    def answered(self) -> list[int]:
        """Return how many predictions each worker has answered, the busiest first."""
        mine = {str(process) for process in self.children()}
        for folder in Path(tempfile.gettempdir()).glob("attending-serve-*"):
            with suppress(FileNotFoundError):  # of another service, which ends
                if not mine & {path.read_text().split()[0] for path in folder.glob("beat-*")}:
                    continue
                told = [json.loads(path.read_text()) for path in folder.glob("counts-*")]
                counts = [sum(count for *_, count in one["answers"]) for one in told]
                return sorted([*counts, *[0] * (len(mine) - len(counts))], reverse=True)
        return []

    def up(self) -> bool:
        """Return whether the service says that it is ready."""
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.get("/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(home: LiveHome, *words: str, workers: int = 1, wait: bool = True) -> Iterator[Service]:
    """Give a running service of a home; it is told to stop afterwards, and must end well."""
    port, log = free_port(), home.folder / "serve.log"
    command = [sys.executable, "-m", "attending", "serve", f"--workers={workers}"]
    command += ["--project", str(home.project), "--home", str(home.root), "--port", str(port)]
    command += ["--at", format_instant(SECOND), *words]
    with (
        log.open("ab") as said,
        subprocess.Popen(command, stderr=said, stdout=said, env={**os.environ, **_ONE}) as process,
    ):
        service = Service(process, port, home, log)
        try:
            if wait:
                until(service.up, "the service is ready", patience=4 * PATIENCE)
            yield service
            process.terminate()
            assert process.wait(PATIENCE) == 0, log.read_text()
        finally:
            process.kill()


def project_of(home: LiveHome) -> Any:
    """Return the project of a home."""
    return open_project(home.project)
