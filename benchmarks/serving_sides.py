"""The services that are asked, each a process of its own, and the client that asks them."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.times import format_instant, from_micros
from benchmarks.serving_client import Plan, Seen
from benchmarks.serving_home import AT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.progress import Progress

    from benchmarks.serving_home import Place

PORT = 8_791
MLFLOW = Path(".venv-mlflow/bin")
_UP_SECONDS = 120.0
_TRIES = 5
#: Microseconds after its instant at which a patient is asked about, apart from every load.
_APART = itertools.count(10_000_000)


@contextmanager
def ours(place: Place, *, workers: int) -> Iterator[None]:
    """Serve the home as its guide says; so many workers where the program can have several."""
    program = str(Path(sys.executable).with_name("attending"))
    named = ["--project", str(place.project), "--home", str(place.home)]
    command = [program, "serve", *named, "--port", str(PORT), "--at", format_instant(AT)]
    if has_workers():
        command += ["--workers", str(workers)]
    with _running(command, ready="/readyz"):
        yield


@contextmanager
def pages(home: Path, *, at: str) -> Iterator[str]:
    """Give the address of the pages of a home at an instant, served as its guide says."""
    program = str(Path(sys.executable).with_name("attending"))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [program, "serve", "--home", str(home), "--port", str(port), "--at", at]
    with _running(command, ready="/readyz", port=port):
        yield f"http://127.0.0.1:{port}"


def has_workers() -> bool:
    """Return whether this version of ours can serve with several processes."""
    program = str(Path(sys.executable).with_name("attending"))
    said = subprocess.run([program, "serve", "--help"], capture_output=True, text=True, check=True)
    return "--workers" in said.stdout


@contextmanager
def mlflow(model: Path, *, workers: int) -> Iterator[None]:
    """Serve the same model with MLflow, in its own environment."""
    command = [str((MLFLOW / "mlflow").absolute()), "models", "serve", "--env-manager", "local"]
    command += ["--model-uri", str(model), "--port", str(PORT), "--workers", str(workers)]
    path = f"{MLFLOW.absolute()}:{os.environ['PATH']}"
    with _running(command, ready="/ping", PATH=path, MLFLOW_DISABLE_TELEMETRY="true"):
        yield


@contextmanager
def _running(command: list[str], *, ready: str, port: int = PORT, **more: str) -> Iterator[None]:
    if _listens(port):
        raise SystemExit(f"somebody else listens on port {port}")
    log = Path("build/serving.log")
    kept = [sys.executable, str(Path(__file__).with_name("kept_service.py")), *command]
    with log.open("wb") as out:
        process = subprocess.Popen(
            kept,
            stdin=subprocess.PIPE,  # closed when we are gone, however we end
            stdout=out,
            stderr=out,
            env=os.environ | more,
            start_new_session=True,
        )
    try:
        _wait(process, ready, log, port=port)
        yield
    finally:
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def _listens(port: int) -> bool:
    """Return whether somebody listens on the port, who would be asked in place of the service."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def _wait(process: subprocess.Popen[bytes], ready: str, log: Path, *, port: int) -> None:
    end = time.monotonic() + _UP_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=5):
                return
        except OSError:  # refused, or not ready yet
            time.sleep(0.1)
    raise SystemExit(f"the service did not come up:\n{log.read_text()[-2000:]}")


def asked_of_us(place: Place, sent: list[Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """Return heads and bodies of requests about each patient that bring these events."""
    path = "/v1/models/readmission-30d/predictions"
    heads = [
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\n"
        for token in place.tokens
    ]
    return {
        "heads": heads,
        "bodies": [one.body(rows) for one, rows in zip(place.patients, sent, strict=True)],
    }


def asked_of_mlflow(names: list[str], rows: list[list[float | None]]) -> dict[str, Any]:
    """Return heads and bodies of requests that bring a row of features each."""
    head = "POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    said = [json.dumps({"dataframe_split": {"columns": names, "data": [row]}}) for row in rows]
    return {"heads": [head], "bodies": [[one, "", None] for one in said]}


def is_live(asked: dict[str, Any], number: int) -> bool:
    """Return whether one of these requests is answered by the model's own score."""
    before, after, at = asked["bodies"][number]
    method, path, _ = asked["heads"][0].split("\r\n")[0].split(" ")
    headers = dict(line.split(": ", 1) for line in asked["heads"][0].split("\r\n")[1:] if line)
    instant = format_instant(from_micros(at + next(_APART)))
    wire = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    wire.request(method, path, body=before + instant + after, headers=headers)
    said = json.load(wire.getresponse())
    wire.close()
    return bool(said["outcome"] == "live")


def answer_of(asked: dict[str, Any], number: int) -> Any:  # noqa: ANN401 - JSON
    """Return what one of these requests is answered."""
    before, after, _ = asked["bodies"][number]
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/invocations",
        data=(before + after).encode(),
        headers={"Content-Type": "application/json"},
    )
    for _ in range(_TRIES):  # the peer may close a connection while its workers come up
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
                return json.load(answer)
        except ConnectionError:
            time.sleep(1.0)
    raise SystemExit("the peer closes every connection")


_first = 0


def ask(  # noqa: PLR0913 - a plan has these parts
    progress: Progress,
    what: str,
    asked: dict[str, Any],
    *,
    folder: Path,
    phases: tuple[tuple[float, float], ...] = (),
    seconds: float = 0.0,
    clients: int = 1,
) -> Seen:
    """Return what a client in a process of its own saw, showing how far it is."""
    global _first  # noqa: PLW0603 - no two requests of a run are of one instant
    _first += 100_000
    plan = Plan(
        port=PORT, first=_first, phases=list(phases), seconds=seconds, clients=clients, **asked
    )
    path = folder / "plan.json"
    path.write_text(json.dumps(asdict(plan)))
    total = sum(length for _, length in phases) or seconds
    task, begun = progress.add_task(what, total=total), time.monotonic()
    command = [sys.executable, "-m", "benchmarks.serving_client", str(path)]
    with (folder / "seen.json").open("wb") as out:
        process = subprocess.Popen(command, stdout=out)
    while process.poll() is None:
        progress.update(task, completed=min(total, time.monotonic() - begun))
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"the client failed with status {process.returncode}")
    progress.update(task, completed=total)
    return Seen(**json.loads((folder / "seen.json").read_text()))


def milliseconds(
    seen: Seen, q: float, *, of: set[int], since: float = 0, until: float = 1e9
) -> float:
    """Return a percentile of the latencies of some answers to requests due in a span of time."""
    took = [
        took
        for due, took, status in zip(seen.due, seen.took, seen.status, strict=True)
        if status in of and since <= due < until
    ]
    return float(np.percentile(took, q)) * 1000 if took else float("inf")
