"""A score that the data already hold, such as SAPS-I on admission: its newest visible value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from attending.errors import BadInput
from attending.scores.about import About
from attending.scores.evidence import of_events
from attending.scores.pairs import pair
from attending.scores.protocol import Setting, settle, table
from attending.times import HOUR

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from attending.types import Floats

#: code: the event code; max_age_hours: 0 takes a value of any age.
DEFAULTS: dict[str, Setting] = {"code": "", "max_age_hours": 0, "policy": "strict"}


@dataclass(frozen=True)
class Recorded:
    """The newest value of one code."""

    code: str
    max_age_hours: float
    policy: str

    @property
    def name(self) -> str:
        """Return the code that is read."""
        return f"recorded {self.code}"

    @property
    def about(self) -> About:
        """Return what is known of it: where it stands."""
        return About(
            version=self.name,
            title="A score that the source recorded, such as SAPS-I",
            population="as the source says",
            reference="as the source says",
            low=None,
            high=None,
            points={"recorded": "the newest visible value"},
            notes=("Its parameter `code` names the event code.",),
        )

    @property
    def by_availability(self) -> bool:
        """Return false: it is recorded once."""
        return False

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the event codes that it needs."""
        return (self.code,)

    @property
    def components(self) -> tuple[str, ...]:
        """Return the one part."""
        return ("recorded",)

    def score(self, events: pa.Table, rows: pa.Table) -> pa.Table:
        """Return the newest visible value; ties go to the later known, then the larger."""
        own = events.filter(
            pc.and_(pc.equal(events["code"], self.code), events["numeric_value"].is_valid())
        )
        pairs = pair(own, rows)
        usable = pairs.visible & (pairs.time <= pairs.at)
        if self.max_age_hours:
            usable &= pairs.time > pairs.at - int(self.max_age_hours * HOUR)
        newest = pairs.newest(usable)
        missing = newest < 0
        value = np.append(own["numeric_value"].to_numpy().astype(np.float64), 0.0)
        return table(
            rows,
            {"recorded": value[newest]},
            missing={"recorded": missing},
            evidence={"recorded": of_events(own, newest)},
            policy=self.policy,
        )

    def expected_risk(self, total: Floats) -> None:
        """Return None: what a recorded value means is not known here."""


def make(parameters: Mapping[str, Setting]) -> Recorded:
    """Return the score that one event code holds.

    Raises:
        BadInput: no code, or an unknown parameter.

    >>> make({"code": "PHYSIONET2012//SAPS-I"}).name
    'recorded PHYSIONET2012//SAPS-I'
    """
    asked = settle(parameters, DEFAULTS, score="recorded")
    if not asked["code"]:
        raise BadInput(
            "the score 'recorded' needs the code of its events",
            code="score.parameter",
            hint="Write parameters: {code: PHYSIONET2012//SAPS-I}.",
        )
    age = float(asked["max_age_hours"])
    return Recorded(str(asked["code"]), age, str(asked["policy"]))
