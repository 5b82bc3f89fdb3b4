"""Years of real patients: drawn again with what became of them, and with one thing wrong at most.

No season, risk or outcome here comes from our own generator. The model is fitted on one half of the
patients and the years are drawn from the other; the few stays of the MIMIC-IV demo serve for both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.monitor.data import expected
from attending.monitor.lived import World, watch
from attending.monitor.simulated_year import DAYS, Validation, Year
from attending.monitor.stub_policies import stubs
from attending.records.monitoring import ANSWERS, Delay
from tests.monitor import real

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.records.monitoring import Drift

PER_DAY, ONSET = 20, 120
STRICT = ANSWERS[ANSWERS.index("freeze") :]
WRONG = ANSWERS[ANSWERS.index("restrict") :]
READ, SET_ASIDE = 0.85, 0.25


@dataclass(frozen=True)
class Stream:
    """A real set with a model of it: who comes in a year, and who else could.

    `column` is the input that is spoiled; `others` are patients of another kind.
    """

    ward: real.Ward
    comes: Any
    others: Any
    column: int

    @property
    def world(self) -> World:
        held, spec = self.ward.held, self.ward.spec
        drawn = Validation(self.ward.then, self.ward.risk(self.ward.then))
        return World(spec, held, expected(spec, held), drawn, PER_DAY)


def streams() -> dict[str, Stream]:
    """Return the three sets."""
    made = {}
    icu, diabetes, mimic = real.physionet(), real.diabetes(), real.mimic()
    for name, one, other, column in (
        ("PhysioNet 2012", icu, icu.group == 2, "Creatinine"),
        ("diabetes 130", diabetes, diabetes.x[:, 4] > 2, "num_medications"),
    ):
        order = np.random.default_rng(1).permutation(len(one.x))
        then, now = order[: len(order) // 2], order[len(order) // 2 :]
        at = one.names.index(column)
        made[name] = Stream(real.Ward(one, then), now, np.flatnonzero(other), at)
    every = np.arange(len(mimic.x))
    years = mimic.group == max(mimic.group)
    at = mimic.names.index("creatinine")
    ward = real.Ward(mimic, every)
    made["MIMIC-IV demo"] = Stream(ward, every, np.flatnonzero(years & (mimic.x[:, -1] > 15)), at)
    return made


def year(stream: Stream, *, kind: str = "", seed: tuple[int, ...] = (0,)) -> Year:
    """Return a year of real patients, drawn with what became of them; something is wrong or not."""
    rng = np.random.default_rng(list(seed))
    day = np.repeat(np.arange(DAYS), rng.poisson(PER_DAY, DAYS))
    rows, here = rng.choice(stream.comes, len(day)), day >= ONSET
    if kind == "other patients":
        rows = np.where(here, rng.choice(stream.others, len(day)), rows)
    one = stream.ward.real
    made = _made(stream, day, one.x[rows], one.outcome[rows], rng)
    return made if not kind else SHIFTS[kind][1](made, here, stream, rng)


def _made(stream: Stream, day: Any, x: Any, outcome: Any, rng: Any, read: Any = READ) -> Year:
    risk = stream.ward.risk(x)
    flagged = risk >= (stream.ward.held.threshold or 1.0)
    some = rng.random((2, len(day)))
    return Year(
        day=day,
        site=np.zeros(len(day), np.int64),
        x=x,
        risk=risk,
        outcome=outcome,
        flagged=flagged,
        acknowledged=flagged & (some[0] < read),
        overridden=flagged & (some[1] < SET_ASIDE),
        refused=np.zeros((DAYS, 1), np.int64),
    )


def _unit(made: Year, here: Any, stream: Stream, rng: Any, factor: float = 88.42) -> Year:
    x = made.x.copy()
    x[here, stream.column] *= factor
    return _made(stream, made.day, x, made.outcome, rng)


def _gone(made: Year, here: Any, stream: Stream, rng: Any) -> Year:
    return _unit(made, here, stream, rng, factor=float("nan"))


def _others(made: Year, _here: Any, _stream: Stream, _rng: Any) -> Year:
    return made  # who comes was drawn otherwise


def _turned(made: Year, here: Any, stream: Stream, rng: Any) -> Year:
    risk = np.where(here, 1 - made.risk, made.risk)
    flagged = risk >= (stream.ward.held.threshold or 1.0)
    some = rng.random((2, len(risk)))
    answered = {"acknowledged": flagged & (some[0] < READ)}
    answered["overridden"] = flagged & (some[1] < SET_ASIDE)
    return replace(made, risk=risk, flagged=flagged, **answered)


def _unread(made: Year, here: Any, stream: Stream, rng: Any) -> Year:
    return _made(stream, made.day, made.x, made.outcome, rng, np.where(here, 0.1, READ))


def _more(made: Year, here: Any, _stream: Stream, rng: Any) -> Year:
    worse = here & (rng.random(len(here)) < 0.2)
    return replace(made, outcome=np.where(worse, 1, made.outcome).astype(np.int8))


def _others_outcomes(made: Year, here: Any, _stream: Stream, rng: Any) -> Year:
    outcome = made.outcome.copy()
    outcome[here] = rng.permutation(outcome[here])
    return replace(made, outcome=outcome)


#: What goes wrong from a day on: the types that are a right answer, and what makes the year so.
SHIFTS: dict[str, tuple[tuple[Drift, ...], Callable[[Year, Any, Stream, Any], Year]]] = {
    "another unit": (("data",), _unit),
    "an input gone": (("data",), _gone),
    "other patients": (("data",), _others),
    "more events": (("concept",), _more),
    "outcomes of others": (("concept",), _others_outcomes),
    "alerts unread": (("workflow",), _unread),
    "scores turned round": (("unknown",), _turned),
}


@dataclass(frozen=True)
class Rates:
    """What the policy did in years of one set.

    Attributes:
        wrong: quiet years with a restriction, a fallback or a stop.
        frozen: quiet years in which it froze or more.
        delays: one for each kind of shift.
    """

    years: int
    wrong: int
    frozen: int
    delays: tuple[Delay, ...]

    @property
    def policies(self) -> Any:
        """Return ours and the stub policies, in one table."""
        runs = self.delays[0].runs
        return stubs(self.delays, acts_per_year=self.frozen / self.years, runs=runs, seed=1)


def rates(stream: Stream, *, years: int, runs: int) -> Rates:
    """Return what the policy does in quiet years, and in years in which something is wrong."""
    quiet = [_answers(stream, year(stream, seed=(1, at)), 0) for at in range(years)]
    delays = tuple(_delay(stream, kind, runs) for kind in SHIFTS)
    wrong = sum(any(answer in WRONG for _, answer, _ in one) for one in quiet)
    frozen = sum(any(answer in STRICT for _, answer, _ in one) for one in quiet)
    return Rates(years, wrong, frozen, delays)


def _answers(stream: Stream, made: Year, first: int) -> list[tuple[int, str, str]]:
    """Return day, answer and drift of every day on which something was found."""
    lived = watch(stream.world, made)
    days = ((day, lived.on(day).verdict) for day in range(first, DAYS))
    return [(day, one.answer, one.drift) for day, one in days if one is not None]


def _delay(stream: Stream, kind: str, runs: int) -> Delay:
    found = []
    for at in range(runs):
        made = year(stream, kind=kind, seed=(2, list(SHIFTS).index(kind), at))
        strict = [one for one in _answers(stream, made, ONSET) if one[1] in STRICT]
        found += strict[:1]
    right = SHIFTS[kind][0]
    return Delay(
        shift=kind,
        expected=right[0],
        runs=runs,
        detected=len(found),
        named_right=sum(drift in right for _, _, drift in found),
        median_days=float(np.median([day - ONSET + 1 for day, _, _ in found])) if found else None,
        size="large",
    )
