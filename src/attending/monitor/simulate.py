"""Try the policy on years in which nothing is wrong, and on years in which one thing is.

The rate of wrong stops is counted, not promised: every day of every year goes through the same
monitors, the same trust conditions, the same ladder and the same verdict as a real day. Only the
figures of outcomes beside the e-value are looked at once a week.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from attending.errors import BadInput
from attending.monitor.lived import live
from attending.monitor.planted import KINDS, OF_ALERTS, SIZES, Plant
from attending.monitor.simulated_year import DAYS
from attending.monitor.stub_policies import stubs
from attending.records.monitoring import ANSWERS, Delay, SimulationReport
from attending.statistics.wilson import wilson

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping, Sequence

    from attending.monitor.lived import Day, Lived, Place, World
    from attending.monitor.planted import Kind, Size
    from attending.records.monitoring import Drift, Finding
    from attending.records.prediction import Answer

#: The first day on which a shift may begin, and the days among which it is drawn.
ONSET, ONSETS = 120, 60
_SERIOUS = ("act", "stop")


#: What is kept of a year: a `Quiet` or a `Found` as a list, empty for a shift that was never seen.
Part: TypeAlias = list[Any]  # what JSON holds


class Quiet(NamedTuple):
    """What the policy did in one quiet year, as counts; `wrong` is 1 for a stop or a fallback."""

    wrong: int
    watches: int
    acts: int
    actionable: int
    informational: int


class Found(NamedTuple):
    """After how many days and mature outcomes a shift was seen, and how it was called."""

    days: int
    outcomes: int
    drift: Drift


class _Years(NamedTuple):
    """Years by name, each lived through once."""

    kept: MutableMapping[str, Part]
    each: Callable[[], None]

    def part(self, name: str, work: Callable[[], tuple[Any, ...] | None]) -> Part:
        """Return what a year left, from what was kept or from living through it now."""
        if name not in self.kept:
            self.kept[name] = list(work() or ())
            self.each()
        return self.kept[name]


def simulate(
    world: World,
    *,
    years: int,
    seed: int,
    runs: int = 5,
    each: Callable[[], None] = lambda: None,
    kept: MutableMapping[str, Part] | None = None,
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
        kept: years that were lived through before, by name; each new one is put in as it ends. They
            must be of the same world and seed.

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
    lived = _Years({} if kept is None else kept, each)
    quiet = [
        Quiet(*lived.part(f"0.{at}", partial(_quiet, world, (seed, 0, at)))) for at in range(years)
    ]
    shifts = []
    for at, plant in enumerate(plants, start=1):
        parts = [
            lived.part(f"{at}.{run}", partial(_found, world, plant, (seed, at, run)))
            for run in range(runs)
        ]
        shifts.append(_delay(plant, [Found(*one) if one else None for one in parts]))
    wrong = sum(year.wrong for year in quiet)
    share = wilson(wrong, years)
    acts = sum(year.acts for year in quiet) / years
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
        watches_per_year=sum(year.watches for year in quiet) / years,
        acts_per_year=acts,
        shifts=tuple(shifts),
        actionable_per_year=sum(year.actionable for year in quiet) / years,
        informational_per_year=sum(year.informational for year in quiet) / years,
        stubs=stubs(tuple(shifts), acts_per_year=acts, runs=runs, seed=seed),
    )


def _plants(world: World) -> list[_Planted]:
    """Return every kind in every size, everywhere and at the middle site."""
    ordered = sorted(world.sites, key=lambda one: (one.held.n, one.held.site))
    where = [None, ordered[len(ordered) // 2]] if ordered else [None]
    kinds = [one for one in KINDS if one.name not in OF_ALERTS or world.held.threshold is not None]
    return [_Planted(kind, size, place) for place in where for kind in kinds for size in SIZES]


def _quiet(world: World, seed: tuple[int, ...]) -> Quiet:
    """Return what every day of a year showed in which nothing is wrong."""
    lived = live(world, None, seed=seed)
    year = [lived.on(day) for day in range(DAYS)]
    return Quiet(
        wrong=int(any(_at_least(day, "fallback") for day in year)),
        watches=_episodes(year, "watch"),
        acts=_episodes(year, "freeze"),
        actionable=_new(year, serious=True),
        informational=_new(year, serious=False),
    )


class _Planted(NamedTuple):
    kind: Kind
    size: Size
    place: Place | None

    @property
    def figure(self) -> float:
        return self.kind.sizes[SIZES.index(self.size)]


def _found(world: World, planted: _Planted, seed: tuple[int, int, int]) -> Found | None:
    """Return when the shift led to a freeze or more, None for never."""
    onset = ONSET + int(np.random.default_rng([*seed, 7]).integers(0, ONSETS))
    place = planted.place.at if planted.place else None
    plant = Plant(planted.kind.name, planted.figure, onset, place)
    return _seen(live(world, plant, seed=seed), onset)


def _seen(lived: Lived, onset: int) -> Found | None:
    for day in range(onset, DAYS):
        verdict = lived.on(day).verdict
        if verdict is not None and _strict(verdict.answer, "freeze"):
            outcomes = lived.matured_between(onset, day)
            return Found(day - onset + 1, outcomes, verdict.drift)
    return None


def _delay(planted: _Planted, years: Sequence[Found | None]) -> Delay:
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
