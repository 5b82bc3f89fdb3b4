"""Try the policy on years in which nothing is wrong, and on years in which one thing is.

The rate of wrong stops is counted, not promised: every day of every year goes through the same
monitors, the same trust conditions, the same ladder and the same verdict as a real day. Only the
figures of outcomes beside the e-value are looked at once a week.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput
from attending.monitor.lived import live
from attending.monitor.planted import KINDS, OF_ALERTS, SIZES, Plant
from attending.monitor.simulated_year import DAYS
from attending.monitor.stub_policies import stubs
from attending.records.monitoring import ANSWERS, Delay, SimulationReport
from attending.statistics.wilson import wilson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from attending.monitor.lived import Day, Lived, Place, World
    from attending.monitor.planted import Kind, Size
    from attending.records.monitoring import Drift, Finding
    from attending.records.prediction import Answer

#: The first day on which a shift may begin, and the days among which it is drawn.
ONSET, ONSETS = 120, 60
_SERIOUS = ("act", "stop")


def simulate(
    world: World,
    *,
    years: int,
    seed: int,
    runs: int = 5,
    each: Callable[[], None] = lambda: None,
) -> SimulationReport:
    """Return how often the policy stops a model that is well, and how soon it sees one that is not.

    Every kind of shift is planted in every size, everywhere, and, where sites are watched, at one
    of them: the middle one by size.

    Args:
        world: the policy, what it is held to, and the rows from which years are drawn.
        years: how many quiet years.
        seed: the same seed gives the same report.
        runs: how many years for each planted shift.
        each: called after each year.

    Raises:
        BadInput: no years.
    """
    if min(years, runs) < 1:
        raise BadInput(
            f"got {years} quiet years and {runs} of each shift, expected 1 or more",
            code="simulate.input",
            hint="Ask for one year or more of each.",
        )
    plants = _plants(world)
    quiet = []
    for at in range(years):
        quiet.append(_quiet(world, seed=(seed, 0, at)))
        each()
    shifts = []
    for at, plant in enumerate(plants):
        found = []
        for one in _lived(world, plant, seed=(seed, 1 + at), runs=runs):
            found.append(one)
            each()
        shifts.append(_delay(plant, found))
    wrong = sum(any(_at_least(day, "fallback") for day in year) for year in quiet)
    share = wilson(wrong, years)
    acts = sum(_episodes(year, "freeze") for year in quiet) / years
    return SimulationReport(
        spec=world.spec.digest,
        reference=world.reference,
        seed=seed,
        years=years,
        days_per_year=DAYS,
        predictions_per_day=world.per_day,
        wrong_stops=wrong,
        rate=wrong / years,
        low=share.low or 0.0,
        high=share.high if share.high is not None else 1.0,
        watches_per_year=sum(_episodes(year, "watch") for year in quiet) / years,
        acts_per_year=acts,
        shifts=tuple(shifts),
        actionable_per_year=sum(_new(year, serious=True) for year in quiet) / years,
        informational_per_year=sum(_new(year, serious=False) for year in quiet) / years,
        stubs=stubs(tuple(shifts), acts_per_year=acts, runs=runs, seed=seed),
    )


def _plants(world: World) -> list[_Planted]:
    """Return every kind in every size, everywhere and at the middle site."""
    ordered = sorted(world.sites, key=lambda one: (one.held.n, one.held.site))
    where = [None, ordered[len(ordered) // 2]] if ordered else [None]
    kinds = [one for one in KINDS if one.name not in OF_ALERTS or world.held.threshold is not None]
    return [_Planted(kind, size, place) for place in where for kind in kinds for size in SIZES]


def _quiet(world: World, *, seed: tuple[int, ...]) -> list[Day]:
    """Return every day of a year in which nothing is wrong."""
    lived = live(world, None, seed=seed)
    return [lived.on(day) for day in range(DAYS)]


class _Planted(NamedTuple):
    kind: Kind
    size: Size
    place: Place | None

    @property
    def figure(self) -> float:
        return self.kind.sizes[SIZES.index(self.size)]


class _Found(NamedTuple):
    """After how many days and mature outcomes a shift was seen, and how it was called."""

    days: int
    outcomes: int
    drift: Drift


def _lived(
    world: World, planted: _Planted, *, seed: tuple[int, int], runs: int
) -> Iterator[_Found | None]:
    """Yield for each of some years when the shift led to a freeze or more, None for never."""
    for at in range(runs):
        onset = ONSET + int(np.random.default_rng([*seed, at, 7]).integers(0, ONSETS))
        place = planted.place.at if planted.place else None
        plant = Plant(planted.kind.name, planted.figure, onset, place)
        yield _found(live(world, plant, seed=(*seed, at)), onset)


def _found(lived: Lived, onset: int) -> _Found | None:
    for day in range(onset, DAYS):
        verdict = lived.on(day).verdict
        if verdict is not None and _strict(verdict.answer, "freeze"):
            outcomes = lived.matured_between(onset, day)
            return _Found(day - onset + 1, outcomes, verdict.drift)
    return None


def _delay(planted: _Planted, years: Sequence[_Found | None]) -> Delay:
    """Return how soon a planted shift was seen, and how often its type was right."""
    found = [one for one in years if one is not None]
    days = [one.days for one in found]
    kind = planted.kind
    return Delay(
        shift=kind.name,
        expected=kind.right[0],
        runs=len(years),
        detected=len(found),
        named_right=sum(one.drift in kind.right for one in found),
        median_days=float(np.median(days)) if days else None,
        p95_days=float(np.quantile(days, 0.95)) if days else None,
        size=planted.size,
        figure=planted.figure,
        site=planted.place.held.site if planted.place else "",
        median_outcomes=float(np.median([one.outcomes for one in found])) if found else None,
        also_right=kind.right[1:],
    )


def _strict(given: Answer, answer: Answer) -> bool:
    return ANSWERS.index(given) >= ANSWERS.index(answer)


def _at_least(day: Day, answer: Answer) -> bool:
    return day.verdict is not None and _strict(day.verdict.answer, answer)


def _episodes(year: list[Day], answer: Answer) -> int:
    """Return how many times the answer rose to a level or above it."""
    levels = [_at_least(day, answer) for day in year]
    return sum(now and not before for before, now in zip([False, *levels], levels, strict=False))


def _new(year: list[Day], *, serious: bool) -> int:
    """Return how many findings appeared that were not there the day before, one for each cause."""
    before: set[tuple[str, str]] = set()
    count = 0
    for day in year:
        now = {_cause(one) for one in day.findings if (one.severity in _SERIOUS) == serious}
        count += len(now - before)
        before = now
    return count


def _cause(one: Finding) -> tuple[str, str]:
    return one.name, one.subject
