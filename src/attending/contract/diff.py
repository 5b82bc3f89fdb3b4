"""Compare two contracts: what changed, and what of it changes the input of models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attending.records.contract import ContractChange, ContractDiff
from attending.specs.base import dump

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.specs.contract import ContractSpec

#: Fields that nobody computes with; all others are what models rest on.
_WORDS_ONLY = frozenset(
    {
        "version", "name", "status", "domain", "tenant", "team", "roles", "description",
        "business_name", "custom_properties.attending.permission", "classification",
        "custom_properties.attending.residency", "custom_properties.attending.flows",
        "custom_properties.attending.deidentification",
    }
)  # fmt: skip
#: Terms whose names and versions are no mere words: another assay or system is another input.
_NAMES_BIND = ("custom_properties.attending.methods.", "custom_properties.attending.sources.")


def diff(before: ContractSpec, after: ContractSpec) -> ContractDiff:
    """Return what two contracts say differently.

    A remapped code system, a changed range, unit or method, another source or another rule of
    availability changes what models are fed, and asks for their review; names and teams do not.
    """
    old, new = dict(_leaves(dump(before), "")), dict(_leaves(dump(after), ""))
    changes = [
        ContractChange(
            path=path,
            before=old.get(path),
            after=new.get(path),
            model_input=not _words_only(path),
        )
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    ]
    return ContractDiff(before=before.digest, after=after.digest, changes=tuple(changes))


def resting_on(spec: ContractSpec) -> dict[str, str]:
    """Return what of a contract models rest on, by path: all but words, teams and permissions."""
    leaves = _leaves(dump(spec), "")
    return {path: value for path, value in sorted(leaves) if not _words_only(path)}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    """Iterate over the plain values under their names; listed parts go by name, not by place."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for place, item in enumerate(value):
            yield from _leaves(item, f"{path}.{_name(item, place)}")
    elif value is not None:
        yield path, json.dumps(value, sort_keys=True)


def _name(item: dict[str, Any], place: int) -> str:
    for key in ("id", "name", "property", "server", "role", "username"):
        if item.get(key):
            return str(item[key])
    return str(place)


def _words_only(path: str) -> bool:
    parts = path.split(".")
    if path.startswith(_NAMES_BIND):
        return parts[-1] == "description"
    whole = parts[0] in _WORDS_ONLY or parts[-1] in _WORDS_ONLY
    return whole or any(path.startswith(f"{name}.") for name in _WORDS_ONLY)
