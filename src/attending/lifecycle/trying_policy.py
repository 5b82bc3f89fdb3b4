"""Try a project's monitoring policy on made-up years of its own model before it is trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.documents import delays
from attending.lifecycle.desk import keep
from attending.lifecycle.references import reference_of, rows_of_test, site_references
from attending.lifecycle.scoring import deployed
from attending.lifecycle.training import bundle_of
from attending.monitor.lived import World
from attending.monitor.simulate import simulate
from attending.monitor.simulated_year import Validation
from attending.records.run import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.monitoring import SimulationReport
    from attending.types import Risks

SEED = 20_260_101


def try_policy(
    desk: Desk,
    project: Project,
    *,
    years: int,
    runs: int = 5,
    version: str = "",
    each: Callable[[], None] = lambda: None,
) -> SimulationReport:
    """Return how the policy behaves in quiet years and under planted shifts, kept.

    Args:
        desk: where and when.
        project: whose policy is tried.
        years: how many quiet years.
        runs: how many years for each planted shift.
        version: such as `v1`; the newest that scores when empty.
        each: called after each year.
    """
    stands = deployed(desk, project, version)
    run = desk.home.catalog.get(stands.run, Run)
    rows, _, x = rows_of_test(desk, project, run)
    bundle = bundle_of(desk, run)
    risk: Risks = bundle.risk(x)
    by_site = {one.site: one for one in site_references(desk, project, stands.version)}
    sites = tuple(sorted({name for name in rows["site"].to_pylist() if name}))
    named = rows["site"].to_numpy(zero_copy_only=False)
    at = np.array([sites.index(name) if name else -1 for name in named], np.int64)
    drawn = Validation(x, risk, bundle.risk, sites=sites, site=at)
    report = simulate(
        World.of(
            project.monitoring,
            reference_of(desk, project, stands.version),
            drawn,
            by_site=by_site if len(sites) > 1 else None,
        ),
        years=years,
        seed=SEED,
        runs=runs,
        each=each,
    )
    keep(
        desk,
        report,
        action="monitor.simulate",
        keys={"model": project.name, "version": stands.version},
        details={"years": years, "wrong": report.wrong_stops},
    )
    return report


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
