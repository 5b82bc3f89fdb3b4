"""What the pages need that no tour leaves behind: a feature that is shared, and a proposal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from attending.lifecycle import catalogue
from attending.lifecycle.desk import keep, open_desk
from attending.lifecycle.kept_project import kept_project
from attending.records.prediction import OutcomeJoin
from attending.records.recalibration import RecalibrationProposal
from attending.records.run import Run
from benchmarks.pages_home import BUSIEST

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.types import Instant

_MAKER = "dana"


def furnish(home: Path, *, at: Instant) -> None:
    """Share the features of the busiest model, and propose an update of it, where none is.

    The update is made up, for the policy of the tour lets nobody ask for one yet; its page is
    that of any other.

    Args:
        home: the folder of the home; it is changed.
        at: the instant of the new entries; not before the last of the home.

    Raises:
        SystemExit: it is not the home of a tour.
    """
    with open_desk(home, at=at, actor=_MAKER) as desk:
        if furnished(desk):
            return
        stands = desk.home.deployments.current(BUSIEST)
        joined = desk.home.catalog.latest(OutcomeJoin, model=BUSIEST)
        if stands is None or joined is None:
            raise SystemExit(f"{BUSIEST} has no version, or no outcomes")
        project = kept_project(desk, desk.home.catalog.get(stands.run, Run))
        catalogue.publish(replace(desk, actor=_MAKER), project.features)
        made = RecalibrationProposal(
            model=BUSIEST,
            version=stands.version,
            run=stands.run,
            outcomes=joined.digest,
            policy=str(stands.release_spec),
            as_of=at,
            since=at - timedelta(days=90),
            until=at - timedelta(days=30),
            n=joined.n_matured,
            n_events=joined.n_events,
            observed_expected=1.31,
            p_values=(0.001, 0.002, 0.34),
            terms=(),
            update="intercept",
            intercept=0.27,
        )
        keys = {"model": BUSIEST, "version": stands.version, "run": stands.run}
        keep(desk, made, action="change.propose", keys=keys, details={"update": made.update})


def furnished(desk: Desk) -> list[str]:
    """Return the pages of what was made here: no link need lead a reader to them first."""
    found = desk.home.catalog.list(RecalibrationProposal.kind, model=BUSIEST)
    proposed = [f"/models/{BUSIEST}/watch/proposals/{one.digest}" for one in found]
    shared = [f"/catalogue/features/{name}/lineage" for name in catalogue.names(desk)[:1]]
    return [*proposed, *shared]
