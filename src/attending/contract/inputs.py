"""What models rest on: the contract, the source as it says it is, and units and vocabularies seen.

Two such bases are compared field by field. Whatever differs is a model-input change and asks for a
review; what only words or teams changed is not in the basis at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.contract.diff import resting_on
from attending.records.contract import ContractChange, InputBasis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.records.snapshot import Snapshot
    from attending.specs.contract import ContractSpec

#: One row a code and unit of a shard; counts of shards add up.
PARTIAL_INPUTS = pa.schema(
    [pa.field("code", pa.string()), pa.field("unit", pa.string()), pa.field("rows", pa.int64())]
)
#: The columns of events that are read.
INPUT_COLUMNS = ("code", "unit")


def partial_inputs(events: pa.Table) -> pa.Table:
    """Return how many rows of one shard carry each code and unit."""
    plain = events.select(["code", "unit"]).cast(PARTIAL_INPUTS.remove(2))
    found = plain.group_by(["code", "unit"], use_threads=False).aggregate([([], "count_all")])
    counts = found["count_all"].cast(pa.int64())
    return pa.table([found["code"], found["unit"], counts], schema=PARTIAL_INPUTS)


def input_basis(
    model: str, *, spec: ContractSpec, snapshot: Snapshot, partials: pa.Table
) -> InputBasis:
    """Return what a model rests on when it is fed from a snapshot under a contract.

    Args:
        model: the model's name.
        spec: the contract.
        snapshot: the snapshot.
        partials: the counts of all its shards.
    """
    measured = partials.filter(pc.is_valid(partials["unit"]))
    pairs = zip(measured["code"].to_pylist(), measured["unit"].to_pylist(), strict=True)
    units: dict[str, set[str]] = {}
    for code, unit in pairs:
        units.setdefault(code, set()).add(unit)
    codes = pc.unique(partials["code"]).to_pylist()
    return InputBasis(
        model=model,
        contract=resting_on(spec),
        source_system=snapshot.source_system,
        source_version=snapshot.source_version,
        time_zone=snapshot.time_zone,
        units={code: tuple(sorted(found)) for code, found in sorted(units.items())},
        vocabularies=tuple(sorted({code.split("//")[0] for code in codes if code})),
    )


def input_changes(before: InputBasis, after: InputBasis) -> tuple[ContractChange, ...]:
    """Return what a model is fed now that it was not fed before, in the order of the fields.

    A unit that a known code did not have, and a vocabulary that was not there, are changes.
    A code that is new, and a unit or vocabulary that is no longer seen, are not: counts are
    watched by the contract's volumes.
    """
    found = [*_contract(before, after), *_source(before, after), *_seen(before, after)]
    return tuple(found)


def _contract(before: InputBasis, after: InputBasis) -> Iterator[ContractChange]:
    for path in sorted(before.contract.keys() | after.contract.keys()):
        old, new = before.contract.get(path), after.contract.get(path)
        if old != new:
            yield _change(f"contract.{path}", old, new)


def _source(before: InputBasis, after: InputBasis) -> Iterator[ContractChange]:
    for name in ("source_system", "source_version", "time_zone"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield _change(f"snapshot.{name}", old, new)


def _seen(before: InputBasis, after: InputBasis) -> Iterator[ContractChange]:
    for code, units in after.units.items():
        known = before.units.get(code)
        if known is not None and not set(units) <= set(known):
            yield _change(f"unit.{code}", ", ".join(known), ", ".join(units))
    for name in sorted(set(after.vocabularies) - set(before.vocabularies)):
        yield _change(f"vocabulary.{name}", None, "seen")


def _change(path: str, old: str | None, new: str | None) -> ContractChange:
    return ContractChange(path=path, before=old, after=new, model_input=True)
