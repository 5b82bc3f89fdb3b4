"""What changed between two versions of the features, and whether it can change a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.records.features import FeatureChange, FeatureDiff
from attending.specs.base import dump

if TYPE_CHECKING:
    from attending.specs.features import FeatureSpec, FeaturesSpec

#: Fields that only people read; a change of one is told but changes no value.
FOR_PEOPLE = frozenset({
    "label",
    "owner",
    "purpose",
    "status",
    "replacement",
    "source",
    "freshness",
    "code_list",
    "catalogue",
})  # fmt: skip


def diff(before: FeaturesSpec, after: FeaturesSpec) -> FeatureDiff:
    """Return what was added, removed or changed, feature by feature."""
    old = {feature.name: feature for feature in before.features}
    new = {feature.name: feature for feature in after.features}
    changes = [
        FeatureChange(name=name, change="removed", changes_values=True)
        for name in old
        if name not in new
    ]
    for name, feature in new.items():
        if name not in old:
            changes.append(FeatureChange(name=name, change="added", changes_values=True))
            continue
        fields = _fields(_written(before, old[name]), _written(after, feature))
        if fields:
            told = not set(fields) <= FOR_PEOPLE
            changes.append(
                FeatureChange(name=name, change="changed", fields=fields, changes_values=told)
            )
    return FeatureDiff(before=before.digest, after=after.digest, changes=tuple(changes))


def _written(spec: FeaturesSpec, feature: FeatureSpec) -> dict[str, object]:
    return {**dump(feature), "codes": sorted(spec.codes_of(feature))}


def _fields(before: dict[str, object], after: dict[str, object]) -> tuple[str, ...]:
    return tuple(name for name in before if before[name] != after[name])
