"""A service under load, and beside `mlflow models serve` with the same LightGBM model.

Ours gets events, and for each request keeps a prediction with its ledger entry on the disk before
it answers: token, strict JSON, features by the kernel, scope, verdict, score, calibration, band and
explanation. MLflow gets the row of features ready, and answers with the model's raw number; what
is held beside it are requests that bring about as much, the newest events of each code.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from attending.features.online import for_patient
from attending.lifecycle.desk import open_desk
from attending.lifecycle.plain_events import plain_events
from attending.lifecycle.projects import open_project
from attending.lifecycle.scoring import served_version
from attending.models.protocol import expit
from attending.times import from_micros
from benchmarks import serving_sides as sides
from benchmarks.serving_home import AT, make

if TYPE_CHECKING:
    from attending.types import Floats
    from benchmarks.serving_client import Seen
    from benchmarks.serving_home import Place

RATE, TIMES = 50.0, 5
P99_MS, RECOVERY_SECONDS = 50.0, 10.0
WORKERS, FEWER = 2, 4.0
_OK = {200, 201}
_WARM, _RATED, _OVER, _AFTER, _CLOSED = 5.0, 20.0, 10.0, 12.0, 10.0
_CLIENTS = (1, 8)


@dataclass(frozen=True)
class Found:
    """One bar of serving and what was measured."""

    work: str
    measured: str
    bar: str
    met: bool
    load: float

    @property
    def text(self) -> str:
        """Return it as text."""
        answer = "met" if self.met else "NOT MET"
        return f"{self.work}: {self.measured}; bar {self.bar}: {answer} (load {self.load:.1f})"


@dataclass(frozen=True)
class _Closed:
    """What so many clients got who asked again as soon as they were answered."""

    who: str
    clients: int
    a_second: float
    p50: float
    p99: float
    failed: int
    load: float


def compare(rows: int) -> list[Found]:
    """Return what was measured: rated load, overload and recovery, and both sides by clients.

    Args:
        rows: events that each request of the load brings.
    """
    Path("build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir="build") as name, Progress() as progress:
        folder = Path(name)
        place = make(folder, events=rows)
        with sides.ours(place, workers=WORKERS):
            found = _load(progress, place, folder=folder, events=rows)
            closed = _ours_closed(progress, place, folder=folder, events=rows)
        closed += _theirs(progress, place, folder=folder)
    _print(closed, place)
    return [*found, *_beside(closed)]


def _load(progress: Progress, place: Place, *, folder: Path, events: int) -> list[Found]:
    asked = sides.asked_of_us(place, [one.events[:events] for one in place.patients])
    sides.ask(progress, "warm", asked, folder=folder, phases=((RATE / 2, _WARM),))
    phases = ((RATE, _RATED), (RATE * TIMES, _OVER), (RATE, _AFTER))
    what = f"rated, {TIMES} times that, rated"
    seen = sides.ask(progress, what, asked, folder=folder, phases=phases)
    load = os.getloadavg()[0]
    return [_rated(seen, load, events), _overload(seen, load), _recovery(seen, load)]


def _rated(seen: Seen, load: float, events: int) -> Found:
    p50, p99 = (sides.milliseconds(seen, q, of=_OK, until=_RATED) for q in (50, 99))
    refused = _count(seen, since=0, until=_RATED, other=_OK)
    return Found(
        work=f"serving, {RATE:g} requests/s of {events:,} events, kept on disk first",
        measured=f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {refused} not answered",
        bar=f"p99 {P99_MS:g} ms, all answered",
        met=p99 <= P99_MS and not refused,
        load=load,
    )


def _overload(seen: Seen, load: float) -> Found:
    since, until = _RATED, _RATED + _OVER
    p99 = sides.milliseconds(seen, 99, of=_OK, since=since, until=until)
    shed = sides.milliseconds(seen, 99, of={503}, since=since, until=until)
    other = _count(seen, since=since, until=until, other={*_OK, 503})
    taken = _count(seen, since=since, until=until, other={503}) - other
    return Found(
        work=f"serving, {TIMES} times that for {_OVER:g} s",
        measured=f"{taken / _OVER:.0f}/s answered, p99 {p99:.1f} ms; the rest 503 within "
        f"{shed:.0f} ms, {other} otherwise, {seen.without_retry_after} without Retry-After",
        bar=f"p99 {2 * P99_MS:g} ms, the rest 503 with Retry-After",
        met=p99 <= 2 * P99_MS and not other and not seen.without_retry_after and taken > 0,
        load=load,
    )


def _recovery(seen: Seen, load: float) -> Found:
    """Return when the last request was due that was refused, or slower than under overload."""
    after = _RATED + _OVER
    bad = [
        due - after
        for due, took, status in zip(seen.due, seen.took, seen.status, strict=True)
        if due >= after and (status not in _OK or took > 2 * P99_MS / 1000)
    ]
    last = max(bad, default=0.0)
    return Found(
        work="serving, recovery after the overload",
        measured=f"{last:.1f} s until the last refusal or answer above {2 * P99_MS:g} ms",
        bar=f"{RECOVERY_SECONDS:g} s",
        met=last <= RECOVERY_SECONDS,
        load=load,
    )


def _count(seen: Seen, *, since: float, until: float, other: set[int]) -> int:
    """Return how many answers to requests due in a span have another status than these."""
    return sum(
        status not in other
        for due, status in zip(seen.due, seen.status, strict=True)
        if since <= due < until
    )


def _closed(progress: Progress, who: str, asked: dict[str, Any], *, folder: Path) -> list[_Closed]:
    found = []
    sides.ask(progress, f"{who}, warm", asked, folder=folder, seconds=_WARM, clients=2)
    for clients in _CLIENTS:
        what = f"{who}, {clients} at once"
        seen = sides.ask(progress, what, asked, folder=folder, seconds=_CLOSED, clients=clients)
        good = sum(status in _OK for status in seen.status)
        p50, p99 = (sides.milliseconds(seen, q, of=_OK) for q in (50, 99))
        failed = len(seen.status) - good
        load = os.getloadavg()[0]
        found.append(_Closed(who, clients, good / seen.seconds, p50, p99, failed, load))
    return found


ALIKE = "ours, the newest events of each code"
OWN = "ours, all of the patient's own events"


def _ours_closed(progress: Progress, place: Place, *, folder: Path, events: int) -> list[_Closed]:
    """Return what ours did with requests of three sizes; the first says what MLflow's row says.

    Patients whom the model does not score, as of whom too little is known, are left out.
    """
    sizes = {
        ALIKE: [one.newest for one in place.patients],
        OWN: [one.events[: one.own] for one in place.patients],
        f"ours, {events:,} events": [one.events[:events] for one in place.patients],
    }
    found = []
    for who, sent in sizes.items():
        asked = sides.asked_of_us(place, sent)
        live = [number for number in range(len(sent)) if sides.is_live(asked, number)]
        asked["bodies"] = [asked["bodies"][number] for number in live]
        found += _closed(progress, who, asked, folder=folder)
    return found


def _theirs(progress: Progress, place: Place, *, folder: Path) -> list[_Closed]:
    """Return what MLflow did with one worker, as it comes, and with as many as ours had."""
    names, x, expected = _rows(place, folder)
    model = folder / "mlflow"
    program = str(Path(__file__).with_name("peer_mlflow.py"))
    python = str(sides.MLFLOW / "python")
    command = [python, program, str(folder / "model.txt"), ",".join(names), str(model)]
    subprocess.run(command, check=True, capture_output=True)
    asked = sides.asked_of_mlflow(names, [_plain(row) for row in x])
    found = []
    for workers in sorted({1, WORKERS if sides.has_workers() else 1}):
        with sides.mlflow(model, workers=workers):
            said = [sides.answer_of(asked, number)["predictions"][0] for number in range(len(x))]
            if not np.allclose(said, expected, rtol=0, atol=1e-12):
                raise SystemExit("MLflow's model gives other numbers than ours")
            who = f"mlflow models serve, {workers} worker{'s' * (workers > 1)}"
            found += _closed(progress, who, asked, folder=folder)
    return found


def _rows(place: Place, folder: Path) -> tuple[list[str], Floats, Floats]:
    """Return names, feature rows and raw risks of the patients, and write the model's text."""
    with open_desk(place.home, at=AT) as desk:
        served = served_version(desk, open_project(place.project))
    rows = []
    for one in place.patients:
        vector = for_patient(
            served.plan,
            plain_events(list(one.events), subject_id=str(one.subject_id)),
            subject_id=one.subject_id,
            encounter_id=one.encounter_id,
            prediction_time=from_micros(one.prediction_time),
            index_start=from_micros(one.index_start),
        )
        rows.append(vector.row()[served.columns])
    x = np.vstack(rows)
    (folder / "model.txt").write_bytes(served.bundle.fitted.write())
    prepared = served.bundle.prepare(x)
    return list(served.bundle.names), prepared, expit(served.bundle.fitted.margin(prepared))


def _plain(row: Floats) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in row]


def _beside(closed: list[_Closed]) -> list[Found]:
    """Return the bars against MLflow: with one worker and, where both have several, with those."""
    mine = {one.clients: one for one in closed if one.who == ALIKE}
    others = [one for one in closed if one.who.startswith("mlflow")]
    found = []
    for who in dict.fromkeys(one.who for one in others):
        theirs = {one.clients: one for one in others if one.who == who}
        ratio = mine[8].a_second / theirs[8].a_second
        quicker = all(mine[n].p50 < theirs[n].p50 and mine[n].p99 < theirs[n].p99 for n in _CLIENTS)
        times = "; ".join(
            f"{n} at once p50 {mine[n].p50:.1f} and {theirs[n].p50:.1f} ms, p99 {mine[n].p99:.1f} "
            f"and {theirs[n].p99:.1f} ms"
            for n in _CLIENTS
        )
        found.append(
            Found(
                work=f"{ALIKE}, beside {who}",
                measured=f"{ratio:.2f} times its throughput at 8; {times}",
                bar=f"{FEWER:g} times, lower p50 and p99",
                met=ratio >= FEWER and quicker,
                load=max(one.load for one in closed),
            )
        )
    return found


def _print(closed: list[_Closed], place: Place) -> None:
    own = int(np.median([one.own for one in place.patients]))
    newest = int(np.median([len(one.newest) for one in place.patients]))
    of = f"events by request: {newest} newest, {own} own (medians)"
    table = Table(title=f"closed loop, {_CLOSED:g} s each; {of}")
    for name in ("service", "clients", "answers/s", "p50 ms", "p99 ms", "failed", "load"):
        table.add_column(name, justify="left" if name == "service" else "right")
    for one in closed:
        figures = (f"{one.a_second:.0f}", f"{one.p50:.1f}", f"{one.p99:.1f}")
        table.add_row(one.who, str(one.clients), *figures, str(one.failed), f"{one.load:.1f}")
    Console().print(table)
