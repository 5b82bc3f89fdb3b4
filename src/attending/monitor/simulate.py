"""Try the policy on years in which nothing is wrong, and on years in which one thing is.

The rate of wrong stops is counted, not promised: every day of every year goes through the same
monitors, the same trust conditions, the same ladder and the same verdict as a real day. Only the
figures of outcomes beside the e-value are looked at once a week.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.monitor.concept import Matured, calibration, lately, proof, weigh
from attending.monitor.data import compare, expected, volume
from attending.monitor.simulated_year import DAYS, Shift, live_through, windows
from attending.monitor.together import together
from attending.monitor.verdict import decide
from attending.monitor.workflow import Usage, look
from attending.records.monitoring import ANSWERS, Delay, MonitorReport, SimulationReport
from attending.statistics.wilson import wilson
from attending.times import EPOCH, format_instant

if TYPE_CHECKING:
    from attending.monitor.data import Expected
    from attending.monitor.simulated_year import Validation, Windows, Year
    from attending.monitor.together import Seen
    from attending.records.monitoring import Drift, Reference, Verdict
    from attending.records.prediction import Answer
    from attending.specs.monitoring import MonitoringSpec
    from attending.types import Floats

_DAY_US = 24 * 3600 * 1_000_000
#: Days from a prediction to its mature outcome.
LABEL_DAYS = 35
#: The first day on which a shift may begin, and the days among which it is drawn.
ONSET, ONSETS = 120, 60
_SHIFTS: tuple[tuple[Shift, Drift], ...] = (
    ("calibration", "concept"),
    ("helpful_alerts", "workflow"),
    ("missing_feed", "data"),
    ("unit_switch", "data"),
    ("case_mix", "data"),
)


@dataclass(frozen=True)
class _World:
    spec: MonitoringSpec
    held: Reference
    known: Expected
    validation: Validation
    per_day: float


def simulate(
    spec: MonitoringSpec,
    held: Reference,
    validation: Validation,
    *,
    years: int,
    seed: int,
    runs: int = 5,
) -> SimulationReport:
    """Return how often the policy stops a model that is well, and how soon it sees one that is not.

    Args:
        spec: the policy.
        held: the frozen reference.
        validation: the rows from which years are drawn.
        years: how many quiet years.
        seed: the same seed gives the same report.
        runs: how many years for each planted shift.

    Raises:
        BadInput: no years, or rows that are not the reference's features.
    """
    if years < 1 or runs < 1 or validation.x.shape[1] != len(held.features):
        raise BadInput(
            f"got {years} years and {validation.x.shape[1]} features, expected 1 or more and "
            f"{len(held.features)}",
            code="simulate.input",
            hint="Pass the validation rows in the order of the reference's features.",
        )
    per_day = (held.weekly_mean or 280.0) / 7
    world = _World(spec, held, expected(spec, held), validation, per_day)
    quiet = [_quiet(world, seed=(seed, 0, at)) for at in range(years)]
    wrong = sum(any(_at_least(v, "fallback") for v in year) for year in quiet)
    share = wilson(wrong, years)
    shifts = tuple(
        _delay(world, shift, drift, seed=(seed, 1 + at), runs=runs)
        for at, (shift, drift) in enumerate(_SHIFTS)
    )
    return SimulationReport(
        spec=spec.digest,
        reference=held.digest,
        seed=seed,
        years=years,
        days_per_year=DAYS,
        predictions_per_day=per_day,
        wrong_stops=wrong,
        rate=wrong / years,
        low=share.low or 0.0,
        high=share.high if share.high is not None else 1.0,
        watches_per_year=sum(_episodes(year, "watch") for year in quiet) / years,
        acts_per_year=sum(_episodes(year, "freeze") for year in quiet) / years,
        shifts=shifts,
    )


def _quiet(world: _World, *, seed: tuple[int, ...]) -> list[Verdict | None]:
    """Return the verdict of every day of a year in which nothing is wrong."""
    lived = _lived(world, ("none", DAYS), seed=seed)
    return [lived.on(day) for day in range(DAYS)]


def _delay(world: _World, shift: Shift, drift: Drift, *, seed: tuple[int, int], runs: int) -> Delay:
    """Return how soon a planted shift led to a freeze or more, and whether its type was right."""
    delays: list[int] = []
    right = 0
    for at in range(runs):
        onset = ONSET + int(np.random.default_rng([*seed, at, 7]).integers(0, ONSETS))
        lived = _lived(world, (shift, onset), seed=(*seed, at))
        for day in range(onset, DAYS):
            verdict = lived.on(day)
            if verdict is not None and _at_least(verdict, "freeze"):
                delays.append(day - onset + 1)
                right += verdict.drift == drift
                break
    return Delay(
        shift=shift,
        expected=drift,
        runs=runs,
        detected=len(delays),
        named_right=right,
        median_days=float(np.median(delays)) if delays else None,
        p95_days=float(np.quantile(delays, 0.95)) if delays else None,
    )


def _at_least(verdict: Verdict | None, answer: Answer) -> bool:
    return verdict is not None and ANSWERS.index(verdict.answer) >= ANSWERS.index(answer)


def _episodes(year: list[Verdict | None], answer: Answer) -> int:
    """Return how many times the answer rose to a level or above it."""
    levels = [_at_least(v, answer) for v in year]
    return sum(now and not before for before, now in zip([False, *levels], levels, strict=False))


@dataclass(frozen=True)
class _Lived:
    """A year that was lived through, of which any day can be judged."""

    world: _World
    seen: Windows
    matured: Matured
    proof: Floats

    def on(self, day: int) -> Verdict | None:
        """Return the verdict of a day, None where nothing was found."""
        value = float(self.proof[day])
        return _one_day(self.world, self.seen, self.matured, value=value, day=day)


def _lived(world: _World, shift: tuple[Shift, int], *, seed: tuple[int, ...]) -> _Lived:
    rng = np.random.default_rng(list(seed))
    year = live_through(world.held, world.validation, per_day=world.per_day, shift=shift, rng=rng)
    return _Lived(world, windows(world.held, year), _matured(world, year), _proof(world, year))


def _matured(world: _World, year: Year) -> Matured:
    """Return the outcomes of a year as they mature."""
    over = world.held.threshold if world.held.threshold is not None else np.inf
    when = ((year.day + LABEL_DAYS) * _DAY_US).astype("datetime64[us]")
    return Matured(year.risk, year.outcome, year.risk >= over, when)


def _proof(world: _World, year: Year) -> Floats:
    """Return the highest e-value up to the end of each day."""
    inside = year.day + LABEL_DAYS < DAYS
    matured = _matured(world, year).where(inside)
    return proof(world.spec.concept, matured, day=year.day[inside] + LABEL_DAYS, days=DAYS)


def _one_day(
    world: _World, seen: Windows, matured: Matured, *, value: float, day: int
) -> Verdict | None:
    """Return the verdict of a day, None where nothing was found."""
    parts = [*_data_of(world, seen, day), _concept_of(world, matured, value=value, day=day)]
    found, _, _ = together(world.spec, world.held, parts)
    # What a young deployment cannot show yet is a matter of its start, not of the policy.
    found = tuple(one for one in found if one.name != "trust_not_shown")
    if not found:
        return None
    at = EPOCH + timedelta(days=day + 1)
    report = MonitorReport(
        model=world.held.model,
        version=world.held.version,
        stage="live",
        at=at,
        reference=f"simulated at {format_instant(at)}",
        spec="simulated",
        n_predictions=0,
        n_matured=0,
        n_events=0,
        findings=found,
    )
    return decide(world.spec, report, at=at)


def _data_of(world: _World, seen: Windows, day: int) -> list[Seen]:
    """Return what inputs, scores, volume and alerts show on a day."""
    spec = world.spec
    first = max(day + 1 - spec.data.window // _DAY_US, 0)
    newest = seen.newest(day, spec.data.minimum_rows)
    fast, _ = compare(spec, world.known, seen.between(newest, day))
    scored = int(seen.rows[day + 1] - seen.rows[first])
    alerted = int(seen.alerts[day + 1] - seen.alerts[first])
    used = Usage(asked=scored, refused=0, unscored=0, scored=scored, alerted=alerted)
    parts: list[Seen] = [
        compare(spec, world.known, seen.between(first, day)),
        (fast, ()),
        look(spec, world.held, used, responses=None),
    ]
    if day >= 7:
        week = int(seen.rows[day + 1] - seen.rows[day - 6])
        parts.append(volume(spec, world.held, last_week=week))
    return parts


def _concept_of(world: _World, matured: Matured, *, value: float, day: int) -> Seen:
    """Return what mature outcomes show: the e-value daily, the other figures once a week."""
    weekly = day % 7 == 0
    if value < 1 / world.spec.concept.watch_alpha and not weekly:
        return (), ()
    at = np.datetime64((day + 1) * _DAY_US, "us")
    by_now = matured.where(matured.matured_at < at)
    if weekly:
        return weigh(world.spec, world.held, by_now, at=at, shown=True, value=value)
    recent = lately(world.spec, by_now, at)
    return calibration(world.spec, by_now, recent, value=value, shown=True), ()
