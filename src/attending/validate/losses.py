"""What it costs when a feature or a whole feed goes missing, at random or as at the worst site."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.errors import BadInput, did_you_mean
from attending.records.range import Range
from attending.records.validation_parts import LossRow
from attending.statistics.auroc import delong_difference
from attending.statistics.suppression import tells_small
from attending.validate.data import MODEL
from attending.validate.evidence import SITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.types import Floats, Ints, Mask, Risks
    from attending.validate.data import Inputs
    from attending.validate.evidence import Evidence

_FEWEST_ROWS = 30


class _Lost(NamedTuple):
    """What is lost: a feature or a feed, its columns, and how often."""

    what: str
    kind: str
    columns: Ints
    rate: float | None


def loss_rows(evidence: Evidence) -> tuple[LossRow, ...]:
    """Return one row for each loss of the plan; none without the model's inputs.

    Raises:
        BadInput: a feature to lose that the model does not have.
    """
    asked, inputs = evidence.spec.missingness, evidence.data.inputs
    if asked is None or inputs is None or not evidence.enough(evidence.masks["all"]):
        return ()
    chance = np.random.default_rng(asked.seed).random(len(inputs.x))
    return tuple(_row(evidence, inputs, lost, chance=chance) for lost in _losses(evidence, inputs))


def _losses(evidence: Evidence, inputs: Inputs) -> Iterator[_Lost]:
    asked = evidence.spec.missingness
    if asked is None:
        return
    place = {name: at for at, name in enumerate(inputs.names)}
    unknown = [name for name in asked.features if name not in place]
    if unknown:
        raise BadInput(
            f"got feature '{unknown[0]}' under missingness, which the model does not have",
            code="validate.unknown_feature",
            hint=did_you_mean(unknown[0], inputs.names),
        )
    groups: list[tuple[str, str, tuple[str, ...]]] = [
        (name, "feature", (name,)) for name in asked.features
    ]
    if asked.feeds:
        groups += [(name, "feed", columns) for name, columns in sorted(inputs.feeds.items())]
    rates: list[float | None] = [*asked.rates, *([None] if asked.at_site_rates else [])]
    for what, kind, names in groups:
        columns = np.array([place[name] for name in names], np.int64)
        for rate in rates:
            if rate is not None or _worst_site(evidence, inputs, columns):
                yield _Lost(what, kind, columns, rate)


def _worst_site(evidence: Evidence, inputs: Inputs, columns: Ints) -> float | None:
    """Return how often the site with least of some columns lacks them all; None without sites."""
    column = evidence.attributes.get(SITE)
    if column is None:
        return None
    missing = np.asarray(np.isnan(inputs.x[:, columns]).all(axis=1), np.bool_)
    masks = [column.mask(label) for label in column.labels]
    rates = [float(missing[mask].mean()) for mask in masks if mask.sum() >= _FEWEST_ROWS]
    return max(rates) if len(rates) > 1 else None


def _row(evidence: Evidence, inputs: Inputs, lost: _Lost, *, chance: Floats) -> LossRow:
    rate = lost.rate if lost.rate is not None else _worst_site(evidence, inputs, lost.columns)
    gone = chance < (rate or 0.0)
    there = np.asarray(~np.isnan(inputs.x[:, lost.columns]).all(axis=1), np.bool_)
    few = tells_small(int((gone & there).sum()), len(there), smallest=evidence.small)
    x = inputs.x.copy()
    x[np.ix_(gone, lost.columns)] = np.nan
    risk = inputs.risk_of(x)
    outcome, whole = evidence.data.outcome, evidence.data.risk
    found = delong_difference(outcome, risk, other=whole)
    expected = float(risk.sum())
    auroc = evidence.draws.point("auroc", MODEL)
    return LossRow(
        what=lost.what,
        kind="feature" if lost.kind == "feature" else "feed",
        rate=lost.rate,
        lost=None if few else float((gone & there).mean()),
        auroc=None if auroc is None else auroc + found.value,
        auroc_change=Range(value=found.value, low=found.low, high=found.high),
        observed_expected=float(outcome.sum()) / expected if expected > 0.0 else None,
        alert_ratio=_alert_ratio(risk, whole, cut=evidence.cuts[MODEL][0]),
    )


def _alert_ratio(risk: Risks, whole: Risks, *, cut: float | None) -> float | None:
    if cut is None:
        return None
    before: Mask = whole >= cut
    return float(np.count_nonzero(risk >= cut) / before.sum()) if before.any() else None
