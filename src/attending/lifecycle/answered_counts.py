"""Counts of what a service has answered since its start, without a patient in them.

In a service of several workers each publishes its counts, and whichever is asked adds them up.
"""

from __future__ import annotations

import json
import logging
import threading
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

_log = logging.getLogger("attending.serve")
#: Upper bounds of the buckets of latency, in seconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


@dataclass
class Seen:
    """Answers by model, version, stage and outcome, and how long they took.

    Attributes:
        answers: counts by (model, version, stage, outcome).
        slots: counts by (model, bucket), the last bucket without a bound.
        seconds: the sum of all latencies by model.
        publish: told the counts after each answer; nobody when None.
    """

    answers: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)
    slots: Counter[tuple[str, int]] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    publish: Callable[[bytes], None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, content: Mapping[str, Any], *, seconds: float) -> None:
        """Count one answer, by the content of its prediction."""
        model, version, stage, outcome = (
            str(content[name]) for name in ("model", "version", "stage", "kind")
        )
        with self._lock:
            self.answers[model, version, stage, outcome] += 1
            self.slots[model, bisect_left(BUCKETS, seconds)] += 1
            self.seconds[model] = self.seconds.get(model, 0.0) + seconds
            if self.publish is not None:
                self._tell(self.publish)

    @classmethod
    def of_all(cls, told: Iterable[bytes]) -> Self:
        """Return the counts of several workers added up, from what each published."""
        found = cls()
        for data in told:
            found._add(data)
        return found

    def join(self, data: bytes, *, publish: Callable[[bytes], None]) -> None:
        """Take up what a worker published that was here before, and publish from now on."""
        self._add(data)
        self.publish = publish

    def _add(self, data: bytes) -> None:
        if not data:
            return
        said = json.loads(data)
        for *key, count in said["answers"]:
            model, version, stage, outcome = key
            self.answers[model, version, stage, outcome] += count
        for model, slot, count in said["slots"]:
            self.slots[model, slot] += count
        for model, seconds in said["seconds"].items():
            self.seconds[model] = self.seconds.get(model, 0.0) + seconds

    def _tell(self, publish: Callable[[bytes], None]) -> None:
        said = {
            "answers": [[*key, count] for key, count in self.answers.items()],
            "slots": [[*key, count] for key, count in self.slots.items()],
            "seconds": self.seconds,
        }
        try:
            publish(json.dumps(said).encode())
        except OSError as error:  # no answer waits for a dashboard; the next one tells it all
            _log.warning("counts were not published: %s", error.strerror)

    def lines(self) -> list[str]:
        """Return the counts in OpenMetrics' text form, without its last line."""
        with self._lock:
            answers, slots = dict(self.answers), dict(self.slots)
            seconds = dict(self.seconds)
        out = ["# TYPE attending_predictions counter"]
        for (model, version, stage, outcome), n in sorted(answers.items()):
            said = f'model="{model}",version="{version}",stage="{stage}",outcome="{outcome}"'
            out.append(f"attending_predictions_total{{{said}}} {n}")
        out.append("# TYPE attending_prediction_seconds histogram")
        out.append("# UNIT attending_prediction_seconds seconds")
        for model in sorted(seconds):
            out += _histogram(model, slots, seconds[model])
        return out


def _histogram(model: str, slots: dict[tuple[str, int], int], seconds: float) -> list[str]:
    out, below = [], 0
    for place, bound in enumerate((*BUCKETS, float("inf"))):
        below += slots.get((model, place), 0)
        edge = "+Inf" if place == len(BUCKETS) else f"{bound:g}"
        name = f'attending_prediction_seconds_bucket{{model="{model}",le="{edge}"}}'
        out.append(f"{name} {below}")
    out.append(f'attending_prediction_seconds_count{{model="{model}"}} {below}')
    out.append(f'attending_prediction_seconds_sum{{model="{model}"}} {seconds:.6f}')
    return out
