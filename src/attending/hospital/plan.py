"""What a synthetic hospital is asked to be: how many patients, how long, which seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from attending.errors import BadInput

if TYPE_CHECKING:
    from attending.types import Instant

_PATIENTS = (50, 1_000_000)
_YEARS = (1, 20)
_FIRST = datetime(2022, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class HospitalPlan:
    """A plan; the same plan gives the same bytes.

    Args:
        patients: 50 to 1,000,000.
        years: 1 to 20, each of 365 days and a quarter, rounded down to a whole day in total.
        seed: 0 or more.
        start: the first moment of recording, UTC-aware.

    Raises:
        BadInput: a number out of its range, or a start without a zone.

    >>> HospitalPlan(patients=100, years=2).end
    datetime.datetime(2024, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """

    patients: int = 5000
    years: int = 4
    seed: int = 7
    start: Instant = _FIRST

    def __post_init__(self) -> None:
        _check_range("patients", self.patients, _PATIENTS)
        _check_range("years", self.years, _YEARS)
        _check_range("seed", self.seed, (0, 2**63 - 1))
        if self.start.tzinfo is None:
            raise BadInput(
                "start has no zone, expected a UTC-aware instant",
                code="hospital.plan",
                hint="Write it as 2022-01-01T00:00:00Z.",
                where="start",
            )

    @property
    def days(self) -> int:
        """Return the whole days that are simulated."""
        return (self.years * 1461) // 4

    @property
    def end(self) -> Instant:
        """Return the moment at which recording ends."""
        return self.start + timedelta(days=self.days)


def _check_range(name: str, value: int, allowed: tuple[int, int]) -> None:
    if not allowed[0] <= value <= allowed[1]:
        raise BadInput(
            f"got {name} {value}, expected {allowed[0]} to {allowed[1]}",
            code="hospital.plan",
            hint=f"Give a number of {name} in that range.",
            where=name,
        )
