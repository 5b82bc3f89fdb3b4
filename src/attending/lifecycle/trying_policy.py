"""Try a project's monitoring policy on made-up years of its own model before it is trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attending.documents import delays
from attending.lifecycle.desk import keep
from attending.lifecycle.lived_years import open_years
from attending.lifecycle.provenance import code_digest
from attending.lifecycle.references import reference_of, rows_of_test, site_references
from attending.lifecycle.scoring import deployed
from attending.lifecycle.training import bundle_of
from attending.monitor.lived import World
from attending.monitor.simulate import simulate
from attending.monitor.simulated_year import Validation
from attending.records.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.monitoring import SimulationReport
    from attending.records.release import Deployment
    from attending.types import Risks

SEED = 20_260_101


@dataclass(frozen=True)
class Trial:
    """How much is lived through.

    Attributes:
        years: quiet years.
        runs: years for each planted shift.
        resume: a file in which each year is kept, and from which it goes on.
        each: called after each year.
    """

    years: int
    runs: int = 5
    resume: Path | None = None
    each: Callable[[], None] = lambda: None


def try_policy(
    desk: Desk, project: Project, trial: Trial, *, version: str = ""
) -> SimulationReport:
    """Return how the policy behaves in quiet years and under planted shifts, kept.

    Args:
        desk: where and when.
        project: whose policy is tried.
        trial: how much is lived through.
        version: such as `v1`; the newest that scores when empty.

    Raises:
        BadInput: no years, or those of the file are of another policy, version or code.
    """
    stands = deployed(desk, project, version)
    world, whose = _world(desk, project, stands)
    report = simulate(
        world,
        years=trial.years,
        seed=SEED,
        runs=trial.runs,
        each=trial.each,
        kept=None if trial.resume is None else open_years(trial.resume, whose),
    )
    keep(
        desk,
        report,
        action="monitor.simulate",
        keys={"model": project.name, "version": stands.version},
        details={"years": trial.years, "wrong": report.wrong_stops},
    )
    return report


def _world(desk: Desk, project: Project, stands: Deployment) -> tuple[World, dict[str, Any]]:
    """Return the world of a version's policy, and the digests on which its years depend."""
    run = desk.home.catalog.get(stands.run, Run)
    rows, _, x = rows_of_test(desk, project, run)
    bundle = bundle_of(desk, run)
    risk: Risks = bundle.risk(x)
    held = reference_of(desk, project, stands.version)
    by_site = {one.site: one for one in site_references(desk, project, stands.version)}
    sites = tuple(sorted({name for name in rows["site"].to_pylist() if name}))
    named = rows["site"].to_numpy(zero_copy_only=False)
    at = np.array([sites.index(name) if name else -1 for name in named], np.int64)
    world = World.of(
        project.monitoring,
        held,
        Validation(x, risk, bundle.risk, sites=sites, site=at),
        by_site=by_site if len(sites) > 1 else None,
    )
    whose = {
        "spec": project.monitoring.digest,
        "references": sorted([held.digest, *(one.digest for one in by_site.values())]),
        "run": run.digest,
        "seed": SEED,
        "code": code_digest(),
    }
    return world, whose


class Tried(NamedTuple):
    """A report in the words of people: tables as header and rows, and lines."""

    delays: tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
    policies: tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]
    lines: tuple[str, ...]


def in_words(report: SimulationReport) -> Tried:
    """Return what a simulation showed, in words."""
    shown = delays.table(report)
    return Tried((shown.header, shown.rows), delays.policies(report), delays.lines(report))


def as_picture(report: SimulationReport) -> bytes:
    """Return the delays as SVG."""
    return delays.draw(report)
