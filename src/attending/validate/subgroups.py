"""The model in each group and each quarter: too few events is insufficient, never fine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attending.records.range import Range
from attending.records.validation import PeriodRow, SubgroupRow
from attending.statistics.bootstrap_draws import spread
from attending.statistics.multiplicity import holm
from attending.statistics.special import ndtr
from attending.statistics.suppression import is_small, suppress_groups, tells_small
from attending.statistics.threshold_metrics import counts_of_flags
from attending.validate.data import MODEL
from attending.validate.estimates import drawn
from attending.validate.evidence import QUARTER
from attending.validate.tables import small_cell

if TYPE_CHECKING:
    from attending.statistics.suppression import Hidden
    from attending.types import Ints, Mask
    from attending.validate.evidence import Evidence
    from attending.validate.groups import Coded

_ALPHA = 0.05
_AT_CUT = ("sensitivity", "specificity", "ppv", "net_benefit")


def subgroup_rows(evidence: Evidence) -> tuple[SubgroupRow, ...]:
    """Return one row for each group of each attribute asked for; missing is a group."""
    rows: list[SubgroupRow] = []
    for attribute in evidence.spec.subgroups:
        column = evidence.attributes[attribute]
        sizes, events = _sizes(evidence, column)
        pairs = [(int(n), int(e)) for n, e in zip(sizes, events, strict=True)]
        hidden = suppress_groups(pairs, smallest=evidence.small)
        largest = int(np.argmax(sizes))
        rows.extend(
            _row(
                evidence,
                (attribute, label, column.labels[largest]),
                mask=column.mask(label),
                counts=pairs[at],
                hidden=hidden[at],
            )
            for at, label in enumerate(column.labels)
        )
    return _adjusted(evidence, rows)


def _adjusted(evidence: Evidence, rows: list[SubgroupRow]) -> tuple[SubgroupRow, ...]:
    """Return the rows with p-values of their gaps, adjusted over all groups that have one.

    Looking at many groups finds one that differs by chance; Holm's adjustment takes that back.
    """
    found = ((at, _p(evidence, row)) for at, row in enumerate(rows))
    p_values = {at: p for at, p in found if p is not None}
    if not p_values:
        return tuple(rows)
    for at, p in zip(p_values, holm(list(p_values.values())).tolist(), strict=True):
        gap = rows[at].auroc_gap.value or 0.0
        changed = {"auroc_gap_p": p, "shown_worse": p < _ALPHA and gap < 0.0}
        rows[at] = rows[at].model_copy(update=changed)
    return tuple(rows)


def _p(evidence: Evidence, row: SubgroupRow) -> float | None:
    """Return the two-sided p-value of a gap in AUROC, from its spread over the draws."""
    if row.auroc_gap.value is None:
        return None
    reference = _largest(evidence, row.attribute)
    draws = evidence.draws
    one = draws.values("auroc", MODEL, group=f"{row.attribute}={row.group}")
    two = draws.values("auroc", MODEL, group=f"{row.attribute}={reference}")
    away = (one - two)[1:]
    away = away[~np.isnan(away)]
    spread_ = float(away.std(ddof=1)) if away.size > 1 else 0.0
    return float(2.0 * ndtr(-abs(row.auroc_gap.value) / spread_)) if spread_ > 0.0 else None


def _largest(evidence: Evidence, attribute: str) -> str:
    column = evidence.attributes[attribute]
    return column.labels[int(np.argmax(_sizes(evidence, column)[0]))]


def _row(
    evidence: Evidence,
    names: tuple[str, str, str],
    *,
    mask: Mask,
    counts: tuple[int, int],
    hidden: Hidden,
) -> SubgroupRow:
    attribute, label, largest = names
    n, events = counts
    group = f"{attribute}={label}"
    row = SubgroupRow(
        attribute=attribute,
        group=label,
        n=None if hidden.n else n,
        events=None if hidden.events else events,
        suppressed=hidden.n or hidden.events,
        status="ok" if evidence.enough(mask) else "insufficient",
        reference=label == largest,
    )
    few = tells_small(events, n, smallest=evidence.small) or is_small(n, smallest=evidence.small)
    if row.status != "ok" or few:
        return row
    figures = {
        name: drawn(evidence.draws, name, MODEL, group=group, threshold=None)
        for name in ("auroc", "observed_expected", "brier")
    }
    figures["auroc_gap"] = _gap(evidence, "auroc", (group, f"{attribute}={largest}"))
    if not hidden.events:
        figures |= _at_threshold(evidence, group, mask=mask, reference=f"{attribute}={largest}")
    prevalence = None if hidden.events else events / n
    return row.model_copy(update={**figures, "prevalence": prevalence})


def _at_threshold(
    evidence: Evidence, group: str, *, mask: Mask, reference: str
) -> dict[str, Range]:
    """Return the figures at the first threshold, unless they would tell a small count."""
    cut = evidence.cuts[MODEL][0]
    if cut is None:
        return {}
    found = counts_of_flags(evidence.data.outcome[mask], evidence.data.risk[mask] >= cut)
    made = {}
    if not tells_small(found.flagged, found.rows, smallest=evidence.small):
        made["alert_rate"] = drawn(evidence.draws, "alert_rate", MODEL, group=group, threshold=cut)
    if not small_cell(found, evidence.small):
        for name in _AT_CUT:
            made[name] = drawn(evidence.draws, name, MODEL, group=group, threshold=cut)
        made["sensitivity_gap"] = _gap(evidence, "sensitivity", (group, reference), cut=cut)
    return made


def _gap(
    evidence: Evidence, measure: str, groups: tuple[str, str], *, cut: float | None = None
) -> Range:
    """Return a group minus the reference group on the same draws."""
    group, reference = groups
    if group == reference or (reference, MODEL) not in evidence.draws.names:
        return Range()
    first = evidence.draws.values(measure, MODEL, group=group, threshold=cut)
    away = first - evidence.draws.values(measure, MODEL, group=reference, threshold=cut)
    found = spread(away[1:])
    value = None if np.isnan(away[0]) else float(away[0])
    return Range(value=value, low=found.low, high=found.high)


def period_rows(evidence: Evidence) -> tuple[PeriodRow, ...]:
    """Return one row for each quarter where the calendar is real; none where it is not."""
    column = evidence.attributes.get(QUARTER)
    if column is None:
        return ()
    sizes, events = _sizes(evidence, column)
    pairs = [(int(n), int(e)) for n, e in zip(sizes, events, strict=True)]
    hidden = suppress_groups(pairs, smallest=evidence.small)
    return tuple(
        _period(evidence, label, counts=pairs[at], hidden=hidden[at])
        for at, label in enumerate(column.labels)
    )


def _period(
    evidence: Evidence, label: str, *, counts: tuple[int, int], hidden: Hidden
) -> PeriodRow:
    n, events = counts
    group = f"{QUARTER}={label}"
    enough = (group, MODEL) in evidence.draws.names
    row = PeriodRow(
        period=label,
        n=None if hidden.n else n,
        events=None if hidden.events else events,
        suppressed=hidden.n or hidden.events,
        status="ok" if enough else "insufficient",
    )
    if not enough or tells_small(events, n, smallest=evidence.small):
        return row
    return row.model_copy(
        update={
            name: drawn(evidence.draws, name, MODEL, group=group, threshold=None)
            for name in ("auroc", "observed_expected")
        }
    )


def _sizes(evidence: Evidence, column: Coded) -> tuple[Ints, Ints]:
    count = len(column.labels)
    sizes = np.bincount(column.codes, minlength=count)
    events = np.bincount(column.codes, evidence.data.outcome, minlength=count)
    return sizes.astype(np.int64), events.astype(np.int64)
