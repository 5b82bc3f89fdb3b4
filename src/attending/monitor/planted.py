"""What can be planted in a made-up year: kinds of shift in three sizes, anywhere or at a site."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

if TYPE_CHECKING:
    from attending.records.monitoring import Drift
    from attending.types import Floats, Mask

Size: TypeAlias = Literal["small", "medium", "large"]
SIZES: tuple[Size, ...] = get_args(Size)


@dataclass(frozen=True)
class Kind:
    """A kind of shift: its name, the drift types that are a right answer, and what it does.

    `what` is one clause in which `{}` stands for the figure of the size; `sizes` are the figures
    from small to large.
    """

    name: str
    right: tuple[Drift, ...]
    what: str
    sizes: tuple[float, float, float]


@dataclass(frozen=True)
class Plant:
    """One planted shift: a kind, its figure, the day from which it holds, and where.

    `site` is the position of a site among those of the validation rows; None is everywhere.
    """

    kind: str
    figure: float
    onset: int
    site: int | None = None


@dataclass(frozen=True)
class Struck:
    """Which predictions of a year a shift reaches, and where chance comes from."""

    kind: str
    figure: float
    here: Mask
    rng: np.random.Generator

    def some(self) -> Mask:
        """Return the share of those that are reached that the figure names, by chance."""
        return self.here & (self.rng.random(len(self.here)) < self.figure)

    def instead(self, kind: str, usual: float) -> Floats:
        """Return the usual figure for each prediction, and the planted one where it holds."""
        return np.where(self.here & (self.kind == kind), self.figure, usual)


#: The factor of a unit switch: mg/dL to umol/L of creatinine, the other way round.
FACTOR = 88.42

KINDS: tuple[Kind, ...] = (
    Kind("unit_switch", ("data",), "{} of values stand in another unit", (0.1, 0.3, 1.0)),
    Kind("missing_feed", ("data",), "{} of a feed's values are missing", (0.25, 0.5, 1.0)),
    Kind("missing_feature", ("data",), "{} of one result is missing", (0.25, 0.5, 1.0)),
    Kind("assay", ("data",), "one result reads {} times as high", (1.1, 1.3, 1.6)),
    Kind("stuck_value", ("data",), "{} of one result repeat one value", (0.2, 0.5, 1.0)),
    Kind("case_mix", ("data",), "the sickest of {} patients comes", (2, 3, 5)),
    Kind("volume", ("data",), "{} of the predictions are still asked for", (0.45, 0.25, 0.05)),
    Kind("more_events", ("concept",), "odds of the outcome times {}", (1.4, 1.8, 2.5)),
    Kind("fewer_events", ("concept",), "odds of the outcome divided by {}", (1.4, 1.8, 2.5)),
    Kind("ranks_lost", ("concept",), "{} of outcomes no longer follow the risk", (0.3, 0.6, 0.9)),
    Kind("helpful_alerts", ("workflow",), "odds of the alerted times {}", (0.7, 0.5, 0.3)),
    Kind("alerts_unread", ("workflow",), "{} of alerts are acknowledged", (0.45, 0.3, 0.1)),
    Kind("alerts_overridden", ("workflow",), "{} of alerts are overridden", (0.72, 0.85, 0.95)),
    Kind("out_of_scope", ("workflow",), "{} of requests are out of scope", (0.12, 0.3, 0.6)),
    Kind("scores_changed", ("unknown",), "odds of all scores times {}", (1.3, 2.0, 4.0)),
    Kind(
        "patients_mixed",
        ("unknown", "concept"),
        "{} of inputs belong to another patient",
        (0.2, 0.5, 1.0),
    ),
)

#: Kinds that need alerts, and so a threshold.
OF_ALERTS = frozenset({"helpful_alerts", "alerts_unread", "alerts_overridden"})
