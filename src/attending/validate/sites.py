"""The model at each site, sites that the fit never saw apart, and how much sites differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.errors import BadInput
from attending.records.range import Range
from attending.records.validation_parts import SiteRow, SiteSpread
from attending.statistics.heterogeneity import heterogeneity
from attending.statistics.recalibration import recalibration
from attending.statistics.suppression import suppress_groups, tells_small
from attending.statistics.threshold_metrics import counts_of_flags
from attending.validate.calibrated import as_range
from attending.validate.data import MODEL
from attending.validate.estimates import drawn
from attending.validate.evidence import SITE
from attending.validate.tables import small_cell

if TYPE_CHECKING:
    from typing import Literal

    from attending.statistics.suppression import Hidden
    from attending.types import Floats, Mask
    from attending.validate.evidence import Evidence
    from attending.validate.groups import Coded


def site_rows(evidence: Evidence) -> tuple[SiteRow, ...]:
    """Return one row a site; none where the data are of one site that the fit saw."""
    column = evidence.attributes.get(SITE)
    if column is None:
        return ()
    masks = [column.mask(label) for label in column.labels]
    hidden = suppress_groups([evidence.counts(mask) for mask in masks], smallest=evidence.small)
    return tuple(
        _row(evidence, label, mask=masks[at], hidden=hidden[at])
        for at, label in enumerate(column.labels)
    )


def held_out(evidence: Evidence, site: str) -> bool:
    """Return whether the fit is known not to have seen a site."""
    seen = evidence.data.fitted_sites
    return seen is not None and site not in seen


def _row(evidence: Evidence, site: str, *, mask: Mask, hidden: Hidden) -> SiteRow:
    n, events = evidence.counts(mask)
    enough = evidence.enough(mask)
    row = SiteRow(
        site=site,
        held_out=held_out(evidence, site),
        n=None if hidden.n else n,
        events=None if hidden.events else events,
        status="ok" if enough else "insufficient",
    )
    if not enough or tells_small(events, n, smallest=evidence.small):
        return row
    group, data = f"{SITE}={site}", evidence.data
    figures: dict[str, Range] = {
        name: drawn(evidence.draws, name, MODEL, group=group, threshold=None)
        for name in ("auroc", "observed_expected", "brier")
    }
    try:
        line = recalibration(data.outcome[mask], data.risk[mask], cluster=evidence.patient[mask])
        figures["slope"] = as_range(line.slope)
    except BadInput:
        figures["slope"] = Range()  # one risk for all of the site's rows: there is no line
    cut = evidence.cuts[MODEL][0]
    if cut is not None and not hidden.events:
        found = counts_of_flags(data.outcome[mask], data.risk[mask] >= cut)
        if not small_cell(found, evidence.small):
            figures["net_benefit"] = drawn(
                evidence.draws, "net_benefit", MODEL, group=group, threshold=cut
            )
    return row.model_copy(update=figures)


def site_spreads(evidence: Evidence) -> tuple[SiteSpread, ...]:
    """Return how much AUROC and O:E differ between sites; none with fewer than two measured."""
    column = evidence.attributes.get(SITE)
    if column is None:
        return ()
    made = (_spread(evidence, column, measure) for measure in ("auroc", "observed_expected"))
    return tuple(found for found in made if found is not None)


def _spread(evidence: Evidence, column: Coded, measure: str) -> SiteSpread | None:
    values, variances = [], []
    for label in column.labels:
        if (f"{SITE}={label}", MODEL) not in evidence.draws.names:
            continue
        draws = _unbounded(measure, evidence.draws.values(measure, MODEL, group=f"{SITE}={label}"))
        kept = draws[1:][np.isfinite(draws[1:])]
        variance = float(kept.var(ddof=1)) if kept.size > 1 else 0.0
        if np.isfinite(draws[0]) and variance > 0.0:
            values.append(float(draws[0]))
            variances.append(variance)
    if len(values) < 2:
        return None
    found = heterogeneity(values, variances)
    return SiteSpread(
        measure=_named(measure),
        sites=found.sites,
        pooled=_back(measure, found.pooled, found.low, found.high),
        new_site=_back(measure, None, found.new_low, found.new_high),
        i2=found.i2,
        tau2=found.tau2,
        p=found.p,
    )


def _named(measure: str) -> Literal["auroc", "observed_expected"]:
    return "auroc" if measure == "auroc" else "observed_expected"


def _unbounded(measure: str, values: Floats) -> Floats:
    """Return values on a scale without bounds: the logit of the AUROC, the logarithm of O:E."""
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = values / (1.0 - values) if measure == "auroc" else values
        return np.asarray(np.log(odds), np.float64)


def _back(measure: str, *ends: float | None) -> Range:
    """Return figures of the scale without bounds as the measure has them."""

    def one(value: float | None) -> float | None:
        if value is None:
            return None
        odds = float(np.exp(value))
        return odds / (1.0 + odds) if measure == "auroc" else odds

    value, low, high = (one(end) for end in ends)
    return Range(value=value, low=low, high=high)
