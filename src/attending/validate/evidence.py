"""Everything that figures and gates read: rows by group, thresholds by model, and the draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.specs.validation_gates import NetBenefitNotWorse
from attending.statistics.bootstrap import bootstrap
from attending.statistics.net_benefit import decision_thresholds
from attending.statistics.workload import calendar_days, threshold_for_capacity
from attending.validate.data import MODEL
from attending.validate.groups import coded, quarters

if TYPE_CHECKING:
    from attending.specs.validation import ThresholdAsked, ValidationSpec
    from attending.statistics.bootstrap_draws import Draws
    from attending.types import Ints, Mask, Risks
    from attending.validate.data import ValidationData
    from attending.validate.groups import Coded

ALL = "all"
QUARTER = "quarter"


@dataclass(frozen=True)
class Evidence:
    """Rows, thresholds and draws of one validation.

    Args:
        spec: what was asked.
        data: the rows.
        patient: shape (n,), patients from 0.
        day: shape (n,), days from 0; None without a real calendar.
        risks: the model, baselines and others by name; NaN where a baseline is missing.
        attributes: the subgroups asked for, and quarters where days are real.
        masks: rows by name: `all`, `age=80+`, `all & lace` where LACE has a value.
        cuts: by model, the value of each threshold asked for; None where it has none.
        draws: all models where they are compared, the model in every group that is large enough.
    """

    spec: ValidationSpec
    data: ValidationData
    patient: Ints
    day: Ints | None
    risks: dict[str, Risks]
    attributes: dict[str, Coded]
    masks: dict[str, Mask]
    cuts: dict[str, tuple[float | None, ...]]
    draws: Draws

    def counts(self, mask: Mask) -> tuple[int, int]:
        """Return rows and events of a mask."""
        return int(np.count_nonzero(mask)), int(np.count_nonzero(self.data.outcome[mask]))

    def enough(self, mask: Mask) -> bool:
        """Return whether a mask has the events and non-events that the spec wants."""
        return _enough(self.spec, *self.counts(mask))

    def paired(self, group: str, baseline: str) -> str:
        """Return the name of the rows of a group on which a baseline has a value."""
        name = f"{group} & {baseline}"
        return name if name in self.masks else group

    def has_probability(self, name: str) -> bool:
        """Return whether a model's figures are probabilities."""
        found = self.data.baselines.get(name)
        return found is None or found.risk is not None

    @property
    def small(self) -> int:
        """Return the largest count that is not shown."""
        return self.spec.suppress_counts_up_to


def gather(spec: ValidationSpec, data: ValidationData) -> Evidence:
    """Return the evidence for a spec; the data are already checked."""
    _, patient = np.unique(data.cluster, return_inverse=True)
    day = None
    if data.has_days and data.prediction_time is not None:
        day = calendar_days(data.prediction_time)
    risks = all_risks(data)
    attributes = {name: coded(data.attribute(name)) for name in spec.subgroups}
    cuts = {
        name: tuple(
            _cut(asked, spec_day=day, name=name, risks=risks, data=data)
            for asked in spec.thresholds
        )
        for name in risks
    }
    masks = _compared_masks(spec, data, attributes)
    if data.has_days and data.prediction_time is not None:
        attributes = {**attributes, QUARTER: quarters(data.prediction_time)}
    large = _large_groups(spec, data, attributes)
    wanted = {t for each in cuts.values() for t in each if t is not None}
    draws = bootstrap(
        data.outcome,
        risks,
        data.cluster,
        groups={**large, **{name: mask for name, mask in masks.items() if name != ALL}},
        thresholds=sorted(wanted | set(_asked_risks(spec))),
        only={*((g, m) for g in masks for m in risks), *((g, MODEL) for g in large)},
        draws=spec.bootstrap.draws,
        seed=spec.bootstrap.seed,
    )
    return Evidence(spec, data, patient, day, risks, attributes, masks, cuts, draws)


def all_risks(data: ValidationData) -> dict[str, Risks]:
    """Return the risks of the model, the baselines (raw where there is no risk) and the others."""
    risks = {MODEL: data.risk}
    for name, found in data.baselines.items():
        risks[name] = found.score if found.risk is None else found.risk
    return {**risks, **data.others}


def _asked_risks(spec: ValidationSpec) -> list[float]:
    """Return the thresholds of the decision curve and of gates."""
    curve = spec.decision_curve
    asked = decision_thresholds(curve.low, curve.high, step=curve.step)
    for gate in spec.gates:
        if isinstance(gate, NetBenefitNotWorse):
            asked.extend(gate.thresholds)
    return asked


def _cut(
    asked: ThresholdAsked,
    *,
    name: str,
    risks: dict[str, Risks],
    data: ValidationData,
    spec_day: Ints | None,
) -> float | None:
    """Return a threshold's value for one model; None where it cannot have one."""
    found = data.baselines.get(name)
    if asked.risk is not None:
        return asked.risk if found is None or found.risk is not None else None
    risk = risks[name]
    risk = risk[~np.isnan(risk)]
    if risk.size == 0:
        return None
    if asked.alerts_per_100 is not None:
        return threshold_for_capacity(risk, days=risk.size / 100.0, per_day=asked.alerts_per_100)
    if spec_day is None or asked.alerts_per_day is None:
        return None
    days = float(spec_day.max()) + 1.0
    return threshold_for_capacity(risk, days=days, per_day=asked.alerts_per_day)


def _compared_masks(
    spec: ValidationSpec, data: ValidationData, attributes: dict[str, Coded]
) -> dict[str, Mask]:
    """Return the rows of all groups of a comparison, and where each baseline has a value."""
    masks: dict[str, Mask] = {ALL: np.ones(data.outcome.size, dtype=np.bool_)}
    for group in spec.groups_compared():
        attribute, label = group.split("=", 1)
        masks[group] = attributes[attribute].mask(label)
    for name, found in data.baselines.items():
        known = ~np.isnan(found.score)
        if not bool(known.all()):
            masks |= {f"{group} & {name}": masks[group] & known for group in _plain(masks)}
    return masks


def _plain(masks: dict[str, Mask]) -> list[str]:
    return [name for name in masks if " & " not in name]


def _large_groups(
    spec: ValidationSpec, data: ValidationData, attributes: dict[str, Coded]
) -> dict[str, Mask]:
    """Return the groups of all attributes that have enough events and non-events."""
    large = {}
    for attribute, column in attributes.items():
        sizes = np.bincount(column.codes, minlength=len(column.labels))
        events = np.bincount(column.codes, data.outcome, minlength=len(column.labels))
        for at, label in enumerate(column.labels):
            if _enough(spec, int(sizes[at]), int(events[at])):
                large[f"{attribute}={label}"] = column.mask(label)
    return large


def _enough(spec: ValidationSpec, n: int, events: int) -> bool:
    return events >= spec.minimum_events and n - events >= spec.minimum_non_events
