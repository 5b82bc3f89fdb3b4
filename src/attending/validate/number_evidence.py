"""Everything that figures and gates of numbers read: rows by group, and the draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.records.range import Range
from attending.statistics.number_bootstrap import Predicted, number_bootstrap
from attending.validate.data import MODEL
from attending.validate.evidence import ALL
from attending.validate.groups import coded

if TYPE_CHECKING:
    from attending.specs.validation import ValidationSpec
    from attending.statistics.number_bootstrap import NumberDraws
    from attending.types import Ints, Mask
    from attending.validate.groups import Coded
    from attending.validate.number_data import NumberData


@dataclass(frozen=True)
class NumberEvidence:
    """Rows and draws of one validation of numbers.

    Args:
        spec: what was asked.
        data: the rows.
        owner: shape (n,), patients or units from 0.
        models: the model, baselines and others by name.
        attributes: the subgroups asked for.
        masks: rows by name: `all`, `age=80+`, `all & recorded` where that baseline has a value.
        draws: all models where they are compared, the model in every group that is large enough.
    """

    spec: ValidationSpec
    data: NumberData
    owner: Ints
    models: dict[str, Predicted]
    attributes: dict[str, Coded]
    masks: dict[str, Mask]
    draws: NumberDraws

    def counts(self, mask: Mask) -> tuple[int, int]:
        """Return rows and clusters of a mask."""
        return int(np.count_nonzero(mask)), len(np.unique(self.owner[mask]))

    def enough(self, mask: Mask) -> bool:
        """Return whether a mask has the rows and clusters that the spec wants."""
        return _enough(self.spec, *self.counts(mask))

    def paired(self, group: str, baseline: str) -> str:
        """Return the name of the rows of a group on which a baseline has a value."""
        name = f"{group} & {baseline}"
        return name if name in self.masks else group

    def drawn(self, measure: str, model: str, *, group: str = ALL) -> Range:
        """Return a measure with its bootstrap interval."""
        found = self.draws.interval(measure, model, group=group)
        value = self.draws.point(measure, model, group=group)
        return Range(value=value, low=found.low, high=found.high)

    @property
    def small(self) -> int:
        """Return the largest count that is not shown."""
        return self.spec.suppress_counts_up_to


def gather_numbers(spec: ValidationSpec, data: NumberData) -> NumberEvidence:
    """Return the evidence for a spec; the data are already checked."""
    _, owner = np.unique(data.cluster, return_inverse=True)
    models = {MODEL: data.predicted}
    models |= {name: Predicted(found.value) for name, found in data.baselines.items()}
    models |= dict(data.others)
    attributes = {name: coded(data.attribute(name)) for name in spec.subgroups}
    masks = _masks(spec, data, attributes)
    groups = {
        f"{attribute}={label}": mask
        for attribute, column in attributes.items()
        for label in column.labels
        if _enough(spec, *_counts(mask := column.mask(label), owner))
    }
    draws = number_bootstrap(
        data.observed,
        models,
        data.cluster,
        groups={**groups, **masks},
        only={(group, name) for group in masks for name in models}
        | {(group, MODEL) for group in groups},
        draws=spec.bootstrap.draws,
        seed=spec.bootstrap.seed,
    )
    return NumberEvidence(spec, data, owner, models, attributes, masks, draws)


def _masks(spec: ValidationSpec, data: NumberData, attributes: dict[str, Coded]) -> dict[str, Mask]:
    masks: dict[str, Mask] = {ALL: np.ones(data.observed.size, dtype=np.bool_)}
    for group in spec.groups_compared():
        attribute, label = group.split("=", 1)
        masks[group] = attributes[attribute].mask(label)
    whole = list(masks)
    for name, found in data.baselines.items():
        known = ~np.isnan(found.value)
        if not bool(known.all()):
            masks |= {f"{group} & {name}": masks[group] & known for group in whole}
    return masks


def _counts(mask: Mask, owner: Ints) -> tuple[int, int]:
    return int(np.count_nonzero(mask)), len(np.unique(owner[mask]))


def _enough(spec: ValidationSpec, rows: int, clusters: int) -> bool:
    return rows >= spec.minimum_rows and clusters >= spec.minimum_clusters
