"""A threshold for each unit or site: what its people can act on, and what a false alert costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.records.validation_parts import PlacePoint, PlaceRow
from attending.statistics.roc import roc_points
from attending.statistics.suppression import is_small, suppress_groups, tells_small
from attending.statistics.threshold_metrics import counts_of_flags
from attending.statistics.workload import burden
from attending.validate.data import MODEL
from attending.validate.estimates import drawn
from attending.validate.tables import small_cell

if TYPE_CHECKING:
    from attending.specs.workload import Place
    from attending.statistics.suppression import Hidden
    from attending.types import Mask
    from attending.validate.evidence import Evidence

_POINTS = 60


def place_rows(evidence: Evidence) -> tuple[PlaceRow, ...]:
    """Return one row a place, in the order of the plan; what tells a small count is left out.

    The places share their attribute's suppression with the subgroups, so that neither table tells
    what the other hides.
    """
    asked = evidence.spec.places
    if asked is None:
        return ()
    column = evidence.attributes[asked.by]
    masks = [column.mask(label) for label in column.labels]
    hidden = suppress_groups([evidence.counts(mask) for mask in masks], smallest=evidence.small)
    by_label = dict(zip(column.labels, hidden, strict=True))
    return tuple(
        _row(evidence, place, mask=column.mask(place.name), hidden=by_label.get(place.name))
        for place in asked.each
    )


def _row(evidence: Evidence, place: Place, *, mask: Mask, hidden: Hidden | None) -> PlaceRow:
    n, events = evidence.counts(mask)
    by_capacity, by_harm = evidence.places[place.name]
    blank = PlaceRow(
        place=place.name,
        n=0 if hidden is None else None if hidden.n else n,
        events=0 if hidden is None else None if hidden.events else events,
        status="ok" if evidence.enough(mask) and by_capacity is not None else "insufficient",
        rule="alerts_per_day" if place.alerts_per_day is not None else "alerts_per_100",
        capacity=place.alerts_per_day or place.alerts_per_100 or 0.0,
        false_alerts_per_event=place.false_alerts_per_event,
        by_harm=by_harm,
        action=place.action,
        instead_of=place.instead_of,
    )
    if blank.status != "ok" or by_capacity is None or hidden is None:
        return blank
    cut = max(by_capacity, by_harm)
    figures = {
        "by_capacity": by_capacity,
        "threshold": cut,
        "bound_by": "capacity" if by_capacity >= by_harm else "harm",
        "curve": () if hidden.events else _curve(evidence, mask),
    }
    shown = {} if hidden.n else _at(evidence, place.name, mask=mask, cut=cut, hidden=hidden)
    return blank.model_copy(update=figures | shown)


def _at(
    evidence: Evidence, name: str, *, mask: Mask, cut: float, hidden: Hidden
) -> dict[str, object]:
    """Return what the threshold does there, unless it would tell a small or hidden count."""
    risk = evidence.data.risk[mask]
    found = counts_of_flags(evidence.data.outcome[mask], risk >= cut)
    if tells_small(found.flagged, found.rows, smallest=evidence.small):
        return {}
    day = None if evidence.day is None else evidence.day[mask]
    load = burden(risk, evidence.patient[mask], threshold=cut, day=day, days=evidence.days)
    made: dict[str, object] = {
        "alerts_per_day": load.per_day,
        "busy_day": load.busy_day,
        "alerts_per_100": 100.0 * load.alerts / risk.size,
    }
    if not hidden.events and not small_cell(found, evidence.small):
        asked = evidence.spec.places
        group = f"{asked.by if asked else ''}={name}"
        made |= {
            measure: drawn(evidence.draws, measure, MODEL, group=group, threshold=cut)
            for measure in ("sensitivity", "ppv")
        }
        made["nne"] = found.flagged / found.tp
        made["net_benefit"] = evidence.draws.point("net_benefit", MODEL, group=group, threshold=cut)
    return made


def _curve(evidence: Evidence, mask: Mask) -> tuple[PlacePoint, ...]:
    """Return sensitivity and alerts over the threshold, thinned, without small cells."""
    outcome, risk = evidence.data.outcome[mask], evidence.data.risk[mask]
    events = int(outcome.sum())
    days = evidence.days
    points = []
    found = roc_points(outcome, risk)
    for point in found[:: max(1, len(found) // _POINTS)]:
        flagged = point.tp + point.fp
        cells = (point.tp, point.fp, events - point.tp, outcome.size - events - point.fp)
        if flagged == 0 or any(is_small(cell, smallest=evidence.small) for cell in cells):
            continue
        points.append(
            PlacePoint(
                threshold=point.threshold,
                sensitivity=point.tp / events,
                ppv=point.tp / flagged,
                alerts_per_day=None if days is None else flagged / days,
                alerts_per_100=100.0 * flagged / outcome.size,
            )
        )
    return tuple(points)
