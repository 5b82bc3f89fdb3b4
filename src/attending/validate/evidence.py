"""Everything that figures and gates read: rows by group, thresholds by model, and the draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from attending.specs.validation_gates import NetBenefitNotWorse
from attending.statistics.bootstrap import bootstrap
from attending.statistics.net_benefit import decision_thresholds
from attending.statistics.workload import calendar_days
from attending.validate.additions import add_models
from attending.validate.cuts import ACTED, asked_cut, decided_thresholds, place_thresholds
from attending.validate.data import MODEL
from attending.validate.groups import coded, quarters

if TYPE_CHECKING:
    from attending.specs.validation import ValidationSpec
    from attending.statistics.bootstrap_draws import Draws
    from attending.types import Ints, Mask, Risks
    from attending.validate.additions import Added
    from attending.validate.data import ValidationData
    from attending.validate.groups import Coded

ALL = "all"
QUARTER = "quarter"
SITE = "site"


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
        added: by baseline, the baseline alone and with the model, cross-fitted; in the draws
            under `NAME alone` and `NAME with the model`.
        places: by place, the two thresholds of its capacity and its harm.
        decided: by baseline of decisions, the model's thresholds at equal alerts and sensitivity.
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
    added: dict[str, Added] = field(default_factory=dict)
    places: dict[str, tuple[float | None, float]] = field(default_factory=dict)
    decided: dict[str, tuple[float, float]] = field(default_factory=dict)

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

    def decides(self, name: str) -> bool:
        """Return whether a model's figures are decisions that people took."""
        found = self.data.baselines.get(name)
        return found is not None and found.decision

    @property
    def days(self) -> int | None:
        """Return how many days the period has, those without a prediction too; None without."""
        return None if self.day is None else int(self.day.max()) + 1

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
            asked_cut(asked, spec_day=day, name=name, risks=risks, data=data)
            for asked in spec.thresholds
        )
        for name in risks
    }
    masks = _compared_masks(spec, data, attributes)
    attributes |= further_attributes(data)
    large = _large_groups(spec, data, attributes)
    added = add_models(spec, data, patient)
    places = place_thresholds(spec, data, attributes, day=day)
    decided = decided_thresholds(data)
    wanted = {t for each in cuts.values() for t in each if t is not None}
    wanted |= {max(by for by in found if by is not None) for found in places.values()}
    wanted |= {t for found in decided.values() for t in (*found, ACTED)}
    extra = {word: risk for name, found in added.items() for word, risk in found.named(name)}
    paired = {f"{ALL} & {name}" if f"{ALL} & {name}" in masks else ALL for name in added}
    draws = bootstrap(
        data.outcome,
        {**risks, **extra},
        data.cluster,
        groups={**large, **{name: mask for name, mask in masks.items() if name != ALL}},
        thresholds=sorted(wanted | set(_asked_risks(spec))),
        only={
            *((g, m) for g in masks for m in risks),
            *((g, MODEL) for g in large),
            *((g, word) for g in paired for word in extra),
        },
        draws=spec.bootstrap.draws,
        seed=spec.bootstrap.seed,
    )
    return Evidence(
        spec, data, patient, day, risks, attributes, masks, cuts, draws, added, places, decided
    )


def further_attributes(data: ValidationData) -> dict[str, Coded]:
    """Return quarters, where days are real, and sites, where there are several."""
    found = {}
    if data.has_days and data.prediction_time is not None:
        found[QUARTER] = quarters(data.prediction_time)
    site = data.site if data.site is not None else data.groups.get("site")
    if site is not None:
        column = coded(site)
        if len(column.labels) > 1 or data.fitted_sites is not None:
            found[SITE] = column
    return found


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
