"""What the monitors look at of an adopted model, and the end of what was accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.lifecycle.adopted_feed import model_of
from attending.lifecycle.adopting import inputs_table, of_version
from attending.lifecycle.scoring import contents_of
from attending.monitor.findings import make
from attending.times import format_instant

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.monitoring import MonitorReport
    from attending.records.release import Deployment
    from attending.types import Floats, Instant, Risks


def inputs_of(
    desk: Desk, stands: Deployment, *, since: Instant | None = None
) -> tuple[pa.Table, Callable[[Floats], Risks] | None]:
    """Return the inputs of the scores of a version, in the order of the scores, and the model.

    Of scores only there is a table of rows without inputs, and no model.

    Args:
        desk: where and when.
        stands: the version.
        since: the first prediction time; from the beginning if absent.
    """
    known, fitted = model_of(desk, stands)
    every = contents_of(desk, stands.model, since=since)
    mine = [one for one in every if one["version"] == stands.version]
    if fitted is None:
        return inputs_table(known, None, len(mine)), None
    cells = [[one["inputs"].get(name) for name in known.features] for one in mine]
    x = np.array(cells, dtype=np.float64).reshape(len(mine), len(known.features))
    return inputs_table(known, x, len(mine)), fitted.risk


def with_end(
    desk: Desk, project: Project, stands: Deployment, *, report: MonitorReport
) -> MonitorReport:
    """Return a report that also says when what is not shown is not accepted any more."""
    adoption = of_version(desk, stands)
    if adoption is not None and desk.at < adoption.expires_at:
        return report
    why = "its signatures do not stand"
    if adoption is not None:
        why = f"it ended {format_instant(adoption.expires_at)}"
    finding = make(
        project.monitoring,
        ("unknown", "act"),
        "acceptance_ended",
        subject="adoption",
        meaning=f"What is not shown of this model is not accepted any more: {why}. Adopt it again.",
    )
    return report.model_copy(update={"findings": (*report.findings, finding)})
