"""Sixty rules as both sides state them: a contract of ours, and checks of pandera on polars."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attending.specs.contract import ContractSpec
from attending.specs.read_yaml import parse_spec
from benchmarks.events import CODES, SITES, UNITS

if TYPE_CHECKING:
    from collections.abc import Iterator

#: (name, kind, code, low, high, words): sixty of them.
Rule = tuple[str, str, str, float, float, tuple[str, ...]]


def rules() -> list[Rule]:
    """Return sixty rules: ranges, units, null rates, sites, columns that are required, order."""
    return list(_rules())


def _rules() -> Iterator[Rule]:
    for code in CODES[:30]:
        yield f"range-{code[5:]}", "range", code, 0.0, 250.0, ()
    for place, code in enumerate(CODES[:15]):
        yield f"unit-{code[5:]}", "unit", code, 0, 0, (UNITS[place % len(UNITS)],)
    for code in CODES[15:23]:
        yield f"nulls-{code[5:]}", "nulls", code, 0, 5.0, ()
    yield "sites", "site", "", 0, 0, tuple(SITES)
    yield "codes", "code", "", 0, 0, tuple(CODES)
    for column in ("subject_id", "known_at", "code"):
        yield f"required-{column}", "required", column, 0, 0, ()
    yield "order", "order", "", 0, 0, ()
    yield "repeats", "repeats", "", 0, 0, ()


def ours() -> ContractSpec:
    """Return the rules as a contract."""
    columns: dict[str, list[dict[str, Any]]] = {}
    table: list[dict[str, Any]] = []
    required = []
    for name, kind, code, low, high, words in rules():
        about = {"codes": [code]} if code else {}
        made = {"id": name, "metric": "invalidValues", "mustBe": 0}
        if kind == "range":
            stated = {**made, "arguments": {**about, "minimum": low, "maximum": high}}
            columns.setdefault("numeric_value", []).append(stated)
        elif kind in {"unit", "site", "code"}:
            stated = {**made, "arguments": {**about, "validValues": list(words)}}
            columns.setdefault(kind, []).append(stated)
        elif kind == "nulls":
            stated = {"id": name, "metric": "nullValues", "arguments": about, "unit": "percent"}
            columns.setdefault("numeric_value", []).append({**stated, "mustBeLessThan": high})
        elif kind == "repeats":
            key = ["subject_id", "time", "code"]
            stated = {**made, "metric": "duplicateValues", "arguments": {"properties": key}}
            table.append(stated)
        elif kind == "required":
            required.append(code)
    kinds = {"subject_id": "integer", "known_at": "timestamp", "numeric_value": "number"}
    properties = [
        {
            "name": name,
            "logicalType": kinds.get(name, "string"),
            "required": name in required,
            "quality": columns.get(name, []),
        }
        for name in dict.fromkeys([*required, *columns])
    ]
    text = {
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": "bench", "name": "Bench",
        "version": "1.0.0", "status": "active", "description": {"purpose": "Timing"},
        "schema": [{"name": "events", "properties": properties, "quality": table}],
    }  # fmt: skip
    return parse_spec(json.dumps(text).encode(), ContractSpec, name="contract.yaml")
