"""Quiet years of the demo's model, planted shifts, and how soon a wrong calibration is proven.

It runs what a user runs, the demo and `attending monitor simulate`, and writes docs/delays.md with
its picture: every kind of shift, size and place, and the whole curve of calibration shifts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from attending.lifecycle.provenance import code_digest
from attending.monitor.sequence import evidence, tilt
from attending.specs.monitoring import ConceptMonitor

if TYPE_CHECKING:
    from attending.types import Floats

#: A tolerance, events observed over those predicted, and the share proven by each of `EVENTS`.
Curve: TypeAlias = tuple[float, float, list[float]]
PAGE, PICTURE = Path("docs/delays.md"), Path("docs/pictures/delays.svg")
AT = "2025-12-15T09:00:00Z"
VERB = str(Path(sys.executable).with_name("attending"))
#: Years are kept here, so that a run that was cut short goes on where it stopped.
KEPT = Path("build/soak")
#: Evidence is written after so many quiet years; each planted shift is lived through so often.
BATCH, RUNS = 100, 20
#: Events observed over events predicted, of the replays; and after how many events it is asked.
SHIFTS = (0.5, 0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.5, 2.0)
EVENTS = (50, 100, 200, 300, 400, 600, 800)
TOLERANCES = (1.05, 1.15)


def demo(folder: Path) -> Path:
    """Return the home of the demo, now made."""
    home = folder / "demo"
    subprocess.run([VERB, "demo", "--seed", "7", "--home", str(home)], check=True,
                   capture_output=True)  # fmt: skip
    return home


def simulated(home: Path, years: int, *, picture: Path, kept: Path) -> dict[str, Any]:
    """Return what `monitor simulate` says of the demo's policy.

    Args:
        home: of the demo.
        years: how many quiet years.
        picture: where the delays are drawn.
        kept: the file of the years that were lived through, from which it goes on.
    """
    asked = ["monitor", "simulate", "--years", str(years), "--runs", str(RUNS)]
    where = ["--project", str(home / "project"), "--home", str(home), "--at", AT]
    files = ["--picture", str(picture), "--resume", str(kept), "--json"]
    done = subprocess.run([VERB, *asked, *where, *files], check=True, capture_output=True,
                          text=True)  # fmt: skip
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def batches(years: int) -> list[int]:
    """Return after how many years evidence is written, the last of them all.

    >>> batches(250)
    [100, 200, 250]
    """
    return [*range(BATCH, years, BATCH), years]


def kept_in() -> Path:
    """Return the file that keeps the years of this code."""
    KEPT.mkdir(parents=True, exist_ok=True)
    return KEPT / f"quiet-years-{code_digest()[:12]}.jsonl"


def replay(
    monitor: ConceptMonitor, risks: Floats, *, shift: float, replays: int, seed: int
) -> Floats:
    """Return after how many events each replay proved a shift to the bound of *act*, inf for never.

    Args:
        monitor: the policy.
        risks: from which predictions are drawn.
        shift: events observed over events predicted.
        replays: how many.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    odds = _odds(risks, shift)
    days, each = 300, 20
    day = np.repeat(np.arange(days), each)
    found = np.full(replays, np.inf)
    for at in range(replays):
        risk = rng.choice(risks, days * each)
        outcome = (rng.random(len(risk)) < tilt(risk, odds)).astype(np.int8)
        proof = evidence(monitor, risk, outcome, day=day, days=days).both
        over = np.flatnonzero(proof >= 1 / monitor.alpha)
        if len(over):
            found[at] = np.bincount(day, outcome, days)[: over[0] + 1].sum()
    return found


def _odds(risks: Floats, shift: float) -> float:
    """Return the odds ratio that makes so many times as many events as predicted."""
    low, high = 0.01, 100.0
    for _ in range(60):
        middle = float(np.sqrt(low * high))
        more = float(tilt(risks, middle).mean() / risks.mean()) > shift
        low, high = (low, middle) if more else (middle, high)
    return float(np.sqrt(low * high))


def curve(risks: Floats, *, replays: int, seed: int) -> list[Curve]:
    """Return for each tolerance and shift the share of replays that proved it by so many events."""
    made = []
    for tolerance in TOLERANCES:
        for shift in SHIFTS:
            monitor = ConceptMonitor(tolerance=tolerance)
            at = replay(monitor, risks, shift=shift, replays=replays, seed=seed)
            made.append((tolerance, shift, [float((at <= n).mean()) for n in EVENTS]))
    return made


def write_page(said: dict[str, Any], curves: list[Curve]) -> None:
    """Write docs/delays.md."""
    rows = [
        f"| {one['shift'].replace('_', ' ')} | {one['size']} | {one.get('site') or 'everywhere'} | "
        f"{one['detected']} of {one['runs']} | {one['named_right']} | "
        f"{_n(one.get('median_days'))} | {_n(one.get('median_outcomes'))} |"
        for one in said["shifts"]
    ]
    lines = [
        f"| {tolerance} | {shift} | " + " | ".join(f"{share:.0%}" for share in shares) + " |"
        for tolerance, shift, shares in curves
    ]
    head = [
        "# How soon shifts are seen",
        "",
        (
            "Made by `make soak S=quiet-years` from the demo: its model, its policy, "
            f"{said['predictions_per_day']:.1f} predictions a day. What the columns mean "
            "stands in [monitoring](monitoring.md)."
        ),
        "",
        (
            f"{said['wrong_stops']} wrong stops or fallbacks in {said['years']} quiet years "
            f"({said['low']:.2%} to {said['high']:.2%}). Findings a year: "
            f"{said['actionable_per_year']:.2f} that ask for an action, "
            f"{said['informational_per_year']:.2f} that only inform."
        ),
        "",
        "![Median days until a freeze or more, by kind, size and place](pictures/delays.svg)",
        "",
        "## Planted shifts",
        "",
        "| shift | size | where | seen | named right | median days | median outcomes |",
        "|---|---|---|---|---|---|---|",
    ]
    middle = [
        "",
        "## A calibration that shifts",
        "",
        (
            "The share of replays in which the e-value passed the bound of *act* by so many "
            "events, by the policy's `tolerance` (odds) and the events observed over those "
            "predicted. Predictions have a mean risk of 15 %."
        ),
        "",
        "| tolerance | O:E | " + " | ".join(f"{n} events" for n in EVENTS) + " |",
        "|---" * (2 + len(EVENTS)) + "|",
    ]
    PAGE.write_text("\n".join([*head, *rows, *middle, *lines, ""]), encoding="utf-8")


def _n(value: float | None) -> str:
    return "never" if value is None else f"{value:g}"


def drawn_risks() -> Floats:
    """Return made-up risks with a mean of 15 %."""
    return np.random.default_rng(1).beta(1.2, 6.8, 20_000)
