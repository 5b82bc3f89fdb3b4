"""Leave one site out: fit without a hospital, judge on that hospital's test rows alone.

A held-out site's rows are new in place and in time. Its patients are left out of the fit wherever
they were seen. Parameters are those that the search over all sites took.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from attending.errors import BadInput
from attending.records.run import HeldOutSite
from attending.statistics.auroc import auroc_interval
from attending.statistics.brier import brier
from attending.statistics.observed_expected import observed_expected_interval
from attending.statistics.recalibration import calibration_slope
from attending.statistics.suppression import suppress_groups
from attending.train.candidate import At, fit_one

if TYPE_CHECKING:
    import pyarrow as pa

    from attending.specs.model import CandidateSpec
    from attending.statistics.suppression import Hidden
    from attending.train.candidate import Table
    from attending.train.split import Split
    from attending.types import Ints, Mask, Outcomes, Risks

#: With fewer of either outcome at a site no figure is given; counts to 10 are not told either.
LEAST = 11


def leave_one_site_out(
    table: Table, asked: CandidateSpec, *, split: Split, sites: pa.ChunkedArray
) -> tuple[HeldOutSite, ...]:
    """Return how a model that never saw a site does there, site by site in the order of names.

    Args:
        table: all rows.
        asked: the model, with the parameters that it is fitted with.
        split: the slices of all sites.
        sites: the site of every row; rows without one are in every fit and in no test.

    Raises:
        BadInput: fewer than two sites have test rows.
    """
    names = np.array(pc.fill_null(sites, "").to_pylist(), dtype=object)
    tested = sorted(set(names[split.test].tolist()) - {""})
    if len(tested) < 2:
        raise BadInput(
            f"{len(tested)} site has test rows, expected two or more to leave one out",
            code="split.one_site",
            hint="Write leave_one_site_out: false, or bring data of more sites.",
            where="model.yaml: split.leave_one_site_out",
        )
    found = [
        _without(table, asked, split=split, here=names == site).model_copy(update={"site": site})
        for site in tested
    ]
    counts = [(item.rows or 0, item.events or 0) for item in found]
    return tuple(
        _shown(item, hidden) for item, hidden in zip(found, suppress_groups(counts), strict=True)
    )


def _shown(item: HeldOutSite, hidden: Hidden) -> HeldOutSite:
    """Return a site without what would tell a count of 1 to 10, there or by subtraction."""
    if not hidden.n and not hidden.events:
        return item
    return HeldOutSite(
        site=item.site,
        status="insufficient",
        fit_rows=item.fit_rows,
        rows=None if hidden.n else item.rows,
        events=None,
    )


def _without(
    table: Table,
    asked: CandidateSpec,
    *,
    split: Split,
    here: Mask,
) -> HeldOutSite:
    ours = np.isin(table.rows.subject, table.rows.subject[here])

    def elsewhere(at: Ints) -> Ints:
        return at[~here[at] & ~ours[at]]

    train = elsewhere(split.train)
    judged = split.test[here[split.test]]
    events = int(table.y[judged].sum())
    enough = min(events, len(judged) - events) >= LEAST and _fits(table, train)
    found = HeldOutSite(
        site="",
        status="ok" if enough else "insufficient",
        fit_rows=len(train),
        rows=len(judged),
        events=events,
    )
    if not enough:
        return found
    at = At(train, elsewhere(split.tuning), elsewhere(split.calibration))
    risk = fit_one(table, asked, at=at).risk(table.x[judged])
    return found.model_copy(update=figures(table.y[judged], risk))


def _fits(table: Table, train: Ints) -> bool:
    events = int(table.y[train].sum())
    return min(events, len(train) - events) >= LEAST


def figures(outcome: Outcomes, risk: Risks) -> dict[str, float | None]:
    """Return discrimination and calibration of risks, with intervals.

    >>> found = figures(np.array([0, 0, 1, 1] * 9), np.array([0.1, 0.4, 0.35, 0.8] * 9))
    >>> found["auroc"], found["observed_expected"]
    (0.75, 1.2121212121212122)
    """
    ranked = auroc_interval(outcome, risk)
    ratio = observed_expected_interval(outcome, risk)
    return {
        "auroc": ranked.value,
        "auroc_low": ranked.low,
        "auroc_high": ranked.high,
        "observed_expected": ratio.value,
        "observed_expected_low": ratio.low,
        "observed_expected_high": ratio.high,
        "calibration_slope": calibration_slope(outcome, risk),
        "brier": brier(outcome, risk),
    }
