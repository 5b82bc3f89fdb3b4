"""A made-up year that was lived through, any day of which can be judged as a real one is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.monitor.concept import (
    Looks,
    Matured,
    Proof,
    calibration,
    lately,
    proof,
    weigh,
    weigh_site,
)
from attending.monitor.data import Week, compare, expected, volume
from attending.monitor.estimated import estimate
from attending.monitor.simulated_windows import windows
from attending.monitor.simulated_year import DAYS, live_through
from attending.monitor.together import at_site, together
from attending.monitor.verdict import decide
from attending.monitor.workflow import look
from attending.records.monitoring import MonitorReport
from attending.times import EPOCH, format_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.monitor.data import Expected
    from attending.monitor.planted import Plant
    from attending.monitor.simulated_windows import Windows
    from attending.monitor.simulated_year import Validation, Year
    from attending.monitor.together import Seen
    from attending.records.monitoring import Finding, Reference, Verdict
    from attending.specs.monitoring import MonitoringSpec
    from attending.types import Floats

_DAY_US = 24 * 3600 * 1_000_000
#: Days from a prediction to its mature outcome.
LABEL_DAYS = 35


@dataclass(frozen=True)
class Place:
    """A site that is watched alone: its position among the rows' sites, and its reference."""

    at: int
    held: Reference
    known: Expected


@dataclass(frozen=True)
class World:
    """A policy, what it is held to, and the rows from which years are drawn."""

    spec: MonitoringSpec
    held: Reference
    known: Expected
    validation: Validation
    per_day: float
    sites: tuple[Place, ...] = ()
    reference: str = ""

    @classmethod
    def of(
        cls,
        spec: MonitoringSpec,
        held: Reference,
        validation: Validation,
        *,
        by_site: Mapping[str, Reference] | None = None,
    ) -> World:
        """Return the world of a policy.

        Args:
            spec: the policy.
            held: the frozen reference.
            validation: the rows from which years are drawn.
            by_site: the reference of each site that is also watched alone, if it has rows.

        Raises:
            BadInput: the rows are not of the reference's features.
        """
        if validation.x.shape[1] != len(held.features):
            raise BadInput(
                f"got {validation.x.shape[1]} features, expected {len(held.features)}",
                code="simulate.input",
                hint="Pass the validation rows in the order of the reference's features.",
            )
        places: list[Place] = []
        looks = 1 + len(by_site or {})
        for name, one in sorted((by_site or {}).items()):
            if name in validation.sites:
                at = validation.sites.index(name)
                own = _as_drawn(one, validation.risk[validation.site == at])
                places.append(Place(at, own, expected(spec, own, places=looks)))
        per_day = (held.weekly_mean or 280.0) / 7
        own = _as_drawn(held, validation.risk)
        known = expected(spec, own, places=looks)
        return cls(spec, own, known, validation, per_day, tuple(places), held.digest)


def _as_drawn(held: Reference, risk: Floats) -> Reference:
    """Return a reference with the AUROC that outcomes have when they follow the risks.

    Made-up outcomes do; the validated AUROC is of real ones, and would look like a rise or a fall.
    """
    if held.auroc is None:
        return held
    order = np.argsort(risk, kind="stable")
    events, others = risk[order], 1 - risk[order]
    below = np.cumsum(others) - others / 2
    shift = float(events @ below / (events.sum() * others.sum())) - held.auroc
    moved = {
        name: None if value is None else value + shift
        for name, value in (
            ("auroc", held.auroc),
            ("auroc_low", held.auroc_low),
            ("auroc_high", held.auroc_high),
        )
    }
    return held.model_copy(update=moved)


@dataclass(frozen=True)
class Day:
    """What a day showed: its findings, and the verdict, None where nothing was found."""

    findings: tuple[Finding, ...] = ()
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Lived:
    """A year that was lived through."""

    world: World
    seen: Windows
    by_site: tuple[Windows, ...]
    matured: Matured
    proof: Proof

    def on(self, day: int) -> Day:
        """Return what a day showed."""
        spec, held = self.world.spec, self.world.held
        parts = [*_of_place(spec, self.world.known, self.seen, day=day), self._outcomes(day)]
        for place, seen in zip(self.world.sites, self.by_site, strict=True):
            # Trust conditions ask nothing of one site, so its measures are not carried along.
            there = [one for one, _ in _of_place(spec, place.known, seen, day=day) if one]
            parts += [at_site(place.held.site, (one, ())) for one in there]
        found, _, _ = together(spec, held, parts)
        # What a young deployment cannot show yet is a matter of its start, not of the policy.
        found = tuple(one for one in found if one.name != "trust_not_shown")
        return Day(found, _verdict(self.world, found, day)) if found else Day()

    def matured_between(self, first: int, last: int) -> int:
        """Return how many outcomes matured from the start of a day to the end of another."""
        low, high = (np.datetime64(at * _DAY_US, "us") for at in (first, last + 1))
        return int(((self.matured.matured_at >= low) & (self.matured.matured_at < high)).sum())

    def _outcomes(self, day: int) -> Seen:
        """Return what outcomes show: the e-value daily, the other figures once a week."""
        spec = self.world.spec
        proven = self.proof.on(day)
        weekly = day % 7 == 0
        if proven.value < 1 / spec.concept.watch_alpha and not weekly:
            return (), ()
        at = np.datetime64((day + 1) * _DAY_US, "us")
        by_now = self.matured.where(self.matured.matured_at < at)
        if not weekly:
            recent = lately(spec, by_now, at)
            return calibration(spec, by_now, recent, proven=proven, shown=True), ()
        looks = Looks(at, shown=True, places=1 + len(self.world.sites))
        rows = self.seen.rows
        first = max(day + 1 - spec.data.window // _DAY_US, 0)
        risk = self.seen.year.risk[int(rows[first]) : int(rows[day + 1])]
        recent = lately(spec, by_now, at)
        foretold = estimate(spec, self.world.held, risk, recent=recent, proven=proven)
        parts = [weigh(spec, self.world.held, by_now, seen=looks, proven=proven)]
        parts += [weigh_site(spec, place.held, by_now, seen=looks) for place in self.world.sites]
        parts.append(foretold)
        found = tuple(one for some, _ in parts for one in some)
        return found, tuple(one for _, some in parts for one in some)


def live(world: World, plant: Plant | None, *, seed: tuple[int, ...]) -> Lived:
    """Return a year that was lived through, quiet or with a shift planted in it."""
    rng = np.random.default_rng(list(seed))
    year = live_through(world.held, world.validation, per_day=world.per_day, plant=plant, rng=rng)
    return watch(world, year)


def watch(world: World, year: Year) -> Lived:
    """Return a year as the policy sees it, whoever made it up.

    Args:
        world: the policy and what it is held to.
        year: the predictions, what became of the patients, and what people did.
    """
    matured = _matured(world, year)
    inside = year.day + LABEL_DAYS < DAYS
    return Lived(
        world,
        windows(world.held, year),
        tuple(windows(place.held, year.at(place.at)) for place in world.sites),
        matured,
        proof(
            world.spec.concept,
            matured.where(inside),
            day=year.day[inside] + LABEL_DAYS,
            days=DAYS,
            sites=tuple(place.held.site for place in world.sites),
        ),
    )


def _matured(world: World, year: Year) -> Matured:
    """Return the outcomes of a year as they mature."""
    when = ((year.day + LABEL_DAYS) * _DAY_US).astype("datetime64[us]")
    names = np.array(world.validation.sites or ("",))
    return Matured(year.risk, year.outcome, year.flagged, when, names[year.site])


def _of_place(spec: MonitoringSpec, known: Expected, seen: Windows, *, day: int) -> list[Seen]:
    """Return what inputs, scores, volume and use of the score show on a day, of all or one site."""
    first = max(day + 1 - spec.data.window // _DAY_US, 0)
    newest = seen.newest(day, spec.data.minimum_rows)
    fast, _ = compare(spec, known, seen.between(newest, day))
    used, responses = seen.usage(first, day)
    parts: list[Seen] = [
        compare(spec, known, seen.between(first, day)),
        (fast, ()),
        look(spec, known.held, used, responses=responses),
    ]
    if day >= 7:
        week = int(seen.rows[day + 1] - seen.rows[day - 6])
        parts.append(volume(spec, known.held, last_week=Week(week)))
    return parts


def _verdict(world: World, found: tuple[Finding, ...], day: int) -> Verdict:
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
