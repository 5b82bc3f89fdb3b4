"""Which fields a spec or a run had when it was first released: later ones stand aside when unsaid.

A field that came later and still has its default is left out of what is digested and printed. So
a spec that does not use it keeps its digest, and a run that was recorded before it was known reads
back to the same bytes. The default of such a field may never change, for it is what older specs
and runs mean. `first_fields.json` holds the fields of release 0.1.0; classes that are not in it
have no later fields.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Mapping


def as_first_said(model: BaseModel, said: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a model as plain values, without later ones that have their default.

    Args:
        model: the spec or part of a record.
        said: its fields, dumped.
    """
    unsaid = [
        key
        for name, (key, default) in _later(type(model)).items()
        if getattr(model, name) == default
    ]
    return {key: value for key, value in said.items() if key not in unsaid} if unsaid else said


def first_only(value: Any) -> Any:  # noqa: ANN401 - a model, or what stands in one
    """Return a model with the fields of the first release alone, whatever later ones say."""
    if isinstance(value, BaseModel):
        later = _later(type(value))
        kept = (name for name in type(value).model_fields if name not in later)
        return {name: first_only(getattr(value, name)) for name in kept}
    if isinstance(value, dict):
        return {key: first_only(item) for key, item in value.items()}
    return [first_only(item) for item in value] if isinstance(value, tuple | list) else value


@cache
def _later(kind: type[BaseModel]) -> Mapping[str, tuple[str, Any]]:  # a default of any type
    """Return by name the key and the default of each field that came later."""
    first = _first().get(f"{kind.__module__.removeprefix('attending.')}.{kind.__qualname__}")
    if first is None:
        return {}
    return {
        name: (
            (field.alias or name) if kind.model_config.get("serialize_by_alias") else name,
            field.get_default(call_default_factory=True),
        )
        for name, field in kind.model_fields.items()
        if name not in first and not field.is_required()
    }


@cache
def _first() -> Mapping[str, frozenset[str]]:
    text = resources.files("attending.specs").joinpath("first_fields.json").read_text("utf-8")
    return {name: frozenset(fields) for name, fields in json.loads(text).items()}
