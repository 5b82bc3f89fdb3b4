"""Three policies that no one should use, held to the same years: they show what ours is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from attending.monitor.simulated_year import DAYS
from attending.records.monitoring import Stub

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.records.monitoring import Delay, Drift

#: Within how many days after its onset a shift must be seen to count as seen.
SOON = 90
_TYPES: tuple[Drift, ...] = ("data", "concept", "workflow", "unknown")


def stubs(
    shifts: Sequence[Delay], *, acts_per_year: float, runs: int, seed: int
) -> tuple[Stub, ...]:
    """Return what the stub policies do with the large shifts, and ours in the first row.

    Args:
        shifts: what our policy did with each planted shift.
        acts_per_year: how often ours froze, or more, in a quiet year.
        runs: how many years there were for each shift.
        seed: the same seed gives the same rows.
    """
    large = [one for one in shifts if one.size == "large"]
    total = sum(one.runs for one in large)
    ours = Stub(
        policy="the policy",
        false_alarms_per_year=acts_per_year,
        seen=sum(one.detected for one in large) / total,
        named_right=sum(one.named_right for one in large) / total,
    )
    quiet = Stub(policy="always continue", false_alarms_per_year=0.0, seen=0.0, named_right=0.0)
    # To watch is to look; it never freezes, falls back or stops, and names no type.
    watch = quiet.model_copy(update={"policy": "always watch"})
    return ours, quiet, watch, _random(large, acts_per_year, runs=runs, seed=seed)


def _random(large: Sequence[Delay], acts_per_year: float, *, runs: int, seed: int) -> Stub:
    """Return a policy that freezes by chance, as often as ours does in a quiet year."""
    rng = np.random.default_rng([seed, 99])
    days = rng.exponential(DAYS / max(acts_per_year, 1 / DAYS), (len(large), runs))
    named = rng.choice(np.array(_TYPES), (len(large), runs))
    seen = days <= SOON
    right = [
        (cast("Drift", str(name)) in (one.expected, *one.also_right)) and bool(soon)
        for one, names, soons in zip(large, named, seen, strict=True)
        for name, soon in zip(names, soons, strict=True)
    ]
    return Stub(
        policy="random, as often",
        false_alarms_per_year=acts_per_year,
        seen=float(seen.mean()),
        named_right=float(np.mean(right)),
    )
