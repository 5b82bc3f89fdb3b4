"""Draft a contract from what a snapshot holds: rules with room, for people to read and tighten.

Values are counted in ten bins a decade, so a bound is a bin's edge and never a patient's value;
a bound leaves at least eleven rows outside no bin, and codes of fewer rows get no rule.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.units import to_ucum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.records.snapshot import Snapshot

#: One row a code, unit, site and bin of a shard; `bin` is null where there is no number.
PARTIAL_VALUES = pa.schema(
    [
        pa.field("code", pa.string()),
        pa.field("unit", pa.string()),
        pa.field("site", pa.string()),
        pa.field("bin", pa.int64()),
        pa.field("rows", pa.int64()),
    ]
)
#: The columns of events that are read.
VALUE_COLUMNS = ("code", "unit", "site", "numeric_value")
LEAST_ROWS = 11
_PER_DECADE = 10
_OFFSET = 1000
_REQUIRED = ("subject_id", "known_at", "code")


def partial_values(events: pa.Table) -> pa.Table:
    """Return how many rows of one shard fall into each code, unit, site and bin."""
    named = events.select(["code", "unit", "site"]).cast(
        pa.schema([PARTIAL_VALUES.field(name) for name in ("code", "unit", "site")])
    )
    binned = named.append_column("bin", bins_of(events["numeric_value"]))
    keys = binned.column_names
    found = binned.group_by(keys, use_threads=False).aggregate([([], "count_all")])
    counts = found["count_all"].cast(pa.int64())
    return pa.table([*(found[name] for name in keys), counts], schema=PARTIAL_VALUES)


def bins_of(values: pa.ChunkedArray) -> pa.Array:
    """Return the bin of every number: its sign and a tenth of its decade; 0 is a bin of its own.

    >>> bins_of(pa.chunked_array([[1.0, 0.0, -10.0, None]])).to_pylist()
    [1000, 0, -1010, None]
    """
    numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    size = np.abs(numbers)
    real = np.isfinite(numbers)
    with np.errstate(divide="ignore", invalid="ignore"):
        place = np.floor(_PER_DECADE * np.log10(size))
    place = np.where(real & (size > 0), place + _OFFSET, 0)
    signed = (np.sign(np.where(real, numbers, 0)) * place).astype(np.int64)
    return pa.array(signed, mask=~real)


def edges(place: int) -> tuple[float, float]:
    """Return the least and the largest value of a bin, rounded outward to two digits.

    >>> edges(1000), edges(0), edges(-1010)
    ((1.0, 1.3), (0.0, 0.0), (-13.0, -10.0))
    """
    if place == 0:
        return 0.0, 0.0
    tenth = abs(place) - _OFFSET
    low = _rounded(10 ** (tenth / _PER_DECADE), up=False)
    high = _rounded(10 ** ((tenth + 1) / _PER_DECADE), up=True)
    return (low, high) if place > 0 else (-high, -low)


def _rounded(value: float, *, up: bool) -> float:
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    turned = math.ceil(value / step - 1e-9) if up else math.floor(value / step + 1e-9)
    return float(f"{turned * step:.3g}")


@dataclass(frozen=True)
class _Seen:
    """What was counted of one code."""

    code: str
    rows: int
    nulls: int
    units: tuple[str, ...]
    bins: tuple[tuple[int, int], ...]


def infer(partials: pa.Table, snapshot: Snapshot, *, codes: int) -> str:
    """Return a draft contract as YAML.

    Args:
        partials: the counts of all shards.
        snapshot: what they are counts of.
        codes: how many codes get rules, the commonest first.
    """
    seen = [item for item in _codes(partials) if item.rows >= LEAST_ROWS][:codes]
    sites = sorted(set(filter(None, pc.unique(partials["site"]).to_pylist())))
    return "\n".join([*_head(snapshot), *_schema(seen), *_terms(snapshot, sites)]) + "\n"


def _codes(partials: pa.Table) -> list[_Seen]:
    """Return what was counted of every code, the commonest first."""
    rows: dict[str, list[tuple[str | None, int | None, int]]] = {}
    for row in partials.to_pylist():
        rows.setdefault(row["code"], []).append((row["unit"], row["bin"], row["rows"]))
    found = [_seen(code, parts) for code, parts in rows.items()]
    return sorted(found, key=lambda item: (-item.rows, item.code))


def _seen(code: str, parts: list[tuple[str | None, int | None, int]]) -> _Seen:
    bins: dict[int, int] = {}
    for _, place, count in parts:
        if place is not None:
            bins[place] = bins.get(place, 0) + count
    rows = sum(count for _, _, count in parts)
    units = tuple(sorted({unit for unit, _, _ in parts if unit}))
    return _Seen(code, rows, rows - sum(bins.values()), units, tuple(sorted(bins.items())))


def _head(snapshot: Snapshot) -> list[str]:
    return [
        f"# A draft, made from {snapshot.rows} events. Read every line before you sign it.",
        "apiVersion: v3.1.0",
        "kind: DataContract",
        f"id: {_id(snapshot.source_system)}",
        f"name: {_text(snapshot.source_system)}",
        "version: 0.1.0",
        "status: draft",
        "description: {purpose: Say what the data are for}",
        "servers: []  # say where the data stand, and in which region",
    ]


def _schema(seen: list[_Seen]) -> Iterator[str]:
    yield "schema:"
    yield "  - name: events"
    yield "    properties:"
    types = {"subject_id": "integer", "known_at": "timestamp", "code": "string"}
    for name in _REQUIRED:
        yield f"      - {{name: {name}, logicalType: {types[name]}, required: true}}"
    yield from _column("numeric_value", "number", [r for s in seen for r in _value_rules(s)])
    yield from _column("unit", "string", [r for s in seen for r in _unit_rules(s)])
    yield "    quality:"
    for item in seen:
        bounds = [math.floor(item.rows * 0.5), math.ceil(item.rows * 2)]
        yield f"      - {_rule(item, 'rows', metric='rowCount', stated={}, bound=bounds)}"
    if not seen:
        yield "      []"


def _column(name: str, kind: str, rules: list[str]) -> Iterator[str]:
    yield f"      - name: {name}"
    yield f"        logicalType: {kind}"
    if rules:
        yield "        quality:"
        yield from (f"          - {rule}" for rule in rules)


def _value_rules(item: _Seen) -> Iterator[str]:
    numbers = item.rows - item.nulls
    if numbers < LEAST_ROWS:
        return
    most = min(100, math.ceil(100 * item.nulls / item.rows) + 2)
    yield _rule(item, "nulls", metric="nullValues", stated={}, bound=most)
    low, high, outside = _range(item)
    stated: dict[str, object] = {"minimum": low, "maximum": high}
    most = min(100, math.ceil(100 * outside / numbers) + 1)
    yield _rule(item, "range", metric="invalidValues", stated=stated, bound=most)


def _range(item: _Seen) -> tuple[float, float, int]:
    """Return edges beyond which fewer than eleven rows lie on either side, and how many do."""
    places = [place for place, _ in item.bins]
    counts = np.asarray([count for _, count in item.bins])
    first = int(np.searchsorted(np.cumsum(counts), LEAST_ROWS))
    last = max(first, len(counts) - 1 - int(np.searchsorted(np.cumsum(counts[::-1]), LEAST_ROWS)))
    outside = int(counts[:first].sum() + counts[last + 1 :].sum())
    return edges(places[first])[0], edges(places[last])[1], outside


def _unit_rules(item: _Seen) -> Iterator[str]:
    if item.units and all(to_ucum(unit) for unit in item.units):
        yield _rule(
            item, "unit", metric="invalidValues", stated={"validValues": list(item.units)}, bound=0
        )


def _rule(
    item: _Seen,
    what: str,
    *,
    metric: str,
    stated: dict[str, object],
    bound: float | list[int],
) -> str:
    between = isinstance(bound, list)
    content: dict[str, object] = {"id": f"{_id(item.code)}_{what}", "metric": metric}
    content |= {"arguments": {"codes": [item.code], **stated}}
    content |= {"mustBeBetween" if between else "mustBeLessOrEqualTo": bound}
    if not between and what != "unit":
        content["unit"] = "percent"
    content["severity"] = "warning" if between else "error"
    return _text(content)


def _terms(snapshot: Snapshot, sites: list[str]) -> Iterator[str]:
    yield "customProperties:"
    source = [{"name": snapshot.source_system, "version": snapshot.source_version}]
    yield f"  - {_text({'property': 'attending.sources', 'value': source})}"
    yield f"  - {_text({'property': 'attending.timeZone', 'value': snapshot.time_zone})}"
    declared = snapshot.declared_availability()
    if declared:
        yield f"  - {_text({'property': 'attending.availability', 'value': declared})}"
    if sites:
        yield f"  - {_text({'property': 'attending.sites', 'value': sites})}"
    yield "# Add attending.permission, attending.residency and attending.vocabularies: data cannot"
    yield "# say who allowed their use, where they may stand, or which version of a code they use."


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _id(text: str) -> str:
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in text)
    return kept.strip("_") or "source"
