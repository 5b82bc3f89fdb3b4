"""A feature as the catalogue holds it: its definition without what records say of it, digested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.digests import digest_of

if TYPE_CHECKING:
    from attending.records.catalogue import CatalogueFeature
    from attending.specs.features import FeatureSpec, FeaturesSpec

#: Told by records (approvals, endings) or only a name for what is written out.
_NOT_DEFINED = ("status", "replacement", "catalogue", "code_list")


def definition(spec: FeaturesSpec, feature: FeatureSpec) -> dict[str, Any]:
    """Return the fields of a feature that are not defaults, the codes of its list written out.

    >>> from attending.specs.features import FeaturesSpec
    >>> sex = {"name": "male", "label": "Sex is male", "kind": "static", "codes": ["GENDER//M"]}
    >>> sex |= {"owner": "dana", "purpose": "risk", "status": "approved"}
    >>> spec = FeaturesSpec.model_validate({"name": "f", "version": "1", "features": [sex]})
    >>> sorted(definition(spec, spec.features[0]))
    ['codes', 'kind', 'label', 'name', 'owner', 'purpose']
    """
    said = feature.model_dump(mode="json", exclude_defaults=True, exclude=set(_NOT_DEFINED))
    if feature.codes or feature.code_list:
        said["codes"] = sorted(spec.codes_of(feature))
    return said


def definition_digest(spec: FeaturesSpec, feature: FeatureSpec) -> str:
    """Return the digest of a definition and, of a derived feature, of those of its operands.

    Two projects whose features have one digest compute the same.
    """
    needed = _needed(spec, feature)
    found: dict[str, str] = {}
    # Operands stand before what is derived from them: each is digested once, at any depth.
    for one in (one for one in spec.features if one.name in needed):
        names = one.expression.names if one.expression else ()
        operands = {name: found[name] for name in names}
        found[one.name] = digest_of({"definition": definition(spec, one), "operands": operands})
    return found[feature.name]


def _needed(spec: FeaturesSpec, feature: FeatureSpec) -> set[str]:
    """Return the names of a feature and of all that it is derived from."""
    known = {one.name: one for one in spec.features}
    needed: set[str] = set()
    waiting = [feature.name]
    while waiting:
        one = known[waiting.pop()]
        if one.name not in needed:
            needed.add(one.name)
            waiting += one.expression.names if one.expression else ()
    return needed


def changed_fields(before: CatalogueFeature, after: CatalogueFeature) -> tuple[str, ...]:
    """Return the fields that differ between two versions; `operands` when one of those did."""
    old, new = before.definition, after.definition
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    same = before.definition_digest == after.definition_digest
    if not names and not same:
        names.append("operands")
    if set(before.readers) != set(after.readers):
        names.append("readers")
    return tuple(sorted(names))
