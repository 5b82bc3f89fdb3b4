"""What a kind of label answers, and the register of kinds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from attending.cohort.facts import NEVER
from attending.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.cohort.candidates import Candidates
    from attending.specs.cohort import CohortSpec
    from attending.types import Floats, Ints, Mask


@dataclass(frozen=True)
class Outcome:
    """What was seen, before asking whether it may be taken as known.

    Args:
        at: when the event was, `NEVER` without one.
        known: when the event could first be seen; any number without one.
        horizon_end: when looking ends, `NEVER` when that is not known yet.
        lost: whether nobody can say, such as a patient without an outcome row.
        settled: whether the absence of the event is itself recorded, so that a later death
            competes with nothing.
        days: the number, for labels that are one.
    """

    at: Ints
    known: Ints
    horizon_end: Ints
    lost: Mask
    settled: Mask
    days: Floats | None = None


KindFunction: TypeAlias = "Callable[[CohortSpec, Candidates], Outcome]"
KINDS: Registry[KindFunction] = Registry("label kind")


def seen(at: Ints, known: Ints, horizon_end: Ints) -> Outcome:
    """Return an outcome with events where they are within the horizon, none lost or settled."""
    none = np.zeros(len(at), np.bool_)
    inside = (at != NEVER) & (at <= horizon_end)
    return Outcome(np.where(inside, at, NEVER), known, horizon_end, lost=none, settled=none)


def nothing(horizon_end: Ints) -> Outcome:
    """Return an outcome without any event."""
    none = np.full(len(horizon_end), NEVER)
    return seen(none, np.zeros(len(none), np.int64), horizon_end)
